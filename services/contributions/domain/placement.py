"""What an account's money has come to since it was last published, as signed facts."""

from collections.abc import Mapping
from typing import Literal, TypeVar

from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.payment_held import PaymentHeld
from services.contributions.domain.account import Account, Hold, Pair
from services.contributions.domain.allocation import Placed, allocate
from services.contributions.domain.changes import Changes
from services.contributions.domain.effect import Keyed
from services.contributions.domain.payment import Payment, PaymentKey, Place
from services.contributions.domain.standing import OpenPeriod, Settled, Standing

K = TypeVar("K")
V = TypeVar("V")
Order = tuple[bool, Place, str, str]


def republish(account: Account, payments: Mapping[PaymentKey, Payment], changes: Changes) -> list[Keyed]:
    """Places the account's money and returns the differences from what was published, none of them 0.

    What is taken back comes first, then what is given, each in the order of allocation, of the periods, holds before
    receipts; so no payment ever shows more than its amount, even to a reader who stops half-way. Source: DEF-005.
    """
    if account.affiliation is None:
        facts = _in_order(_suspend(account, payments, changes))
    elif account.standing is None:
        facts = _in_order(_replace(account, payments, changes))
    else:
        facts = _go_on(account, account.standing, payments, changes)
    account.stirred.clear()
    return facts


def _in_order(moves: list[tuple[Order, Keyed]]) -> list[Keyed]:
    """The facts of moves, sorted: they may be given in any order."""
    return [fact for _, fact in sorted(moves, key=lambda move: move[0])]


def _suspend(account: Account, payments: Mapping[PaymentKey, Payment], changes: Changes) -> list[tuple[Order, Keyed]]:
    """Without an affiliation each payment waits by itself: those that stirred say all. Source: DEF-026."""
    moves: list[tuple[Order, Keyed]] = []
    for key in account.stirred:
        stands = key in account.payments and payments[key].reversed_by is None
        before, after = account.held.get(key), Hold("suspense", payments[key].amount_xof) if stands else None
        if before == after:
            continue
        moves += _holds(account, payments[key], before, after)
        changes.held.add((account.key, key))
        if after is None:
            del account.held[key]
        else:
            account.held[key] = after
    return moves


def _replace(account: Account, payments: Mapping[PaymentKey, Payment], changes: Changes) -> list[tuple[Order, Keyed]]:
    """With one, any change may move any payment: all are placed anew. Source: DEF-004."""
    placed, held = place(account, payments)
    moves: list[tuple[Order, Keyed]] = []
    for key in _moved(account.held, held):
        moves += _holds(account, payments[key], account.held.get(key), held.get(key))
        changes.held.add((account.key, key))
    for key, period in _moved(account.placed, placed):
        xof = placed.get((key, period), 0) - account.placed.get((key, period), 0)
        fact = _receipt(account, payments[key], account.pairs[period], xof)
        moves.append(((xof > 0, payments[key].place, period, ""), fact))
        changes.placed.add((account.key, key, period))
    account.placed, account.held = placed, held
    return moves


def _go_on(
    account: Account, standing: Standing | Settled, payments: Mapping[PaymentKey, Payment], changes: Changes
) -> list[Keyed]:
    """Where nothing that stands can move: what came is placed beside it, and an assessment places nothing.

    All of it is given, so that its order is made as it comes: by payment, its hold and then its receipts by period.
    """
    facts: list[Keyed] = []
    if isinstance(standing, Settled):
        if account.stirred:
            raise LookupError(f"money moves in {account.key}, which was loaded without its own")
        return facts
    for payment in sorted(map(payments.__getitem__, account.stirred), key=lambda payment: payment.place):
        placed, rest = standing.place(payment)
        if rest:
            account.held[payment.key] = Hold("credit", rest)
            changes.held.add((account.key, payment.key))
            facts += [fact for _, fact in _holds(account, payment, None, account.held[payment.key])]
        for period in sorted(placed):
            account.placed[payment.key, period] = placed[period]
            changes.placed.add((account.key, payment.key, period))
            facts.append(_receipt(account, payment, standing.periods[period], placed[period]))
    return facts


def place(account: Account, payments: Mapping[PaymentKey, Payment]) -> tuple[Placed, dict[PaymentKey, Hold]]:
    """What is placed and what is held of all money that stands here and is not reversed. Source: DEF-004, DEF-026."""
    money = [payment for payment in map(payments.__getitem__, account.payments) if payment.reversed_by is None]
    owned = [payment for payment in money if payment.has_payer]
    placed, credit = allocate(account.pairs.values(), owned)
    held = {key: Hold("credit", xof) for key, xof in credit.items()}
    for payment in money:
        if not payment.has_payer:
            held[payment.key] = Hold("suspense", payment.amount_xof)
    return placed, held


def _moved(before: Mapping[K, V], after: Mapping[K, V]) -> list[K]:
    """The keys whose value is not the same before and after."""
    return [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]


def _holds(account: Account, payment: Payment, before: Hold | None, after: Hold | None) -> list[tuple[Order, Keyed]]:
    """The facts of one payment's hold that changed: one, or two where it passes from suspense to credit or back."""
    sums: dict[Literal["credit", "suspense"], int] = {"credit": 0, "suspense": 0}
    for hold, sign in ((before, -1), (after, 1)):
        if hold is not None:
            sums[hold.held_as] += sign * hold.held_xof
    facts: list[tuple[Order, Keyed]] = []
    for held_as, xof in sums.items():
        if xof == 0:
            continue
        suspended = held_as == "suspense"
        fact = PaymentHeld.certain(
            payment_source=payment.key[0],
            payment_id=payment.key[1],
            payer_id=payment.payer_id if suspended else account.key,
            held_as=held_as,
            held_xof=xof,
            received_on=payment.paid_on,
            channel=payment.channel,
        )
        key = payment.record_key if suspended else account.key
        facts.append(((xof > 0, payment.place, "", held_as), (key, fact)))
    return facts


def _receipt(account: Account, payment: Payment, pair: Pair | OpenPeriod, xof: int) -> Keyed:
    """The fact of one payment's money that came onto one period, or left it."""
    fact = ContributionReceived.certain(
        payer_id=account.key,
        payer_kind=pair.payer_kind,
        territory_code=pair.territory_code,
        period=pair.period,
        payment_source=payment.key[0],
        payment_id=payment.key[1],
        received_xof=xof,
        received_on=payment.paid_on,
        channel=payment.channel,
    )
    return account.key, fact
