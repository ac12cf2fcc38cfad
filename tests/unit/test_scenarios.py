"""The golden scenarios as documents: complete, apart from each other, their arithmetic right and beside them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from recouvra.cli.golden.comparing import compared, differs
from recouvra.cli.golden.scenario import FOLDER, NUMBER, Scenario, scenarios
from recouvra.contracts.codes import AnomalyCode, FormCode, Reason, RegistrationCode
from recouvra.contracts.topics import FACTS, INBOUND
from tests.arithmetic import lines_of, numbers_of, wrong

EVERY = pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.folder)
# No record can provoke these two: one needs a file of sources, the other a fault of ours. Rights have no rules yet.
_UNPROVOKED = {Reason.UNAUTHORISED_SOURCE, Reason.INTERNAL}
_UNPUBLISHED = {"rights-changed", "record-refused"}
_ANOMALY = {"line_no", "code", "field", "received", "expected"}


def published(scenario: Scenario, topic: str) -> Iterator[dict[str, Any]]:
    """The expected values of one topic."""
    return (one["value"] for wave in scenario.waves for one in wave.published if one["topic"] == topic)


def records(scenario: Scenario) -> Iterator[dict[str, Any]]:
    """The records of all waves."""
    return (record for wave in scenario.waves for record in wave.records)


def found_in(value: Any, ending: str) -> Iterator[Any]:
    """Every value under a name that ends so, wherever it stands."""
    match value:
        case dict():
            for name, one in value.items():
                if name.endswith(ending):
                    yield one
                yield from found_in(one, ending)
        case list():
            for one in value:
                yield from found_in(one, ending)


def test_there_are_enough_of_them_and_none_is_left_out() -> None:
    assert [int(scenario.folder[:2]) for scenario in scenarios()] == list(range(1, len(scenarios()) + 1))
    assert len(scenarios()) >= 30
    index = (FOLDER.resolve().parent / "README.md").read_text("utf-8")
    assert [s.folder for s in scenarios() if f"(scenarios/{s.folder}/README.md)" not in index] == []


@EVERY
def test_every_line_of_arithmetic_holds(scenario: Scenario) -> None:
    lines = lines_of(scenario.told)
    assert lines
    assert [fault for line in lines if (fault := wrong(line))] == []


@EVERY
def test_every_amount_that_is_expected_stands_in_the_arithmetic(scenario: Scenario) -> None:
    expected = [[*wave.published, *wave.asked] for wave in scenario.waves]
    amounts = {str(abs(amount)) for amount in found_in(expected, "_xof")} - {"0"}
    rates = {rate for rate in found_in(expected, "_rate") if rate not in (None, "0.0000")}
    reckoned = {number for line in lines_of(scenario.told) for number in numbers_of(line)}
    assert amounts | rates <= reckoned


@EVERY
def test_a_vendor_reads_it_in_french_and_english(scenario: Scenario) -> None:
    french, english = scenario.told.splitlines()[:2]
    assert re.fullmatch(rf"# {scenario.folder[:2]} · .+", french)
    assert re.fullmatch(r"\*.+\*", english)
    assert re.search(r"^Rules: .*\b(LAW|DEF)-\d{3}", scenario.told, re.MULTILINE)
    steps = re.findall(r"^(\d+)\. (.+)", scenario.told, re.MULTILINE)
    assert [int(number) for number, _ in steps] == list(range(1, len(scenario.waves) + 1))


@EVERY
def test_what_is_expected_is_expected_whole(scenario: Scenario) -> None:
    for topic, event in FACTS.items():
        fields = {field.serialization_alias or name for name, field in event.model_fields.items()}
        for value in published(scenario, topic):
            assert value.keys() == fields - {"anomalies_left"}, topic
    for answer in published(scenario, "declaration-answered"):
        assert all(anomaly.keys() == _ANOMALY for anomaly in answer["anomalies"])


@EVERY
def test_every_identifier_is_the_scenarios_own(scenario: Scenario) -> None:
    prefix, tag = scenario.prefix, scenario.prefix[:-1].lower()
    for record in records(scenario):
        assert record["ce_id"].startswith(prefix)
        assert f"{tag}" in record["ce_source"].split("/")[-1]
        assert str(record.get("key") or prefix).startswith(prefix)
        for name in ("payer_id", "payment_id", "form_serial", "provider_id", "reference", "request_id"):
            for value in found_in(record.get("value"), name):
                assert value is None or str(value).startswith(prefix), (record["name"], name)
        for number in found_in(record.get("value"), "insured_number"):
            assert (
                number[NUMBER].startswith(prefix)
                if isinstance(number, dict)
                else not number.isdigit() or number == "000"
            )


def test_no_two_scenarios_share_a_person() -> None:
    """A likeness, or a NINA, would make one answer depend on another scenario."""
    likenesses: dict[str, set[str]] = {}
    for scenario in scenarios():
        for person in (person for record in records(scenario) for person in found_in(record.get("value"), "person")):
            for trait in (f"{person.get('birth_date')} {person.get('sex')}", person.get("nina")):
                likenesses.setdefault(trait or "none", set()).add(scenario.folder)
    likenesses.pop("none")
    assert {trait: folders for trait, folders in likenesses.items() if len(folders) > 1} == {}


@EVERY
def test_records_have_names_of_their_own_and_refusals_name_them(scenario: Scenario) -> None:
    names = Counter(record["name"] for record in records(scenario))
    assert max(names.values()) == 1
    assert {refusal["record"] for wave in scenario.waves for refusal in wave.refused} <= names.keys()


def test_every_topic_code_and_reason_has_a_scenario() -> None:
    sent = {record["topic"] for scenario in scenarios() for record in records(scenario)}
    assert sent == set(INBOUND)
    told = {topic for topic in FACTS for scenario in scenarios() if any(published(scenario, topic))}
    assert told == set(FACTS) - _UNPUBLISHED
    reasons = {refusal["reason"] for s in scenarios() for wave in s.waves for refusal in wave.refused}
    assert reasons == set(Reason) - _UNPROVOKED
    for topic, codes in (("declaration-answered", AnomalyCode), ("registration-answered", RegistrationCode)):
        answered = {code for s in scenarios() for value in published(s, topic) for code in found_in(value, "code")}
        assert answered == set(codes), topic
    assert {r for s in scenarios() for value in published(s, "form-liquidated") for r in value["reasons"]} == set(
        FormCode
    )


def test_every_outcome_kind_and_basis_has_a_scenario() -> None:
    def told(topic: str, field: str) -> set[str]:
        return {value[field] for scenario in scenarios() for value in published(scenario, topic)}

    assert told("declaration-answered", "outcome") == {"accepted", "accepted_with_anomalies", "pending", "rejected"}
    assert told("registration-answered", "outcome") == {
        "registered",
        "already_registered",
        "transferred",
        "pending",
        "rejected",
    }
    assert told("form-liquidated", "outcome") == {"accepted", "reduced", "rejected"}
    assert told("contribution-assessed", "basis") == {"declared", "replacement"}
    assert told("contribution-assessed", "payer_kind") == {
        "state",
        "local_authority",
        "private_employer",
        "pension_body",
        "self_employed",
    }
    assert told("payment-held", "held_as") == {"credit", "suspense"}


def test_a_record_stands_on_a_line_of_its_own() -> None:
    """A vendor compares scenarios by eye and with `diff`."""
    for scenario in scenarios():
        text = (FOLDER / scenario.folder / "records.json").read_text("utf-8")
        rows = [line.strip().rstrip(",") for line in text.splitlines() if line.strip().startswith('{"name"')]
        assert [json.loads(row) for row in rows] == list(records(scenario))


@pytest.mark.parametrize(
    "line",
    [
        "insured: 100,000 × 3.06 % = 3,061",
        "a half: 42,500 × 3.06 % = 1,300.5 → 1,300",
        "a rate: 2,700 / 8,099 = 0.33338… → 0.3334",
        "a rate: 2,700 / 8,099 = 0.33337… → 0.3333",
        "the floor: max(30,000; 40,000) = 30,000",
        "a sum without an end: 1 + 1",
    ],
)
def test_wrong_arithmetic_is_caught(line: str) -> None:
    assert wrong(line) is not None


def test_a_difference_is_told_by_its_field() -> None:
    fact = {"topic": "t", "key": "k", "value": {"assessed_xof": 1, "anomalies": [{"code": "a"}, {"code": "b"}]}}
    told = {"topic": "t", "key": "k", "value": {"assessed_xof": 2, "anomalies": [{"code": "b"}, {"code": "a"}]}}
    assert differs(fact, fact | {"more": 1}) == []
    assert compared([fact], [fact]) == []
    (only,) = compared([fact], [told])
    assert "/value/assessed_xof: expected 1, found 2" in only
    assert compared([], [fact]) == [f"not expected: {fact}"]
    assert compared([fact], []) == [f"missing: {fact}"]
    assert differs({"n": 1}, {"n": True}) != []
