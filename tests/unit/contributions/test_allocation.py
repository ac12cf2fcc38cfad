"""Where each franc goes, and that no order of arrival changes it."""

from collections.abc import Sequence
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.payment_held import PaymentHeld
from services.contributions.domain.account import Pair
from services.contributions.domain.allocation import allocate
from services.contributions.domain.payment import Payment, PaymentKey
from tests.unit.contributions.scene import Scene, affiliated, bounced, declared, paid

PERIODS = ("2025-11", "2025-12", "2026-01")


def due(period: str, due_on: date, due_xof: int) -> Pair:
    """A pair of which so much is due."""
    return Pair(period, "state", "01", "monthly", due_on, 1, insured_share_xof=due_xof)


def money(name: str, source: str, amount_xof: int, paid_on: date, period: str | None) -> Payment:
    """A payment of payer P."""
    return Payment((source, name), "P", "P", amount_xof, paid_on, "bank", period, None, b"")


days = st.dates(date(2026, 1, 1), date(2026, 1, 3))
dues = st.lists(
    st.builds(due, st.sampled_from(PERIODS), days, st.integers(0, 12)), unique_by=lambda pair: pair.period, max_size=3
)
payments = st.lists(
    st.builds(
        money,
        st.sampled_from(["a", "B", "é", "z"]),
        st.sampled_from(["/t", "/ü"]),
        st.integers(1, 15),
        days,
        st.sampled_from([None, *PERIODS, "2030-01"]),
    ),
    unique_by=lambda payment: payment.key,
    max_size=6,
)


def franc_by_franc(pairs: Sequence[Pair], paid_in: Sequence[Payment]) -> dict[tuple[PaymentKey, str | None], int]:
    """DEF-004 again, one franc at a time and in no hurry; credit stands under the period None."""
    owed = {pair.period: pair.due_xof for pair in pairs}
    queue = sorted(paid_in, key=lambda p: (p.paid_on, p.key[1].encode(), p.key[0].encode()))
    by_due_day = [pair.period for pair in sorted(pairs, key=lambda pair: (pair.due_on, pair.period.encode()))]
    purse = {payment.key: payment.amount_xof for payment in queue}
    gone: dict[tuple[PaymentKey, str | None], int] = {}
    for designating in (True, False):
        for payment in queue:
            while purse[payment.key]:
                wanted = [payment.period] if designating else by_due_day
                period = next((period for period in wanted if period and owed.get(period)), None)
                if designating and period is None:
                    break
                purse[payment.key] -= 1
                if period is not None:
                    owed[period] -= 1
                gone[payment.key, period] = gone.get((payment.key, period), 0) + 1
    return gone


@settings(max_examples=400)
@given(dues, payments)
def test_allocation_is_what_a_clerk_would_do_franc_by_franc(pairs: list[Pair], paid_in: list[Payment]) -> None:
    placed, credit = allocate(pairs, paid_in)
    told: dict[tuple[PaymentKey, str | None], int] = {(key, None): xof for key, xof in credit.items()}
    told.update(placed.items())
    assert told == franc_by_franc(pairs, paid_in)


@given(dues, payments)
def test_allocation_makes_and_loses_no_franc(pairs: list[Pair], paid_in: list[Payment]) -> None:
    placed, credit = allocate(pairs, paid_in)
    for payment in paid_in:
        on_periods = sum(xof for (key, _), xof in placed.items() if key == payment.key)
        assert on_periods + credit.get(payment.key, 0) == payment.amount_xof
    for pair in pairs:
        assert sum(xof for (_, period), xof in placed.items() if period == pair.period) <= pair.due_xof
    assert min([*placed.values(), *credit.values()], default=1) > 0
    still_open = sum(pair.due_xof for pair in pairs) - sum(placed.values())
    assert not (credit and still_open)


@given(dues, payments, st.randoms(use_true_random=False))
def test_allocation_does_not_depend_on_the_order_of_arrival(
    pairs: list[Pair], paid_in: list[Payment], random: object
) -> None:
    expected = allocate(pairs, paid_in)
    random.shuffle(pairs)  # type: ignore[attr-defined]
    random.shuffle(paid_in)  # type: ignore[attr-defined]
    assert allocate(pairs, paid_in) == expected


def test_names_are_compared_byte_for_byte() -> None:
    same_day = date(2026, 1, 1)
    paid_in = [money(name, "/t", 1, same_day, None) for name in ("é", "z", "a", "B", "10", "9")]
    placed, _ = allocate([due("2026-01", same_day, 3)], paid_in)
    assert [key[1] for key, _ in placed] == ["10", "9", "B"]


def worked_example(second_payment_xof: int) -> Scene:
    """The local authority of rules.md with 1,000 workers at the floor a month, payments A and B, before A bounces."""
    scene = Scene()
    workers = [(number, f"N{number}", 40_000) for number in range(1, 1_001)]
    scene.read(
        affiliated(),
        declared("D1", *workers, period="2026-01"),
        declared("D2", *workers, period="2026-02"),
        paid("A", 2_000_000, "2026-03-10", period="2026-02"),
        paid("B", second_payment_xof, "2026-03-20"),
    )
    return scene


def test_the_worked_example_of_the_rules() -> None:
    scene = worked_example(4_000_000)
    account = scene.account()
    assert {period: pair.due_xof for period, pair in account.pairs.items()} == {
        "2026-01": 3_016_000,
        "2026-02": 3_016_000,
    }
    a, b = ("/s", "A"), ("/s", "B")
    assert account.placed == {(a, "2026-02"): 2_000_000, (b, "2026-01"): 3_016_000, (b, "2026-02"): 984_000}
    outcome = scene.read(bounced("R", "A", 2_000_000))
    assert account.placed == {(b, "2026-01"): 3_016_000, (b, "2026-02"): 984_000}
    (fact,) = outcome.facts
    assert isinstance(fact.event, ContributionReceived)
    assert (fact.event.payment_id, fact.event.period, fact.event.received_xof) == ("A", "2026-02", -2_000_000)
    # The negative fact carries the payment's own day and channel, not the reversal's.
    assert (fact.event.received_on, fact.event.channel) == (date(2026, 3, 10), "treasury")


def test_in_the_worked_example_credit_returns_to_the_period_that_a_reversal_opens() -> None:
    scene = worked_example(6_000_000)
    account = scene.account()
    b = ("/s", "B")
    assert account.held[b] == ("credit", 1_968_000)
    assert account.placed[b, "2026-02"] == 1_016_000
    outcome = scene.read(bounced("R", "A", 2_000_000))
    assert account.held == {}
    assert account.placed == {(b, "2026-01"): 3_016_000, (b, "2026-02"): 2_984_000}
    told = [fact.event for fact in outcome.facts]
    assert [type(event) for event in told] == [ContributionReceived, PaymentHeld, ContributionReceived]
    assert [getattr(event, "received_xof", None) or getattr(event, "held_xof", None) for event in told] == [
        -2_000_000,
        -1_968_000,
        1_968_000,
    ]
