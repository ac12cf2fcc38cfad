"""The independent recomputation that the product is compared with: written from the specification alone.

`recompute(inbound, facts)` says what every order of the inbound records must end in, `fold(facts)` what the facts add
up to, `differences` compares both for people. `as_of`, `money`, `payer` and `credits_of` recompute reports at any
instant; `conservation` sweeps every knowledge time. Nothing of the product is imported (tests/recount neither).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from tests.recount import law
from tests.recount.acts import Acts, Replay, read_everything
from tests.recount.claims import Claims, as_claimed, held_meanwhile
from tests.recount.comparing import differences
from tests.recount.declarations import Book, read_part, settle_book
from tests.recount.facts import Fact, facts_of
from tests.recount.folding import fold
from tests.recount.forms import read_forms
from tests.recount.instants import misplaced
from tests.recount.payments import Till, read_payment, settle_till
from tests.recount.people import People
from tests.recount.reading import SERVICE, Reading
from tests.recount.registrations import AFFILIATION, Asked, rank_of, read_registrations
from tests.recount.reports import as_of, conservation, credits_of, instants, money, payer, rate
from tests.recount.state import (
    Anomaly,
    Answer,
    Form,
    Key,
    Pair,
    Payment,
    Pending,
    Person,
    Place,
    Placement,
    PublishedRecord,
    Request,
    State,
)

__all__ = [
    "Acts",
    "Anomaly",
    "Answer",
    "Fact",
    "Form",
    "Pair",
    "Payment",
    "Person",
    "Placement",
    "PublishedRecord",
    "Replay",
    "Request",
    "State",
    "as_of",
    "conservation",
    "credits_of",
    "differences",
    "facts_of",
    "fold",
    "instants",
    "money",
    "payer",
    "rate",
    "recompute",
    "wrong",
]
NOTHING_ELSE = Acts()
Records = Sequence[PublishedRecord] | Sequence[Fact]


def recompute(
    inbound: Sequence[PublishedRecord],
    facts: Records = (),
    *,
    acts: Acts = NOTHING_ELSE,
    known_first: Records | None = None,
    closing: str | None = None,
) -> State:
    """Return the state in which every order of the inbound records must end.

    `inbound` in any order: their places (topic, partition, offset) say which of two records of one key came first;
    records of other topics are passed over. `acts` are what people did beside the topics. What the order decides on
    purpose is taken from `facts` where some order gives it (numbers and their first payers, answers to hires that look
    alike, the first form of a serial, the terms of a pair whose payer changed, who won a name on two partitions), and
    stays as the places say where none does. `known_first` are the facts that were read before any declaration or form:
    None, all of them; what came later leaves open whether a line's person was known yet. `closing` is a month of which
    nothing was published before all else was read: nothing of it is left to the order.
    """
    state = State()
    published = facts_of(facts, state.faults)
    told = fold(published)
    refused = {place for place, letter in told.dead_letters.items() if letter.reason == "conflicting-duplicate"}
    readings = as_claimed(read_everything([r for r in inbound if r.topic in SERVICE], acts, state), refused)
    people = People(published, None if known_first is None else facts_of(known_first), closing)
    asked = read_registrations(read_by("registration", readings), told, state)
    state.faults += told_in_order(asked, published)
    books, till = read_contributions(read_by("contributions", readings), refused, state)
    read_forms(read_by("liquidation", readings), people, told.forms, state)
    first: dict[Key, Fact] = {}
    for fact in sorted((f for f in published if f.topic == "contribution-assessed"), key=lambda f: f.known_at):
        first.setdefault((fact.body["payer_id"], fact.body["period"]), fact)

    def standing(payer_id: str, period: str) -> Pair | None:
        return stands_under(
            asked, payer_id, period, state, None if period == closing else first.get((payer_id, period))
        )

    for payer_id, book in books.items():
        settle_book(payer_id, book, standing, people, state)
    settle_till(till, acts.assignments, state)
    if known_first is not None:
        state.pending = may_have_waited(state.pending, facts_of(known_first), closing)
    return state


def wrong(expected: State, facts: Records) -> list[str]:
    """Return what is wrong with facts, a line each for people: what they add up to, and where money stood meanwhile."""
    once = facts_of(facts)
    return [
        *differences(expected, fold(once)),
        *conservation(facts, expected.payments),
        *misplaced(once, expected.payments),
    ]


def read_by(service: str, readings: Sequence[Reading]) -> list[Reading]:
    """Return what one service reads, in order."""
    return [reading for reading in readings if SERVICE[reading.record.topic] == service]


def read_contributions(
    readings: Sequence[Reading], refused: Collection[Place], state: State
) -> tuple[dict[str, Book], Till]:
    """Read declarations and payments under the claims of their one service."""
    claims, books, till = Claims(held_meanwhile(readings, refused)), dict[str, Book](), Till()
    for reading in readings:
        if reading.record.topic == "payroll-declared":
            read_part(reading, claims, books, state)
        else:
            read_payment(reading, claims, till, state)
    return books, till


def told_in_order(asked: Asked, facts: Sequence[Fact]) -> list[str]:
    """Return which payers were told of otherwise than by ever later records of theirs (DEF-035)."""
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for fact in facts:
        if fact.topic == "payer-affiliated":
            told[fact.body["payer_id"]].append({name: fact.body[name] for name in AFFILIATION})
    broken = []
    for payer_id, bodies in told.items():
        ranked = iter(sorted(asked.get(payer_id, ()), key=rank_of))
        if not all(any({n: r.body[n] for n in AFFILIATION} == body for r in ranked) for body in bodies):
            broken.append(f"payer {payer_id} was told of as nobody asked, or in another order: {bodies}")
    return broken


def may_have_waited(pending: Pending, known_first: Sequence[Fact], closing: str | None) -> Pending:
    """Return the answers `pending` that some order gives: none to whoever came when the payer was known.

    That is, of a payer of `known_first`, all but the hires that were answered there themselves; and the closing month.
    """
    settled = {fact.body["payer_id"] for fact in known_first if fact.topic == "payer-affiliated"}
    hired = fold(known_first).requests
    return {
        (kind, name): said
        for (kind, name), said in pending.items()
        if name[0] not in settled or (kind == "hire" and name in hired)
        if closing is None or isinstance(said, Request) or said.period != closing
    }


def stands_under(asked: Asked, payer_id: str, period: str, state: State, first: Fact | None) -> Pair | None:
    """Return kind, territory and due day of a pair: what holds, or what its first fact says, if ever asked for."""
    if payer_id not in asked:
        return None
    body = state.affiliations[payer_id]
    holds = (body["payer_kind"], body["territory_code"], law.due_on(body["filing_frequency"], period))
    possible = {
        (r.body["payer_kind"], r.body["territory_code"], law.due_on(r.body["filing_frequency"], period))
        for r in asked[payer_id]
    }
    if first is not None and len(possible) > 1:
        said = (first.body["payer_kind"], first.body["territory_code"], first.body["due_on"])
        if said in possible:
            return Pair(*said)
        state.faults.append(f"{payer_id} {period} stands under {said}, which nobody asked for")
    return Pair(*holds)
