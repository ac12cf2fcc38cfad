"""Money of one payer: which payments stand, and where each franc goes (DEF-004, DEF-005, DEF-026)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.recount.acts import set_aside
from tests.recount.claims import Claims
from tests.recount.reading import Reading
from tests.recount.state import Key, Pair, Payment, Place, Placement, State


@dataclass
class Till:
    """Payments and reversals as they were read.

    `waiting` holds, by what they wait for, the reversals that came before their payment; `said` every reading of a
    reversal, by source, payment and content.
    """

    payments: dict[Key, Reading] = field(default_factory=dict)
    reversals: dict[Key, Reading] = field(default_factory=dict)
    waiting: dict[Key, list[Reading]] = field(default_factory=lambda: defaultdict(list))
    reversed: set[Key] = field(default_factory=set)
    said: dict[tuple[str, str, str], list[Reading]] = field(default_factory=lambda: defaultdict(list))


def name_of(reading: Reading) -> Key:
    """Return (source, payment), which names a payment for ever (DEF-027)."""
    return reading.envelope.source, reading.body["payment_id"]


def agrees(reversal: Reading, payment: Reading) -> bool:
    """Tell whether a reversal repeats its payment's amount and payer."""
    return all(reversal.body[name] == payment.body[name] for name in ("amount_xof", "payer_id"))


def read_payment(reading: Reading, claims: Claims, till: Till, state: State) -> None:
    """Take one payment or reversal in; a reversal meets its payment whichever came first (DEF-026)."""
    name = name_of(reading)
    meeting = claims.meet(reading)
    if reading.body["reverses"] is not None:
        till.said[(*name, reading.content)].append(reading)
    if meeting == "repeated":
        return
    if meeting == "conflicting":
        set_aside(reading, state)
        return
    claims.claim(reading)
    waited = till.waiting.pop(name, [])
    if reading.body["reverses"] is None:
        till.payments[name] = reading
        for reversal in waited:
            undo(reversal, claims, till, state)
        return
    till.reversals[name] = reading
    undo(reading, claims, till, state)
    if name not in till.reversals:  # set aside, as one that names a reversal: nothing came that they wait for
        till.waiting[name] += waited
        return
    for reversal in waited:  # of a reversal, as it turns out
        drop(reversal, claims, till, state)


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
    claims.release(reversal)
    set_aside(reversal, state)


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
            key = payment.payer_id or str(body["reference"])
            state.placements[name] = Placement(
                payment.paid_on,
                payment.channel,
                suspense_xof=payment.amount_xof,
                sent_as=(key, payment.payer_id),
            )
        else:
            by_payer[owner][name] = payment
    for (source, target), reversals in till.waiting.items():
        state.waiting_reversals |= {(source, reversal.body["payment_id"], target) for reversal in reversals}
    state.either += open_reversals(till, state)
    dues: dict[str, dict[str, Pair]] = defaultdict(dict)
    for (payer_id, period), pair in state.pairs.items():
        dues[payer_id][period] = pair
    for payer_id, payments in by_payer.items():
        state.placements |= allocate(payer_id, dues[payer_id], payments)


def open_reversals(till: Till, state: State) -> Iterator[frozenset[Place]]:
    """Yield the places of each wrong reversal that was read several times, on another partition than what it names.

    While the first of them waits the others have no effect; what is read later is set aside itself.
    """
    for said in till.said.values():
        target = (said[0].envelope.source, said[0].body["reverses"])
        named = [reading for reading in (till.payments.get(target), till.reversals.get(target)) if reading]
        elsewhere = {reading.record[:2] for reading in named} != {reading.record[:2] for reading in said}
        places = frozenset(reading.record[:3] for reading in said)
        if len(places) > 1 and elsewhere and places & state.dead_letters.keys():
            yield places


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
