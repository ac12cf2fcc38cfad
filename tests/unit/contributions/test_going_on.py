"""Who goes on from what stands ends where all money placed anew ends; over random histories, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.contributions.domain.account import Account, Affiliation, Pair
from services.contributions.domain.allocation import Placed, allocate
from services.contributions.domain.changes import Changes
from services.contributions.domain.payment import Payment, PaymentKey
from services.contributions.domain.placement import republish
from services.contributions.domain.standing import OpenPeriod, Settled, Standing, all_admitted
from tests.unit.contributions.scene import fits

PERIODS = ("2025-10", "2025-11", "2025-12", "2026-01")
NEVER_ASSESSED = "2030-01"
DAYS = [date(2026, 1, day) for day in (1, 2, 3)]
Credit = dict[PaymentKey, int]


def due(period: str, due_on: date, due_xof: int) -> Pair:
    """A pair of which so much is due."""
    return Pair(period, "state", "01", "monthly", due_on, 1, insured_share_xof=due_xof)


def money(name: str, amount_xof: int, paid_on: date, period: str | None, reversed_by: str | None) -> Payment:
    """A payment of payer P."""
    return Payment(("/t", name), "P", "P", amount_xof, paid_on, "bank", period, None, b"", reversed_by)


dues = st.lists(
    st.builds(due, st.sampled_from(PERIODS), st.sampled_from(DAYS), st.integers(0, 9)),
    unique_by=lambda pair: pair.period,
    max_size=4,
)


def payments(most: int) -> st.SearchStrategy[list[Payment]]:
    """Money of payer P, some of it undone since; by names that are no order of arrival."""
    one = st.builds(
        money,
        st.text("ab", min_size=1, max_size=4),
        st.integers(1, 12),
        st.sampled_from(DAYS),
        st.sampled_from([None, None, *PERIODS, NEVER_ASSESSED]),
        st.sampled_from([None, None, None, "R"]),
    )
    return st.lists(one, unique_by=lambda payment: payment.key, max_size=most)


def in_order(pairs: Sequence[Pair]) -> list[Pair]:
    """As the second round fills them."""
    return sorted(pairs, key=lambda pair: (pair.due_on, pair.period))


def placed_anew(pairs: Sequence[Pair], paid_in: Sequence[Payment]) -> tuple[Placed, Credit]:
    """What the function says."""
    return allocate(pairs, [payment for payment in paid_in if payment.reversed_by is None])


def received(placed: Placed) -> dict[str, int]:
    """Francs by period."""
    sums: dict[str, int] = {}
    for (_, period), xof in placed.items():
        sums[period] = sums.get(period, 0) + xof
    return sums


def stands(pairs: Sequence[Pair], paid_in: Sequence[Payment], coming: Sequence[Payment]) -> Standing:
    """What the store finds: open periods as far as the money reaches, and those that it designates."""
    on = received(placed_anew(pairs, paid_in)[0])
    reach = sum(payment.amount_xof for payment in coming)
    periods = {}
    for pair in in_order(pairs):
        open_xof = pair.due_xof - on.get(pair.period, 0)
        if (open_xof > 0 and reach > 0) or pair.period in {payment.period for payment in coming}:
            periods[pair.period] = OpenPeriod(pair.period, "state", "01", open_xof, pair.period in on)
        reach -= max(open_xof, 0)
    return Standing(max((payment.place for payment in paid_in), default=None), periods)


def settled(pairs: Sequence[Pair], paid_in: Sequence[Payment]) -> Settled:
    """What the store finds where declarations come."""
    placed, credit = placed_anew(pairs, paid_in)
    on = received(placed)
    places = [(pair.due_on, pair.period) for pair in in_order(pairs)]
    due_xof = {pair.period: pair.due_xof for pair in pairs}
    return Settled(
        bool(credit),
        frozenset(payment.period for payment in paid_in if payment.period is not None),
        next((place for place in places if due_xof[place[1]] > on.get(place[1], 0)), None),
        next((place for place in reversed(places) if place[1] in on), None),
    )


@settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(dues, payments(6), payments(3), st.data())
def test_money_that_goes_on_stands_where_all_placed_anew_would_stand(
    pairs: list[Pair], paid_in: list[Payment], coming: list[Payment], data: st.DataObject
) -> None:
    coming = [replace(one, key=("/t", "c" + one.key[1]), reversed_by=None) for one in coming]
    if data.draw(st.booleans()):  # mostly it is admitted only in its order
        coming = sorted((replace(one, paid_on=DAYS[-1]) for one in coming), key=lambda one: one.place)
    assume(all_admitted(stands(pairs, paid_in, coming), coming))
    # Some of what comes may turn out to be a repeat, under an event id that was used: the rest goes on all the same.
    effective = [one for one in coming if data.draw(st.integers(0, 4))]
    standing, (placed, credit) = stands(pairs, paid_in, coming), placed_anew(pairs, paid_in)
    for payment in effective:
        beside, rest = standing.place(payment)
        placed.update({(payment.key, period): xof for period, xof in beside.items()})
        credit.update({payment.key: rest} if rest else {})
    assert (placed, credit) == placed_anew(pairs, [*paid_in, *effective])


@settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(dues, payments(6), dues)
def test_assessments_that_go_on_move_nothing(pairs: list[Pair], paid_in: list[Payment], more: list[Pair]) -> None:
    there = {pair.period: pair for pair in pairs}
    grown = [replace(one, due_on=there.get(one.period, one).due_on) for one in more]
    assume(grown)
    state = settled(pairs, paid_in)
    assume(all(state.admits((one.due_on, one.period)) for one in grown))
    before = placed_anew(pairs, paid_in)
    for one in grown:
        share_xof = one.insured_share_xof + (there[one.period].insured_share_xof if one.period in there else 0)
        there[one.period] = replace(one, insured_share_xof=share_xof)
        assert placed_anew(list(there.values()), paid_in) == before


def refused(coming: Payment, *paid_in: Payment, owed: int = 10) -> bool:
    """Whether a payment is refused where two periods are due, of so much each."""
    pairs = [due("2025-10", DAYS[0], owed), due("2025-11", DAYS[1], owed)]
    return not stands(pairs, paid_in, [coming]).admits(coming)


def test_what_comes_behind_all_others_goes_on_and_what_comes_before_one_does_not() -> None:
    stood = money("M", 4, DAYS[1], None, None)
    assert not refused(money("N", 4, DAYS[1], None, None), stood)
    assert refused(money("L", 4, DAYS[1], None, None), stood)
    assert refused(money("N", 4, DAYS[0], None, None), stood)


@pytest.mark.parametrize(("amount_xof", "is_refused"), [(6, False), (7, True)])
def test_a_designated_period_that_has_money_must_have_room_for_all_that_comes(
    amount_xof: int, is_refused: bool
) -> None:
    assert refused(money("N", amount_xof, DAYS[2], "2025-10", None), money("M", 4, DAYS[0], None, None)) is is_refused


def test_a_designated_period_without_money_takes_what_it_can() -> None:
    assert not refused(money("N", 99, DAYS[2], "2025-11", None), money("M", 4, DAYS[0], None, None))
    assert not refused(money("N", 99, DAYS[2], NEVER_ASSESSED, None), money("M", 4, DAYS[0], None, None))


@pytest.mark.parametrize("seed", range(30))
def test_a_long_history_published_payment_by_payment_is_published_the_same_either_way(seed: int) -> None:
    """Thousands of steps on one payer, each taken both ways: the same facts, in the same order."""
    dice = Random(seed)
    pairs = [due(f"2025-{month:02d}", date(2025, month, 15), dice.randrange(0, 60)) for month in range(1, 13)]
    anew = Account("P", affiliation=Affiliation("state", "01", "monthly"), pairs={pair.period: pair for pair in pairs})
    known: dict[PaymentKey, Payment] = {}
    gone_on = 0
    for step in range(100):
        designated = dice.choice([None, None, None, *anew.pairs])
        day = date(2026, 1, 1 + step // 5) if dice.random() < 0.8 else date(2025, 12, 1)
        coming = money(f"{step:03}", dice.randrange(1, 12), day, designated, None)
        standing = stands(pairs, list(known.values()), [coming])
        known[coming.key] = coming
        going_on = replace(anew, payments={coming.key}, placed={}, held={}, stirred={coming.key}, standing=standing)
        anew.payments.add(coming.key)
        anew.stirred.add(coming.key)
        expected = republish(anew, known, Changes())
        if standing.admits(coming):
            gone_on += 1
            assert republish(going_on, known, Changes()) == expected
        for _, fact in expected:
            fits(fact)
    assert gone_on > 20
