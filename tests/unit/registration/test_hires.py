"""Hires, one after the other: what each is answered, and whose the person is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.registration_answered import RegistrationAnswered
from tests.unit.registration.office import JANUARY, NINA, Office, affiliation, hire


@pytest.fixture
def office() -> Office:
    """A register with two payers affiliated."""
    office = Office()
    office.read(affiliation("P-1"))
    office.read(affiliation("P-2", payer_kind="private_employer", territory_code="09"))
    return office


def test_a_hire_gives_a_number_without_a_name_or_a_birth_date_in_any_fact(office: Office) -> None:
    person, answer = office.read(hire())
    assert person == PersonRegistered(
        insured_number="100000000063",
        role="insured",
        principal_number=None,
        payer_id="P-1",
        payer_kind="local_authority",
        territory_code="0101",
        category="worker",
        birth_year=1990,
        sex="M",
        registered_on=date(2026, 1, 10),
        relationship=None,
    )
    assert isinstance(answer, RegistrationAnswered)
    assert (answer.outcome, answer.insured_number, answer.anomalies) == ("registered", "100000000063", ())
    published = b"".join(fact.event.to_json() for fact in office.facts).decode()
    assert not any(secret in published for secret in ("Traor", "Moussa", "05-17", NINA))


def test_a_later_hire_elsewhere_transfers_the_person_who_keeps_number_and_day(office: Office) -> None:
    office.read(hire())
    later = hire("P-2", "H-9", hired_on=date(2026, 2, 1), category="voluntary")
    person, answer = office.read(later, JANUARY + timedelta(days=30))
    assert isinstance(person, PersonRegistered)
    assert (person.payer_id, person.payer_kind, person.territory_code) == ("P-2", "private_employer", "09")
    assert (person.registered_on, person.category) == (date(2026, 1, 10), "voluntary")
    assert isinstance(answer, RegistrationAnswered)
    assert (answer.outcome, answer.insured_number) == ("transferred", person.insured_number)


def test_an_earlier_hire_that_comes_later_changes_nothing(office: Office) -> None:
    office.read(hire("P-2"))
    facts = office.read(hire("P-1", hired_on=date(2025, 6, 1)), JANUARY + timedelta(days=1))
    assert len(facts) == 1
    assert office.answer("P-1") == ("already_registered", [])
    assert [person.payer_id for person in office.people().values()] == ["P-2"]


def test_the_same_payer_again_is_no_transfer(office: Office) -> None:
    office.read(hire())
    facts = office.read(hire("P-1", "H-2", hired_on=date(2026, 2, 1)))
    assert len(facts) == 1
    assert office.answer("P-1", "H-2") == ("already_registered", [])


def test_the_same_payer_again_in_another_category_tells_the_person_again(office: Office) -> None:
    office.read(hire())
    person, _ = office.read(hire("P-1", "H-2", hired_on=date(2026, 2, 1), category="voluntary"))
    assert isinstance(person, PersonRegistered)
    assert person.category == "voluntary"
    assert office.answer("P-1", "H-2") == ("already_registered", [])


def test_hires_of_one_day_are_ranked_by_payer_then_by_request(office: Office) -> None:
    office.read(hire("P-2", "H-1"))
    office.read(hire("P-1", "H-9"))
    assert office.answer("P-1", "H-9") == ("already_registered", [])
    assert {person.payer_id for person in office.people().values()} == {"P-2"}


def test_a_hire_of_an_unknown_payer_waits_and_is_decided_when_the_payer_is_affiliated() -> None:
    office = Office()
    office.read(hire(hired_on=date(1980, 1, 1)))  # rejected later, but first only its payer is unknown
    office.read(hire(request_id="H-2"))
    assert office.answer() == ("pending", ["unknown-payer"])
    facts = office.read(affiliation(), JANUARY + timedelta(days=3))
    assert [type(fact) for fact in facts] == [
        PayerAffiliated,
        RegistrationAnswered,
        PersonRegistered,
        RegistrationAnswered,
    ]
    assert office.answer() == ("rejected", ["hired-before-birth"])
    assert office.answer(request_id="H-2") == ("registered", [])
    assert [person.registered_on for person in office.people().values()] == [date(2026, 1, 13)]


def test_those_who_waited_are_decided_in_the_order_in_which_they_came() -> None:
    office = Office()
    for request_id in ("H-3", "H-1", "H-2"):
        office.read(hire(request_id=request_id, nina=None))
    office.read(affiliation())
    assert office.answer(request_id="H-3") == ("registered", [])
    assert office.answer(request_id="H-1") == ("registered", ["possible-duplicate"])


def test_a_hire_may_be_announced_31_days_ahead_and_not_32(office: Office) -> None:
    office.read(hire(request_id="H-31", hired_on=date(2026, 2, 10)))
    office.read(hire(request_id="H-32", hired_on=date(2026, 2, 11)))
    assert office.answer(request_id="H-31") == ("registered", [])
    assert office.answer(request_id="H-32") == ("rejected", ["hire-in-future"])
    (anomaly,) = office.answers()["P-1", "H-32"].anomalies
    assert (anomaly.field, anomaly.received, anomaly.expected) == ("/hired_on", "2026-02-11", "2026-02-10")


def test_the_days_ahead_are_counted_from_the_record_not_from_the_decision() -> None:
    office = Office()
    office.read(hire(hired_on=date(2026, 3, 1)))
    office.read(affiliation(), datetime(2026, 4, 1, tzinfo=UTC))
    assert office.answer() == ("rejected", ["hire-in-future"])


def test_an_impossible_hire_says_everything_that_is_wrong_and_no_birth_date(office: Office) -> None:
    office.read(hire(hired_on=date(2030, 1, 1), birth_date=date(2031, 1, 1)))
    assert office.answer() == ("rejected", ["hired-before-birth", "hire-in-future"])
    answer = office.answers()["P-1", "H-1"]
    assert answer.insured_number is None
    assert "2031" not in answer.to_json().decode()


def test_without_nina_nobody_is_merged(office: Office) -> None:
    office.read(hire(nina=None))
    office.read(hire("P-2", nina=None, family_name="TRAORE", given_names="  moussa Ibrahim"))
    assert office.answer("P-2") == ("registered", ["possible-duplicate"])
    assert len(office.people()) == 2
    (duplicate,) = office.register.changes.duplicates
    assert (duplicate.insured_number, duplicate.other_number) == tuple(reversed(list(office.people())))


@pytest.mark.parametrize(
    "other",
    [{"sex": "F"}, {"birth_date": date(1990, 5, 18)}, {"family_name": "Keïta"}, {"given_names": "Ibrahim Moussa"}],
)
def test_who_differs_in_sex_birth_date_or_name_is_no_duplicate(office: Office, other: dict[str, Any]) -> None:
    office.read(hire(nina=None))
    office.read(hire("P-2", nina=None, **other))
    assert office.answer("P-2") == ("registered", [])


def test_two_ninas_are_two_people_however_alike_but_one_nina_may_be_who_came_without(office: Office) -> None:
    office.read(hire())
    office.read(hire(request_id="H-2", nina="22345678901234B"))
    assert office.answer(request_id="H-2") == ("registered", [])
    office.read(hire(request_id="H-3", nina=None))
    assert office.answer(request_id="H-3") == ("registered", ["possible-duplicate"])
    office.read(hire(request_id="H-4", nina="32345678901234C"))
    assert office.answer(request_id="H-4") == ("registered", ["possible-duplicate"])


def test_who_took_another_name_is_found_under_the_former_too(office: Office) -> None:
    office.read(hire())
    office.read(hire("P-2", family_name="Keïta", hired_on=date(2026, 1, 2)))
    for request_id, family_name in (("H-2", "Traoré"), ("H-3", "Keïta")):
        office.read(hire(request_id=request_id, nina=None, family_name=family_name))
        assert office.answer(request_id=request_id) == ("registered", ["possible-duplicate"])


def test_one_nina_with_two_birth_dates_is_listed_and_stays_one_person(office: Office) -> None:
    office.read(hire())
    office.read(hire("P-2", birth_date=date(1991, 5, 17)))
    assert office.answer("P-2") == ("transferred", [])
    (duplicate,) = office.register.changes.duplicates
    assert (duplicate.insured_number, duplicate.other_number) == (next(iter(office.people())), None)
    assert [person.birth_year for person in office.people().values()] == [1991]


def test_all_facts_of_a_cause_carry_one_instant_never_before_what_its_keys_carried() -> None:
    office = Office()
    noon = datetime(2026, 1, 10, 12, tzinfo=UTC)
    office.read(affiliation("P-2"), noon)
    office.read(hire("P-2", "H-0"), noon + timedelta(hours=5))
    office.read(hire("P-1", "H-1", hired_on=date(2026, 1, 5)), noon + timedelta(hours=1))
    office.facts.clear()
    office.read(affiliation("P-1"), noon + timedelta(hours=2))
    assert {fact.known_at for fact in office.facts} == {noon + timedelta(hours=5)}
    office.facts.clear()
    office.read(hire("P-1", "H-2", nina=None), noon + timedelta(hours=3))
    assert {fact.known_at for fact in office.facts} == {noon + timedelta(hours=5)}


def test_a_change_of_the_payer_tells_no_person_again(office: Office) -> None:
    office.read(hire())
    facts = office.read(affiliation("P-1", "A-2", territory_code="0202"), JANUARY + timedelta(days=1))
    assert [type(fact) for fact in facts] == [PayerAffiliated]


def test_a_request_said_again_is_repeated_and_said_otherwise_conflicts(office: Office) -> None:
    office.read(hire())
    assert office.claim(hire()) == "repeated"
    assert office.claim(hire(category="voluntary")) == "conflicting"
    assert office.claim(hire("P-2")) == "new"
    assert office.claim(affiliation("P-1", "H-1")) == "new"  # another topic, another request
