"""What fits an event and what does not: values, bounds, patterns, texts, keys."""

import json
from copy import deepcopy
from typing import Any

import pytest

from recouvra.contracts.codes import Reason
from recouvra.contracts.payment_held import PaymentHeld
from recouvra.contracts.reading import read
from recouvra.contracts.record_refused import RecordRefused
from recouvra.contracts.topics import EVENTS, INBOUND
from tests.unit.contracts.samples import SAMPLES, binary
from tests.unit.contracts.test_reading import refused

HUGE = 10**5000


def changed(topic: str, path: str, value: Any) -> dict[str, Any]:
    """Copy a topic's sample with another value at a path such as `lines/0/base_xof`."""
    sample = deepcopy(SAMPLES[topic])
    *steps, last = path.split("/")
    place: Any = sample
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[last] = value
    return sample


def test_a_value_that_is_no_object_is_a_mismatch() -> None:
    for value in (b"[]", b"null", b'"x"', b"1", b"1" * 5000, b"[{}]"):
        assert refused(binary("payroll-declared", value)).reason is Reason.SCHEMA_MISMATCH


@pytest.mark.parametrize(
    ("topic", "path", "least", "most"),
    [
        ("payroll-declared", "lines/0/base_xof", -(10**12), 10**12),
        ("payroll-declared", "totals/base_xof", -(10**15), 10**15),
        ("payroll-declared", "totals/lines", -(10**15), 10**15),
        ("payroll-declared", "lines/0/line_no", 1, 2**31 - 1),
        ("payroll-declared", "parts", 1, 1000),
        ("payment-reported", "amount_xof", 1, 10**12),
        ("care-form-submitted", "lines/0/quantity", -(10**4), 10**4),
        ("care-form-submitted", "lines/0/unit_price_xof", -(10**9), 10**9),
    ],
)
def test_a_number_is_read_up_to_its_bounds_and_refused_beyond(topic: str, path: str, least: int, most: int) -> None:
    for value in (least, most):
        read(binary(topic, changed(topic, path, value)))
    for wrong in (least - 1, most + 1, 10**30, True, "1", 1.0, 1.5, None, [1]):
        refusal = refused(binary(topic, changed(topic, path, wrong)))
        assert refusal.reason is Reason.SCHEMA_MISMATCH, wrong
        assert f"/{path}" in refusal.message.fr


@pytest.mark.parametrize("huge", [b"9" * 5000, b"-" + b"9" * 5000, b"1e999", b"-1e999", b"1e2"])
def test_a_number_of_thousands_of_digits_is_a_mismatch_where_it_is_ours_and_ignored_elsewhere(huge: bytes) -> None:
    value = json.dumps(changed("payment-reported", "amount_xof", 4242) | {"unknown": 4343}).encode()
    assert refused(binary("payment-reported", value.replace(b"4242", huge))).reason is Reason.SCHEMA_MISMATCH
    read(binary("payment-reported", value.replace(b"4343", huge)))


@pytest.mark.parametrize("path", ["payer_id", "declaration_id", "replaces", "lines/0/insured_number"])
def test_an_identifier_has_its_pattern(path: str) -> None:
    key = b"A9._:-" if path == "payer_id" else b"CT-BAMAKO"
    read(binary("payroll-declared", changed("payroll-declared", path, "A9._:-"))._replace(key=key))
    for wrong in ("", "-a", ".a", "a b", "a/b", "é", "x" * 65, "a\n", "a\x00", "\ud800", 7):
        refusal = refused(binary("payroll-declared", changed("payroll-declared", path, wrong)))
        assert refusal.reason is Reason.SCHEMA_MISMATCH, wrong


@pytest.mark.parametrize(
    ("topic", "path"),
    [
        ("affiliation-requested", "name"),
        ("registration-requested", "person/family_name"),
        ("payment-reported", "reference"),
        ("care-form-submitted", "authorisation"),
    ],
)
def test_a_free_text_holds_anything_but_u_0000_and_unpaired_surrogates(topic: str, path: str) -> None:
    for text in ("", "É\n\t\u202e😀", "é" * 600, "\\u0000", "\\ud800"):
        read(binary(topic, changed(topic, path, text)))
    for wrong in ("a\x00b", "\ud800", "a\udfffb", "\ude00\ud83d"):
        refusal = refused(binary(topic, changed(topic, path, wrong)))
        assert refusal.reason is Reason.SCHEMA_MISMATCH, ascii(wrong)
        assert f"/{path}" in refusal.message.en


@pytest.mark.parametrize(
    ("topic", "path", "most"), [("payment-reported", "reference", 600), ("affiliation-requested", "name", 1000)]
)
def test_a_text_that_becomes_a_key_or_travels_on_has_an_end(topic: str, path: str, most: int) -> None:
    read(binary(topic, changed(topic, path, "x" * most)))
    assert refused(binary(topic, changed(topic, path, "x" * (most + 1)))).reason is Reason.SCHEMA_MISMATCH


