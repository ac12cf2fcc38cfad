"""What makes two readings the same (DEF-027)."""

import json
from datetime import date
from typing import Any

import pytest

from recouvra.contracts.declaration_answered import DeclarationAnswered
from recouvra.contracts.declared_lines import DeclaredLine
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.payroll_declared import PayrollDeclared, Totals
from recouvra.contracts.reading import read
from recouvra.contracts.topics import EVENTS, INBOUND
from tests.unit.contracts.samples import SAMPLES, binary, structured


def turned(value: Any) -> Any:
    """Turn the order of all fields and add one that nobody knows to every object."""
    if isinstance(value, list):
        return [turned(item) for item in value]
    if isinstance(value, dict):
        return {"unknown": {"deep": [1.5]}} | {name: turned(item) for name, item in reversed(value.items())}
    return value


def without_nulls(value: Any) -> Any:
    """Leave out every field that is null."""
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return value


@pytest.mark.parametrize("topic", INBOUND)
def test_the_writing_of_a_value_is_no_content(topic: str) -> None:
    sample = SAMPLES[topic]
    content = read(binary(topic)).content
    assert len(content) == 16
    assert read(binary(topic, turned(sample))).content == content
    assert read(binary(topic, without_nulls(sample))).content == content
    assert read(binary(topic, json.dumps(sample, indent=3, ensure_ascii=False).encode())).content == content
    assert read(binary(topic, id="other", source="/other", time="2027-01-01T00:00:00Z")).content == content
    assert read(structured(topic, data=turned(sample))).content == content


def test_every_known_field_is_content() -> None:
    sample = SAMPLES["payment-reported"]
    changes: list[dict[str, Any]] = [
        {"payment_id": "PAY-2"},
        {"reference": None},
        {"reference": "autre"},
        {"amount_xof": 1},
        {"paid_on": "2026-03-11"},
        {"channel": "bank"},
        {"period": None},
        {"reverses": "PAY-0"},
    ]
    contents = {read(binary("payment-reported", sample | change)).content for change in [{}, *changes]}
    assert len(contents) == len(changes) + 1


def test_the_order_of_lines_is_content() -> None:
    sample = SAMPLES["payroll-declared"]
    other = sample | {"lines": sample["lines"][::-1]}
    assert read(binary("payroll-declared", other)).content != read(binary("payroll-declared")).content


def test_the_type_is_content() -> None:
    same = {"payer_id": "P", "name": "N", "territory_code": "01", "affiliated_on": "2020-01-01"}
    fields = same | {"payer_kind": "state", "filing_frequency": "monthly", "closed_on": None, "request_id": "R"}
    one = EVENTS["affiliation-requested"].model_validate_json(json.dumps(fields))
    other = EVENTS["payer-affiliated"].model_validate_json(json.dumps(fields))
    assert one.content() != other.content()


def test_a_hash_that_is_stored_stays_true() -> None:
    """Inboxes hold these: a change here would make every repeated record a conflicting duplicate."""
    contents = {topic: read(binary(topic)).content.hex() for topic in INBOUND}
    assert contents == {
        "affiliation-requested": "f62eca61479e02348c413f0f5cde9b6a",
        "registration-requested": "9ac6a8bd719cfb405a321fd792db47ab",
        "payroll-declared": "ac503cb62d362874d9461adcaa76fc3b",
        "payment-reported": "c548384203708537e3962bfc5d49cb51",
        "care-form-submitted": "8e193a87ce50c8b148e28d39b3acfdd3",
    }


def test_our_facts_write_their_nulls() -> None:
    fact = PayerAffiliated(
        payer_id="P",
        payer_kind="state",
        name="Trésor",
        territory_code="01",
        filing_frequency="monthly",
        affiliated_on=date(2020, 1, 1),
        closed_on=None,
    )
    assert fact.to_json().decode() == (
        '{"payer_id":"P","payer_kind":"state","name":"Trésor","territory_code":"01","filing_frequency":"monthly",'
        '"affiliated_on":"2020-01-01","closed_on":null}'
    )


def test_anomalies_left_travel_only_when_there_are_some() -> None:
    answered = DeclarationAnswered.model_validate_json(json.dumps(SAMPLES["declaration-answered"]))
    assert b"anomalies_left" not in answered.to_json()
    more = answered.model_copy(update={"anomalies_left": 3})
    assert json.loads(more.to_json())["anomalies_left"] == 3
    assert DeclarationAnswered.model_validate_json(more.to_json()) == more


def test_an_event_is_made_of_natural_values_and_lists_or_tuples_alike() -> None:
    line = DeclaredLine(line_no=1, insured_number="123456789048", base_xof=40_000)
    made = [
        PayrollDeclared(
            declaration_id="D",
            payer_id="P",
            period="2026-01",
            part=1,
            parts=1,
            totals=Totals(lines=1, base_xof=40_000),
            lines=lines,  # type: ignore[arg-type]
        )
        for lines in ((line,), [line])
    ]
    assert made[0] == made[1]
    assert made[0].content() == made[1].content()


@pytest.mark.parametrize("wrong", [{"amount_xof": 5.0}, {"amount_xof": "5"}, {"channel": "post"}, {"payer_id": 5}])
def test_an_event_cannot_be_made_of_what_could_not_be_read(wrong: dict[str, Any]) -> None:
    sound: dict[str, Any] = {"payment_id": "P", "payer_id": "P", "amount_xof": 5, "channel": "bank"}
    with pytest.raises(ValueError, match="validation error"):
        PaymentReported(**(sound | {"paid_on": date(2026, 1, 1)} | wrong))
