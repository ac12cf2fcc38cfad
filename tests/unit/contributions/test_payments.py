"""Money that waits, money that is undone, and money that an operator gives to a payer."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.event import Event
from recouvra.contracts.payment_held import PaymentHeld
from recouvra.contracts.payment_reported import PaymentReported
from services.contributions.domain.assigning import NotAssigned, NotInSuspense, PayerNotAffiliated
from tests.unit.contributions.scene import START, Scene, affiliated, bounced, declared, paid

LATER = datetime(2026, 5, 1, tzinfo=UTC)


def unknown(payment_id: str, amount_xof: int, reference: str) -> PaymentReported:
    """Money of nobody known."""
    return paid(payment_id, amount_xof, payer_id=None, reference=reference)


def test_money_of_an_unknown_payer_waits_in_suspense_and_is_placed_when_it_is_affiliated() -> None:
    scene = Scene()
    outcome = scene.read(paid("A", 5_000))
    (fact,) = outcome.facts
    assert isinstance(fact.event, PaymentHeld)
    assert (fact.event.held_as, fact.event.held_xof, fact.event.payer_id, fact.key) == ("suspense", 5_000, "P", "P")
    scene.read(declared("D1", (1, "N1", 40_000)))
    outcome = scene.read(affiliated())
    moved = [fact.event for fact in outcome.facts if isinstance(fact.event, PaymentHeld | ContributionReceived)]
    assert [(type(event), getattr(event, "held_as", None)) for event in moved] == [
        (PaymentHeld, "suspense"),
        (PaymentHeld, "credit"),
        (ContributionReceived, None),
    ]
    assert scene.account().held == {("/s", "A"): ("credit", 1_984)}
    assert len({fact.known_at for fact in outcome.facts}) == 1


def test_money_without_payer_travels_under_its_reference_and_names_no_payer() -> None:
    scene = Scene()
    outcome = scene.read(unknown("A", 5, "VIR 7"))
    (fact,) = outcome.facts
    assert isinstance(fact.event, PaymentHeld)
    assert (fact.key, fact.event.payer_id, fact.event.held_as) == ("VIR 7", None, "suspense")


def test_a_reference_that_reads_like_a_payer_is_no_payer() -> None:
    scene = Scene()
    scene.read(affiliated(), declared("D1", (1, "N1", 40_000)), unknown("A", 5_000, "P"))
    assert scene.account().held == {("/s", "A"): ("suspense", 5_000)}
    assert scene.account().placed == {}


def test_the_same_payment_again_has_no_effect_and_another_content_is_set_aside() -> None:
    scene = Scene()
    scene.read(affiliated(), paid("A", 5_000))
    assert scene.read(paid("A", 5_000)).duplicate
    scene.read(paid("A", 5_001), event_id="other")
    scene.read(paid("A", 5_001), source="/another", event_id="of another source")
    assert scene.set_aside == ["other"]
    assert set(scene.book.payments) == {("/s", "A"), ("/another", "A")}


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_money_and_its_reversal_come_to_nothing_in_any_order(order: tuple[int, ...]) -> None:
    events: list[Event] = [affiliated(), declared("D1", (1, "N1", 40_000)), paid("A", 5_000), bounced("R", "A", 5_000)]
    scene = Scene()
    scene.read(*(events[place] for place in order))
    assert scene.account().placed == {}
    assert scene.account().held == {}
    assert scene.set_aside == []
    assert scene.book.reversals == {}


def test_money_whose_reversal_came_first_is_never_published() -> None:
    scene = Scene()
    scene.read(affiliated(), bounced("R", "A", 5_000))
    assert scene.book.changes.waiting == {(("/s", "A"), ("/s", "R"))}
    scene.read(paid("A", 5_000))
    assert scene.of(PaymentHeld) == []
    assert scene.book.payments["/s", "A"].reversed_by == "R"


@pytest.mark.parametrize(
    "disagreeing",
    [
        bounced("R", "A", 4_999),
        bounced("R", "A", 5_000, payer_id="Q"),
        bounced("R", "A", 5_000, payer_id=None, reference="P"),
    ],
)
@pytest.mark.parametrize("reversal_first", [True, False])
def test_a_reversal_that_disagrees_is_set_aside_whichever_came_first(
    disagreeing: PaymentReported, reversal_first: bool
) -> None:
    scene = Scene()
    scene.read(affiliated())
    first, second = (disagreeing, paid("A", 5_000)) if reversal_first else (paid("A", 5_000), disagreeing)
    scene.read(first, event_id="first")
    outcome = scene.read(second, event_id="second")
    (gone,) = outcome.set_aside
    assert gone.event_id == ("first" if reversal_first else "second")
    assert gone.claimed is reversal_first
    assert gone.record.value == disagreeing.to_json()
    assert ("/s", "R") not in scene.book.payments
    # What was set aside claims nothing: a mended reversal may keep its name.
    scene.read(bounced("R", "A", 5_000))
    assert scene.book.payments["/s", "A"].reversed_by == "R"


def test_the_payer_of_a_reversal_is_compared_as_sent() -> None:
    scene = Scene()
    scene.read(unknown("A", 7, "X"), bounced("R", "A", 7, payer_id=None, reference="Y"))
    assert scene.account("X").held == {}
    assert scene.set_aside == []
    assert scene.account("X").known_at == scene.account("Y").known_at


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_reversal_of_a_reversal_is_set_aside_whichever_came_first(order: tuple[int, ...]) -> None:
    events = [paid("A", 7), bounced("R", "A", 7), bounced("RR", "R", 7)]
    scene = Scene()
    scene.read(affiliated())
    for place in order:
        scene.read(events[place], event_id=events[place].payment_id)
    assert scene.set_aside == ["RR"]
    assert scene.account().held == {}
    assert set(scene.book.payments) == {("/s", "A"), ("/s", "R")}


def test_a_payment_that_reverses_itself_is_set_aside() -> None:
    scene = Scene()
    scene.read(bounced("R", "R", 7), event_id="self")
    assert scene.set_aside == ["self"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_second_reversal_that_agrees_claims_its_name_and_has_no_effect(order: tuple[int, ...]) -> None:
    events = [paid("A", 7), bounced("R1", "A", 7), bounced("R2", "A", 7)]
    scene = Scene()
    scene.read(affiliated(), *(events[place] for place in order))
    assert scene.set_aside == []
    assert scene.account().held == {}
    assert len(scene.book.payments) == 3
    assert scene.read(bounced("R2", "A", 7)).duplicate


def test_a_cause_takes_the_latest_knowledge_time_of_every_account_that_it_touches() -> None:
    scene = Scene()
    scene.read(unknown("A", 7, "X"))
    scene.account("X").known_at = LATER
    outcome = scene.read(bounced("R", "A", 7, payer_id=None, reference="Y"))
    assert {fact.known_at for fact in outcome.facts} == {LATER}
    assert scene.account("Y").known_at == LATER


def test_a_stale_reading_of_the_clock_never_goes_behind_an_account() -> None:
    scene = Scene()
    scene.read(affiliated())
    scene.account().known_at = LATER
    outcome = scene.read(paid("A", 7))
    assert [fact.known_at for fact in outcome.facts] == [LATER]


def assigned() -> Scene:
    """Money of nobody, which an operator gave to payer P."""
    scene = Scene()
    scene.read(affiliated(), declared("D1", (1, "N1", 40_000)), unknown("A", 5_000, "X"))
    scene.take(scene.book.assign(("/s", "A"), "P", LATER))
    return scene


def test_money_in_suspense_can_be_assigned_to_an_affiliated_payer() -> None:
    scene = assigned()
    assert scene.account().placed == {(("/s", "A"), "2026-01"): 3_016}
    assert scene.account().held == {("/s", "A"): ("credit", 1_984)}
    keys = {
        fact.key for fact in scene.facts if isinstance(fact.event, PaymentHeld) and fact.event.held_as == "suspense"
    }
    assert keys == {"X"}
    assert scene.account("X").known_at == scene.account("P").known_at == LATER


def test_an_assignment_can_be_withdrawn_and_the_money_returns_to_suspense() -> None:
    scene = assigned()
    scene.take(scene.book.withdraw(("/s", "A"), LATER + timedelta(days=1)))
    assert scene.account().placed == {}
    assert scene.account("X").held == {("/s", "A"): ("suspense", 5_000)}
    with pytest.raises(NotAssigned):
        scene.book.withdraw(("/s", "A"), LATER)


def test_a_bounce_takes_assigned_money_back_from_the_payer_that_got_it() -> None:
    scene = assigned()
    scene.read(bounced("R", "A", 5_000, payer_id=None, reference="X"))
    assert scene.account().placed == {}
    assert scene.account().held == {}


def test_only_money_in_suspense_can_be_assigned_and_only_to_an_affiliated_payer() -> None:
    scene = assigned()
    with pytest.raises(NotInSuspense):
        scene.book.assign(("/s", "A"), "P", START)
    with pytest.raises(NotInSuspense):
        scene.book.assign(("/s", "nothing"), "P", START)
    scene.read(unknown("B", 1, "X"), paid("C", 1, payer_id="Q"))
    with pytest.raises(PayerNotAffiliated):
        scene.book.assign(("/s", "B"), "Q", START)
    assert scene.account("X").held == {("/s", "B"): ("suspense", 1)}
