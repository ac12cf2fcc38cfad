"""An assignment beside what comes later: bounces, affiliations, repeats; and a withdrawal then."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.event import Event
from recouvra.contracts.payment_held import PaymentHeld
from services.contributions.domain.assigning import NotAssigned, NotInSuspense
from tests.unit.contributions.scene import Scene, affiliated, bounced, declared, paid

KEY = ("/s", "A")
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def sent_to_q() -> Scene:
    """700 that was sent for payer Q, which is not affiliated, given to payer P, which owes 3,016."""
    scene = Scene()
    scene.read(affiliated(), declared("D1", (1, "N1", 40_000)), paid("A", 700, payer_id="Q"))
    scene.take(scene.book.assign(KEY, "P", NOW))
    return scene


def test_an_assignment_stands_when_the_payer_that_was_sent_is_affiliated_later() -> None:
    scene = sent_to_q()
    scene.read(affiliated("Q"), declared("D1", (1, "N1", 40_000), payer_id="Q"))
    assert scene.account("Q").placed == {}
    assert scene.account().placed == {(KEY, "2026-01"): 700}


def test_what_is_taken_back_after_that_is_placed_where_it_was_sent() -> None:
    scene = sent_to_q()
    scene.read(affiliated("Q"), declared("D1", (1, "N1", 40_000), payer_id="Q"))
    outcome = scene.book.withdraw(KEY, NOW)
    scene.take(outcome)
    moved = [fact.event for fact in outcome.facts]
    assert [(e.payer_id, e.received_xof) for e in moved if isinstance(e, ContributionReceived)] == [
        ("P", -700),
        ("Q", 700),
    ]
    assert len(moved) == 2
    with pytest.raises(NotInSuspense):
        scene.book.assign(KEY, "P", NOW)


def test_facts_of_suspense_keep_the_key_and_the_payer_as_sent() -> None:
    scene = sent_to_q()
    scene.take(scene.book.withdraw(KEY, NOW))
    held = [
        (fact.key, fact.event.payer_id, fact.event.held_xof)
        for fact in scene.facts
        if isinstance(fact.event, PaymentHeld) and fact.event.held_as == "suspense"
    ]
    assert held == [("Q", "Q", 700), ("Q", "Q", -700), ("Q", "Q", 700)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_assigned_money_that_bounces_comes_to_nothing_whatever_happens_beside_it(order: tuple[int, ...]) -> None:
    scene = sent_to_q()
    later: list[Event] = [
        bounced("R", "A", 700, payer_id="Q"),
        affiliated("Q"),
        declared("D2", (1, "N1", 40_000), replaces="D1"),
    ]
    scene.read(*(later[place] for place in order))
    assert scene.set_aside == []
    assert (scene.account().placed, scene.account("Q").held) == ({}, {})
    # There is nothing to move any more, yet the assignment itself can be taken back, once.
    assert scene.book.withdraw(KEY, NOW).facts == []
    with pytest.raises(NotAssigned):
        scene.book.withdraw(KEY, NOW)


def test_a_reversal_names_the_payer_as_sent_not_the_one_it_was_given_to() -> None:
    scene = sent_to_q()
    scene.read(bounced("R", "A", 700, payer_id="P"), event_id="names the assigned payer")
    assert scene.set_aside == ["names the assigned payer"]
    assert scene.account().placed == {(KEY, "2026-01"): 700}


def test_the_payment_read_again_stays_assigned() -> None:
    scene = sent_to_q()
    assert scene.read(paid("A", 700, payer_id="Q")).duplicate
    assert scene.account().placed == {(KEY, "2026-01"): 700}


def test_assigned_money_takes_its_place_by_its_own_value_date() -> None:
    scene = Scene()
    scene.read(affiliated(), declared("D1", (1, "N1", 40_000)))
    scene.read(paid("Z", 3_016, "2026-03-10"), paid("A", 3_016, "2026-03-01", payer_id=None, reference="X"))
    scene.take(scene.book.assign(KEY, "P", NOW))
    assert scene.account().placed == {(KEY, "2026-01"): 3_016}
    assert scene.account().held == {("/s", "Z"): ("credit", 3_016)}


def test_designated_assigned_money_goes_to_the_period_that_it_designates() -> None:
    scene = Scene()
    scene.read(affiliated(), declared("D1", (1, "N1", 40_000)), declared("D2", (1, "N1", 40_000), period="2026-02"))
    scene.read(paid("A", 1_000, payer_id=None, reference="X", period="2026-02"))
    scene.take(scene.book.assign(KEY, "P", NOW))
    assert scene.account().placed == {(KEY, "2026-02"): 1_000}


def test_a_reversal_is_no_money_to_assign() -> None:
    scene = Scene()
    scene.read(affiliated(), bounced("R", "A", 7, payer_id="Q"))
    with pytest.raises(NotInSuspense):
        scene.book.assign(("/s", "R"), "P", NOW)
    with pytest.raises(NotAssigned):
        scene.book.withdraw(("/s", "R"), NOW)