def test_an_unknown_field_is_ignored_whatever_it_holds() -> None:
    for odd in ("\ud800", "a\x00", 1.5, {"\ud800": ["\udfff", HUGE // 10**4990]}):
        assert read(binary("payroll-declared", SAMPLES["payroll-declared"] | {"unknown": odd})).content == (
            read(binary("payroll-declared")).content
        )


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("period", ["2026-13", "2026-00", "2026-1", "0000-01", "2026-01-01", "202601", "2026-01\n", 202601, None]),
        ("part", [0, 2, -1]),
        ("totals", [None, [], 5, {"lines": 1}]),
        ("lines", [None, {}, [None], [{}], "x"]),
        ("replaces", ["", 5, []]),
    ],
)
def test_a_declaration_that_does_not_fit_is_a_mismatch(path: str, wrong: list[Any]) -> None:
    for value in wrong:
        refusal = refused(binary("payroll-declared", changed("payroll-declared", path, value)))
        assert refusal.reason is Reason.SCHEMA_MISMATCH, value


@pytest.mark.parametrize(
    "wrong",
    ["2026-02-29", "2026-2-1", "20260201", "2026-02-01T00:00:00", "1577836800", "0000-01-01", "2026-02-01\n", 5, None],
)
def test_a_date_is_a_calendar_day_and_nothing_else(wrong: Any) -> None:
    refusal = refused(binary("payment-reported", changed("payment-reported", "paid_on", wrong)))
    assert refusal.reason is Reason.SCHEMA_MISMATCH


def test_a_nil_declaration_is_read() -> None:
    read(binary("payroll-declared", SAMPLES["payroll-declared"] | {"totals": {"lines": 0, "base_xof": 0}, "lines": []}))


def test_a_care_form_has_1_to_1000_lines() -> None:
    line = SAMPLES["care-form-submitted"]["lines"][0]
    read(binary("care-form-submitted", SAMPLES["care-form-submitted"] | {"lines": [line] * 1000}))
    for count in (0, 1001):
        record = binary("care-form-submitted", SAMPLES["care-form-submitted"] | {"lines": [line] * count})
        assert refused(record).reason is Reason.SCHEMA_MISMATCH


def test_a_payment_names_its_payer_or_a_reference() -> None:
    sample = SAMPLES["payment-reported"] | {"payer_id": None, "reference": "virement n° 7"}
    record = binary("payment-reported", sample)._replace(key="virement n° 7".encode())
    assert read(record).event.key == "virement n° 7"
    nobody = binary("payment-reported", sample | {"reference": None})._replace(key=b"x")
    assert refused(nobody).reason is Reason.SCHEMA_MISMATCH


@pytest.mark.parametrize("topic", [topic for topic in EVENTS if EVENTS[topic].key_fields])
def test_a_key_that_disagrees_with_the_value_is_a_mismatch(topic: str) -> None:
    for key in (None, b"", b"other", b"CT-BAMAKO ", b"\xff"):
        assert refused(binary(topic)._replace(key=key)).reason is Reason.SCHEMA_MISMATCH


def test_money_held_without_a_payer_and_a_refused_record_keep_any_key() -> None:
    held = binary("payment-held", SAMPLES["payment-held"] | {"payer_id": None, "held_as": "suspense"})
    for record in (held, binary("record-refused")):
        for key in (b"reference", b"\xff", None):
            event = read(record._replace(key=key)).event
            assert isinstance(event, PaymentHeld | RecordRefused)
            with pytest.raises(LookupError):
                _ = event.key


def test_credit_is_a_payers() -> None:
    nobodys = binary("payment-held", SAMPLES["payment-held"] | {"payer_id": None, "held_as": "credit"})
    assert refused(nobodys).reason is Reason.SCHEMA_MISMATCH


@pytest.mark.parametrize("topic", INBOUND)
def test_every_required_field_is_missed_and_told(topic: str) -> None:
    for name, field in EVENTS[topic].model_fields.items():
        without = {key: value for key, value in SAMPLES[topic].items() if key != name}
        if field.is_required():
            assert f"/{name}," in refused(binary(topic, without)).message.fr
        else:
            key = without.get("payer_id") or without.get("reference") or without["insured_number"]
            read(binary(topic, without)._replace(key=key.encode()))


def test_a_refusal_never_repeats_what_was_sent() -> None:
    sample = changed("registration-requested", "person/sex", "SECRET") | {"SECRET": 1}
    message = refused(binary("registration-requested", sample)).message
    assert "SECRET" not in message.fr + message.en
    assert "/person/sex" in message.fr
    assert "'F' ou 'M'" in message.fr
