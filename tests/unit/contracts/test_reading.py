"""What is read, what is refused, and which of several faults is told."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from recouvra.contracts.codes import Reason
from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import VALUE_BYTES, Refusal, read
from recouvra.contracts.record import Record
from recouvra.contracts.topics import EVENTS, INBOUND
from tests.unit.contracts.samples import SAMPLES, binary

PAYROLL = "payroll-declared"


def refused(record: Record) -> Refusal:
    """Read a record that cannot be read."""
    with pytest.raises(Refusal) as refusal:
        read(record)
    return refusal.value


@pytest.mark.parametrize("topic", EVENTS)
def test_every_event_is_read_and_written_back_as_it_came(topic: str) -> None:
    received = read(binary(topic))
    assert isinstance(received.event, EVENTS[topic])
    assert json.loads(received.event.to_json()) == SAMPLES[topic]
    assert received.content == received.event.content()


def test_the_envelope_tells_who_and_when() -> None:
    envelope = read(binary(PAYROLL, time="2026-02-01T09:30:00.123456789+01:00")).envelope
    assert envelope == Envelope(
        "0199-abc",
        "/payroll/sage-ml/acme",
        "ml.recouvra.payroll-declared.v1",
        datetime(2026, 2, 1, 8, 30, 0, 123456, UTC),
    )


def test_an_envelope_that_we_write_is_the_one_that_is_read() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    sent = Envelope("é 1", "/treasury", "ml.recouvra.payroll-declared.v1", datetime(2026, 2, 1, tzinfo=UTC), trace)
    assert read(binary(PAYROLL)._replace(headers=tuple(binary_headers(sent)))).envelope == sent


def test_the_first_reason_of_the_table_is_told_when_several_hold() -> None:
    big = b" " * VALUE_BYTES
    faults: list[tuple[Record, Reason]] = [
        (binary(PAYROLL, big + b"{", type="other", id=""), Reason.OVERSIZED),
        (binary(PAYROLL, b"{", type="other", id=""), Reason.MISSING_ENVELOPE),
        (binary(PAYROLL, b"{", type="other"), Reason.UNSUPPORTED_TYPE),
        (binary(PAYROLL, b"{"), Reason.INVALID_JSON),
        (binary(PAYROLL, b"{}"), Reason.SCHEMA_MISMATCH),
    ]
    assert [refused(record).reason for record, _ in faults] == [reason for _, reason in faults]


def test_a_value_of_exactly_the_limit_is_read_and_one_byte_more_is_oversized() -> None:
    value = json.dumps(SAMPLES[PAYROLL]).encode().ljust(VALUE_BYTES)
    assert read(binary(PAYROLL, value)).event.key == "CT-BAMAKO"
    assert refused(binary(PAYROLL, value + b" ")).reason is Reason.OVERSIZED


@pytest.mark.parametrize(
    ("attribute", "wrong"),
    [
        ("specversion", [None, "", "1", "1.0.0", "0.3", [None], b"\xff"]),
        ("id", [None, "", "x" * 65, "a\nb", "a\x00", "\u200b", [None], b"\xff"]),
        ("source", [None, "", "a b", "a\tb", "/\u00a0", "/\x7f", "/\x00", "x" * 1025, [None], b"\xff"]),
        ("type", [None, "", [None], b"\xff"]),
        (
            "time",
            [
                None,
                "",
                "2026-02-01",
                "2026-02-01T08:30:00",
                "2026-02-01 08:30:00Z",
                "2026-02-30T08:30:00Z",
                "2026-02-01T24:00:00Z",
                "2026-02-01T08:30:61Z",
                "2026-02-01T08:30:00+24:00",
                "2026-02-01T08:30:00+0100",
                "1999-12-31T23:59:59Z",
                "2100-01-01T00:00:00Z",
                "2000-01-01T00:30:00+01:00",
                "0001-01-01T00:00:00+10:00",
                "2099-12-31T23:30:00-01:00",
                "9999-12-31T23:59:59-10:00",
                "9999-12-31T23:59:60Z",
                "1770000000",
                "２026-02-01T08:30:00Z",
                b"\xff",
                "2026-02-01T08:30:60Z",
                "2026-02-01T08:30:00Z\n",
                "2026-02-01T08:30Z",
                "2026-02-01T08:30:00.Z",
            ],
        ),
    ],
)
def test_a_required_attribute_that_is_absent_or_malformed_is_a_missing_envelope(
    attribute: str, wrong: list[Any]
) -> None:
    for value in wrong:
        refusal = refused(binary(PAYROLL, **{attribute: value}))
        assert refusal.reason is Reason.MISSING_ENVELOPE, value
        assert f"ce_{attribute}" in refusal.message.fr


@pytest.mark.parametrize(
    ("attribute", "sound"),
    [
        ("id", ["x" * 64, "é" * 64, "a b", "/:?"]),
        ("source", ["/treasury", "urn:x:y", "https://a.example/b?c=d#e", "a", "/é"]),
        (
            "time",
            [
                "2000-01-01T00:00:00Z",
                "2099-12-31T23:59:59.999999Z",
                "2000-01-01T00:00:00+00:00",
                "2026-02-01t08:30:00z",
                "1999-12-31T23:30:00-01:00",
                "2026-02-01T08:30:00.1234567890123Z",
                "2016-12-31T23:59:60Z",
            ],
        ),
    ],
)
def test_whatever_the_table_allows_in_an_attribute_is_read(attribute: str, sound: list[str]) -> None:
    for value in sound:
        changed: dict[str, Any] = {attribute: value}
        assert read(binary(PAYROLL, **changed)).event.key == "CT-BAMAKO", value


def test_digits_beyond_microseconds_are_cut_and_a_leap_second_is_the_next_second() -> None:
    cut = read(binary(PAYROLL, time="2026-02-01T08:30:00.9999999Z")).envelope.time
    leap = read(binary(PAYROLL, time="2016-12-31T23:59:60Z")).envelope.time
    assert (cut, leap) == (datetime(2026, 2, 1, 8, 30, 0, 999999, UTC), datetime(2017, 1, 1, tzinfo=UTC))


def test_the_leap_second_that_would_end_all_years_is_a_malformed_time() -> None:
    assert refused(binary(PAYROLL, time="9999-12-31T23:59:60Z")).reason is Reason.MISSING_ENVELOPE


def test_of_a_repeated_header_the_last_counts() -> None:
    assert read(binary(PAYROLL, id=["first", "last"])).envelope.event_id == "last"


def test_an_unrelated_header_that_is_null_or_not_utf_8_is_no_fault() -> None:
    sound = binary(PAYROLL)
    odd = (("x-a", None), ("x-b", b"\xff"), ("content-type", b"\xff"), ("traceparent", b"\xff"), ("ce_x", None))
    assert read(sound._replace(headers=odd + sound.headers)).envelope.traceparent is None


def test_a_traceparent_that_is_none_is_left_out() -> None:
    sound = binary(PAYROLL)
    for wrong in (b"00-0-0-01", b"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", b""):
        assert read(sound._replace(headers=(*sound.headers, ("traceparent", wrong)))).envelope.traceparent is None


def test_headers_that_could_not_be_read_are_a_missing_envelope_that_still_tells_whose_it_is() -> None:
    refusal = refused(binary(PAYROLL)._replace(headers_readable=False))
    assert (refusal.reason, refusal.source, refusal.event_id) == (
        Reason.MISSING_ENVELOPE,
        "/payroll/sage-ml/acme",
        "0199-abc",
    )


def test_a_refusal_tells_its_records_time_whatever_else_is_wrong_and_none_where_that_is_no_time() -> None:
    at = read(binary(PAYROLL)).envelope.time
    for wrong in (binary(PAYROLL, b"{"), binary(PAYROLL, b"{}"), binary(PAYROLL, type="other"), binary(PAYROLL, id="")):
        assert refused(wrong).time == at
    assert refused(binary(PAYROLL, time="yesterday")).time is None


@pytest.mark.parametrize(
    "record",
    [
        binary(PAYROLL, b"{"),
        binary(PAYROLL, b"{}"),
        binary(PAYROLL, b" " * (VALUE_BYTES + 1)),
        binary(PAYROLL, type="other"),
        binary(PAYROLL, time="yesterday"),
    ],
)
def test_a_refusal_tells_source_and_event_id_whatever_else_is_wrong(record: Record) -> None:
    refusal = refused(record)
    assert (refusal.source, refusal.event_id) == ("/payroll/sage-ml/acme", "0199-abc")


def test_a_refusal_tells_the_half_of_an_identity_that_is_sound() -> None:
    assert (refused(binary(PAYROLL, id="")).source, refused(binary(PAYROLL, id="")).event_id) == (
        "/payroll/sage-ml/acme",
        None,
    )
    assert refused(binary(PAYROLL, source="a b")).event_id == "0199-abc"


@pytest.mark.parametrize("topic", INBOUND)
def test_a_type_of_another_topic_or_version_is_unsupported(topic: str) -> None:
    for other in ("ml.recouvra.person-registered.v1", f"ml.recouvra.{topic}.v2", f"ml.recouvra.{topic}", " "):
        assert refused(binary(topic, type=other)).reason is Reason.UNSUPPORTED_TYPE


def test_a_topic_of_no_event_carries_nothing() -> None:
    assert refused(binary(PAYROLL)._replace(topic="elsewhere")).reason is Reason.UNSUPPORTED_TYPE


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ",
        b"{",
        b"{}}",
        b"\xff",
        b'{"a":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        b"NaN",
        b'{"x":NaN}',
        b'{"x":[-Infinity]}',
        b"{'a':1}",
        b'{"a":01}',
        b'{"a":"\n"}',
        b"[" * 100_000,
        b"[" * 300 + b"]" * 300,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_json_is_invalid_json(value: bytes) -> None:
    assert refused(binary(PAYROLL, value)).reason is Reason.INVALID_JSON


def test_a_record_without_a_value_is_invalid_json() -> None:
    assert refused(binary(PAYROLL)._replace(value=None)).reason is Reason.INVALID_JSON


def test_nan_is_invalid_json_even_in_an_unknown_field_but_the_word_is_a_word() -> None:
    sample = SAMPLES["affiliation-requested"] | {"name": "NaN & Infinity"}
    assert read(binary("affiliation-requested", sample)).event.key == "CT-BAMAKO"
    assert refused(binary("affiliation-requested", sample | {"x": float("nan")})).reason is Reason.INVALID_JSON


def test_a_thousand_lines_are_read_and_one_more_is_a_mismatch() -> None:
    lines = [{"line_no": n, "insured_number": f"{n:012d}", "base_xof": -n} for n in range(1, 1002)]
    event = read(binary(PAYROLL, SAMPLES[PAYROLL] | {"lines": lines[:1000]})).event
    assert isinstance(event, PayrollDeclared)
    assert len(event.lines) == 1000
    refusal = refused(binary(PAYROLL, SAMPLES[PAYROLL] | {"lines": lines}))
    assert refusal.reason is Reason.SCHEMA_MISMATCH
    assert "/lines" in refusal.message.en
