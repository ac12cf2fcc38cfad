"""Of several records about a payer the latest holds, in whatever order they come."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

from recouvra.contracts.payer_affiliated import PayerAffiliated
from tests.unit.registration.office import JANUARY, Office, affiliation


def test_the_latest_record_holds_in_every_order_and_only_changes_are_told() -> None:
    said = [
        (affiliation(request_id="A-1", name="un"), JANUARY, "a"),
        (affiliation(request_id="A-2", name="deux"), JANUARY + timedelta(seconds=1), "b"),
        (affiliation(request_id="A-3", name="trois"), JANUARY + timedelta(seconds=1), "c"),
    ]
    for order in permutations(said):
        office = Office()
        for request, at, event_id in order:
            office.read(request, at, event_id=event_id)
        assert office.payers()["P-1"].name == "trois"
        assert office.register.payers["P-1"].affiliation == office_latest(office)


def office_latest(office: Office) -> object:
    """What the register holds, having checked that it is what was published last."""
    holds = office.register.payers["P-1"].affiliation
    assert holds is not None
    assert holds.terms == office.payers()["P-1"]
    return holds


def test_an_older_record_publishes_nothing() -> None:
    office = Office()
    office.read(affiliation())
    assert office.read(affiliation(request_id="A-0", name="avant"), JANUARY - timedelta(days=1)) == []


def test_a_later_record_that_says_the_same_publishes_nothing_but_holds() -> None:
    office = Office()
    office.read(affiliation())
    assert office.read(affiliation(request_id="A-2"), JANUARY + timedelta(days=2)) == []
    between = affiliation(request_id="A-3", name="entre-temps")
    assert office.read(between, JANUARY + timedelta(days=1)) == []


def test_a_changed_payer_is_told_whole() -> None:
    office = Office()
    office.read(affiliation())
    (fact,) = office.read(affiliation(request_id="A-2", payer_kind="pension_body"), JANUARY + timedelta(days=1))
    assert fact == PayerAffiliated.model_validate(
        affiliation(payer_kind="pension_body").model_dump(exclude={"request_id"})
    )
