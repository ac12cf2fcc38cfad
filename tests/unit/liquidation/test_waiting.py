"""Forms that wait for their person (DEF-032), what decides meanwhile, and the knowledge time of it all (DEF-015)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from recouvra.contracts.care_form_submitted import CareFormSubmitted
from recouvra.contracts.event import Event
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.rights_changed import RightsChanged
from tests.unit.liquidation.case import START, Case, form, person

LATER = START + timedelta(days=9)


def test_forms_of_a_number_that_is_not_known_wait_and_are_liquidated_in_the_order_of_reading() -> None:
    case = Case()
    case.read(form("S2"), form("S1"), form("S3", insured_number="N2"))
    assert case.facts == []
    outcome = case.read(person())
    assert [fact.form_serial for fact in case.told()] == ["S2", "S1"]
    assert [fact.key for fact in outcome.facts] == ["N1", "N1"]
    case.read(person("N2", None))
    assert (case.told()[-1].form_serial, case.told()[-1].payer_id) == ("S3", None)


def test_a_transfer_liquidates_nothing_again_and_decides_for_later_forms() -> None:
    case = Case()
    case.read(form("S1"), person(), person(payer_id="P2"), form("S2"))
    assert [(fact.form_serial, fact.payer_id) for fact in case.told()] == [("S1", "P1"), ("S2", "P2")]


def test_an_older_fact_about_a_person_that_comes_later_changes_nothing() -> None:
    case = Case()
    case.read(person(payer_id="P2"), at=LATER)
    assert case.read(person(payer_id="P1"), at=START).facts == []
    case.read(form())
    assert case.told()[0].payer_id == "P2"


def test_of_two_facts_of_one_instant_about_a_person_the_later_read_holds() -> None:
    case = Case()
    case.read(person(payer_id="P1"), person(payer_id="P2"), at=START)
    case.read(form())
    assert case.told()[0].payer_id == "P2"


def test_who_was_read_first_under_a_serial_stands_although_it_waits_still() -> None:
    case = Case()
    case.read(person("N2", "P2"), form("S1"), form("S1", (1, 500), insured_number="N2"))
    assert case.verdicts() == [("S1", "rejected", ["duplicate-form"])]
    case.read(person())
    assert case.verdicts()[1] == ("S1", "accepted", [])


def test_a_duplicate_of_a_number_that_is_not_known_waits_too() -> None:
    case = Case()
    case.read(person(), form("S1"), form("S1", insured_number="N2"))
    assert len(case.told()) == 1
    case.read(person("N2", "P2"))
    assert case.verdicts()[1] == ("S1", "rejected", ["duplicate-form"])
    assert (case.told()[1].insured_number, case.told()[1].payer_id) == ("N2", "P2")


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_whatever_the_order_of_a_form_and_its_person_it_is_dated_by_the_later(order: tuple[int, ...]) -> None:
    said = [
        (form("S1"), START),
        (person(), START + timedelta(days=3)),
        (form("S2"), START + timedelta(days=1)),
    ]
    case = Case()
    for place in order:
        event, at = said[place]
        case.read(event, at=at)
    assert {fact.form_serial: fact.liquidated_on for fact in case.told()} == dict.fromkeys(
        ("S1", "S2"), date(2026, 4, 4)
    )
    assert {fact.known_at for fact in case.facts} == {START + timedelta(days=3)}


def test_a_form_is_dated_by_what_was_last_known_of_its_number_and_by_no_other_number() -> None:
    case = Case()
    case.read(person(), person("N2"), at=START)
    case.read(form("S1"), at=LATER)
    case.read(form("S2"), at=START)
    case.read(form("S1", insured_number="N2"), at=START)
    assert [fact.known_at for fact in case.facts] == [LATER, LATER, START]


def test_the_day_of_liquidation_is_the_utc_date_of_the_knowledge_time() -> None:
    case = Case()
    east = datetime.fromisoformat("2026-05-01T01:30:00+02:00")
    case.read(person(), form(), at=east.astimezone(UTC))
    assert case.told()[0].liquidated_on == date(2026, 4, 30)


def test_a_repeat_touches_nothing() -> None:
    case = Case()
    case.read(person(), form("S1"), at=START)
    case.read(form("S1"), at=LATER)
    case.read(form("S2"), at=START)
    assert case.facts[-1].known_at == START


def test_a_change_of_rights_has_no_effect_yet() -> None:
    rights = RightsChanged(insured_number="N1", status="closed", effective_on=date(2026, 1, 1), reason="x")
    case = Case()
    outcome = case.read(person(), rights)
    assert (outcome.facts, outcome.set_aside, outcome.duplicate) == ([], [], False)
    case.read(form())
    assert case.verdicts() == [("S1", "accepted", [])]


def test_an_event_of_another_service_is_an_error() -> None:
    affiliated = PayerAffiliated(
        payer_id="P1",
        payer_kind="state",
        name="État",
        territory_code="01",
        filing_frequency="monthly",
        affiliated_on=date(2020, 1, 1),
        closed_on=None,
    )
    with pytest.raises(LookupError):
        Case().read(affiliated)


def _events() -> list[Event]:
    forms: list[CareFormSubmitted] = [form("S1"), form("S2", (0, 1), (2, 40)), form("S3", insured_number="N2")]
    return [*forms, person(), person("N2", "P2")]


@pytest.mark.parametrize("order", list(permutations(range(5)))[::7])
def test_whatever_the_order_every_form_ends_the_same(order: tuple[int, ...]) -> None:
    events, case = _events(), Case()
    case.read(*(events[place] for place in order))
    ended = {fact.form_serial: (fact.payer_id, fact.outcome, fact.fund_share_xof) for fact in case.told()}
    assert ended == {"S1": ("P1", "accepted", 700), "S2": ("P1", "reduced", 56), "S3": ("P2", "accepted", 700)}
