"""Money of one payer: which payments stand, and where each franc goes (DEF-004, DEF-005, DEF-026)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.recount.claims import Claims
from tests.recount.reading import Reading
from tests.recount.state import Key, Pair, Payment, Placement, State


@dataclass
class Till:
    """Payments and reversals as they were read; `waiting` holds the reversals that came before their payment."""

    payments: dict[Key, Reading] = field(default_factory=dict)
    reversals: dict[Key, Reading] = field(default_factory=dict)
    waiting: dict[Key, list[Reading]] = field(default_factory=lambda: defaultdict(list))
    reversed: set[Key] = field(default_factory=set)


def name_of(reading: Reading) -> Key:
    """Return (source, payment), which names a payment for ever (DEF-027)."""
    return reading.envelope.source, reading.body["payment_id"]


def agrees(reversal: Reading, payment: Reading) -> bool:
    """Tell whether a reversal repeats its payment's amount and payer."""
    return all(reversal.body[name] == payment.body[name] for name in ("amount_xof", "payer_id"))


def read_payment(reading: Reading, claims: Claims, till: Till, state: State) -> None:
    """Take one payment or reversal in; a reversal meets its payment whichever came first (DEF-026)."""
    name = name_of(reading)
    meeting = claims.meet(reading, ("payment", *name))
    if meeting == "repeated":
        return
    if meeting == "conflicting":
        set_aside(reading, claims, state, claimed=False)
        return
    claims.claim(reading, ("payment", *name))
    waited = till.waiting.pop(name, [])
    if reading.body["reverses"] is None:
        till.payments[name] = reading
        for reversal in waited:
            undo(reversal, claims, till, state)
        return
    till.reversals[name] = reading
    for reversal in waited:  # of a reversal, as it turns out
        drop(reversal, claims, till, state)
    undo(reading, claims, till, state)


def undo(reversal: Reading, claims: Claims, till: Till, state: State) -> None:
    """Reverse the payment that a reversal names, set the reversal aside, or let it wait."""
    target = (reversal.envelope.source, reversal.body["reverses"])
    if target in till.reversals:
        drop(reversal, claims, till, state)
    elif target not in till.payments:
        till.waiting[target].append(reversal)
    elif agrees(reversal, till.payments[target]):
        till.reversed.add(target)
    else:
        drop(reversal, claims, till, state)


def drop(reversal: Reading, claims: Claims, till: Till, state: State) -> None:
    """Set a reversal aside that had been taken in."""
    del till.reversals[name_of(reversal)]
    set_aside(reversal, claims, state, claimed=True)


def set_aside(reading: Reading, claims: Claims, state: State, *, claimed: bool) -> None:
    """Expect a dead letter; what it had claimed is free again."""
    if claimed:
        claims.release(reading, ("payment", *name_of(reading)))
    state.dead_letters[reading.record[:3]] = reading.refused("conflicting-duplicate")


def settle_till(till: Till, assignments: Mapping[Key, str], state: State) -> None:
    """Place every payment: in suspense, or on the dues and the credit of its payer."""
    by_payer: dict[str, dict[Key, Payment]] = defaultdict(dict)
    for name, reading in till.payments.items():
        body = reading.body
        payment = Payment(
            body["amount_xof"],
            body["payer_id"],
            body["paid_on"],
            body["channel"],
            body["period"],
            name in till.reversed,
        )
        state.payments[name] = payment
        owner = assignments.get(name, payment.payer_id)
        if payment.reversed:
            continue
        if owner is None or owner not in state.affiliations:
            state.placements[name] = Placement(payment.paid_on, payment.channel, suspense_xof=payment.amount_xof)
        else:
            by_payer[owner][name] = payment
    dues: dict[str, dict[str, Pair]] = defaultdict(dict)
    for (payer_id, period), pair in state.pairs.items():
        dues[payer_id][period] = pair
    for payer_id, payments in by_payer.items():
        state.placements |= allocate(payer_id, dues[payer_id], payments)


def allocate(payer_id: str, dues: Mapping[str, Pair], payments: Mapping[Key, Payment]) -> dict[Key, Placement]:
    """Place one payer's payments in two rounds (DEF-004), adding to `received_xof` of the pairs."""

    def order(name: Key) -> tuple[str, bytes, bytes]:
        source, payment_id = name
        return payments[name].paid_on, payment_id.encode(), source.encode()

    owed = {period: pair.assessed_xof for period, pair in dues.items()}
    rest = {name: payments[name].amount_xof for name in sorted(payments, key=order)}
    placed = {name: Placement(payments[name].paid_on, payments[name].channel) for name in rest}

    def put(name: Key, period: str) -> None:
        amount = min(rest[name], owed[period])
        if amount > 0:
            rest[name] -= amount
            owed[period] -= amount
            dues[period].received_xof += amount
            received = placed[name].received
            received[(payer_id, period)] = received.get((payer_id, period), 0) + amount

    for name in rest:
        if (period := payments[name].period) in owed:
            put(name, period or "")
    for name in rest:
        for period in sorted(owed, key=lambda p: (dues[p].due_on or "", p)):
            put(name, period)
        if rest[name]:
            placed[name].credit[payer_id] = rest[name]
    return placed
