"""Whatever the order in which affiliations and hires come, they end in the same state."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.registration_requested import RegistrationRequested
from tests.unit.registration.office import JANUARY, Office, affiliation, hire

Request = AffiliationRequested | RegistrationRequested
PAYERS = ("P-1", "P-2", "P-3")
NINAS = (None, "12345678901234A", "22345678901234B")


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Request, int]]:
    """Requests with distinct identities, each with the hour in which it was said; P-3 is never affiliated."""
    history: list[tuple[Request, int]] = []
    for number in range(draw(st.integers(0, 4))):
        changes = {"territory_code": draw(st.sampled_from(("01", "02"))), "name": draw(st.sampled_from("ab"))}
        request = affiliation(draw(st.sampled_from(PAYERS[:2])), f"A-{number}", **changes)
        history.append((request, draw(st.integers(0, 3))))
    for number in range(draw(st.integers(1, 7))):
        said: dict[str, Any] = {
            "nina": draw(st.sampled_from(NINAS)),
            "hired_on": date(2026, 1, 1) + timedelta(days=draw(st.sampled_from((0, 1, 2, 90)))),
            "birth_date": draw(st.sampled_from((date(1990, 1, 1), date(1991, 2, 2), date(2026, 1, 2)))),
            "category": draw(st.sampled_from(("worker", "voluntary"))),
            "given_names": draw(st.sampled_from(("Moussa", "Awa"))),
        }
        history.append((hire(draw(st.sampled_from(PAYERS)), f"H-{number}", **said), draw(st.integers(0, 3))))
    return history


def state_after(history: list[tuple[Request, int]]) -> dict[str, Any]:
    """What must not depend on the order, once every request was read twice over."""
    office = Office()
    for request, hour in history:
        office.read(request, JANUARY + timedelta(hours=hour), event_id=request.request_id)
        assert office.claim(request) == "repeated"
    people, answers = office.people(), office.answers()
    settled: dict[tuple[str, str], Any] = {}
    for key, answer in answers.items():
        codes = sorted(a.code for a in answer.anomalies if a.code != "possible-duplicate")
        person = people[answer.insured_number] if answer.insured_number is not None else None
        settled[key] = (
            (answer.outcome, codes)
            if person is None
            else (codes, person.payer_id, person.category, person.birth_year, person.sex)
        )
    numbers: dict[str, set[tuple[str, str]]] = {}
    for key, answer in answers.items():
        if answer.insured_number is not None:
            numbers.setdefault(answer.insured_number, set()).add(key)
    names = {nina: (p.hire.key, p.hire.likeness) for nina, p in office.register.people.items()}
    disagreeing = {
        numbers_key(numbers, d.insured_number) for d in office.register.changes.duplicates if not d.other_number
    }
    return {
        "payers": office.payers(),
        "settled": settled,
        "merged": {frozenset(keys) for keys in numbers.values()},
        "names": names,
        "disagreeing": disagreeing,
        "people": len(people),
    }


def numbers_key(numbers: dict[str, set[tuple[str, str]]], number: str) -> frozenset[tuple[str, str]]:
    """A person by the hires that are theirs, since the numbers differ from run to run."""
    return frozenset(numbers[number])


@given(histories(), st.randoms(use_true_random=False))
def test_the_final_state_does_not_depend_on_the_order_of_requests(
    history: list[tuple[Request, int]], chance: Any
) -> None:
    shuffled = list(history)
    chance.shuffle(shuffled)
    assert state_after(shuffled) == state_after(history)


@given(histories())
def test_a_person_is_the_highest_of_their_hires_that_stand(history: list[tuple[Request, int]]) -> None:
    office = Office()
    for request, hour in history:
        office.read(request, JANUARY + timedelta(hours=hour), event_id=request.request_id)
    affiliated = {request.payer_id for request, _ in history if isinstance(request, AffiliationRequested)}
    for nina in NINAS[1:]:
        standing = [
            (request.hired_on, request.payer_id, request.request_id)
            for request, hour in history
            if isinstance(request, RegistrationRequested)
            and request.person.nina == nina
            and request.payer_id in affiliated
            and request.person.birth_date <= request.hired_on
            and request.hired_on <= (JANUARY + timedelta(hours=hour, days=31)).date()
        ]
        person = office.register.people.get(nina or "")
        assert (max(standing) if standing else None) == (person.hire.rank if person else None)


@given(histories())
def test_the_facts_of_a_key_never_go_back_in_time(history: list[tuple[Request, int]]) -> None:
    office = Office()
    for request, hour in history:
        office.read(request, JANUARY + timedelta(hours=hour), event_id=request.request_id)
    for key in {fact.key for fact in office.facts}:
        instants = [fact.known_at for fact in office.facts if fact.key == key]
        assert instants == sorted(instants)
