"""The independent recomputation that the product is compared with: written from the specification alone.

`recompute(inbound, facts)` says what every order of the inbound records must end in, `fold(facts)` what the facts add
up to, `differences` compares both for people. `as_of`, `money`, `payer` and `credits_of` recompute reports at any
instant; `conservation` sweeps every knowledge time. Nothing of the product is imported (tests/recount neither).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from tests.recount import law
from tests.recount.claims import Claims
from tests.recount.declarations import Book, read_part, settle_book
from tests.recount.facts import Fact, facts_of, fold
from tests.recount.payments import Till, read_payment, settle_till
from tests.recount.reading import SCHEMAS, Reading, Refused, read
from tests.recount.registrations import read_registrations
from tests.recount.reports import as_of, conservation, credits_of, instants, money, payer, rate
from tests.recount.state import Anomaly, Answer, Key, Pair, Payment, Placement, PublishedRecord, State

__all__ = [
    "Anomaly",
    "Answer",
    "Fact",
    "Pair",
    "Payment",
    "Placement",
    "PublishedRecord",
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
]
PERSON_CODES = ("unknown-insured", "not-employed-here")


def recompute(
    inbound: Sequence[PublishedRecord],
    facts: Sequence[PublishedRecord] | Sequence[Fact] = (),
    *,
    assignments: Mapping[Key, str] | None = None,
    people_first: bool = True,
) -> State:
    """Return the state in which every order of the inbound records must end.

    `inbound` in any order: their places (topic, partition, offset) say which of two records of one key came first;
    records of topics that are not recomputed are passed over. From `facts` it takes what the inbound records can't
    tell: insured numbers and whose they are, and, for a payer whose affiliation changed, under which of its
    affiliations a pair was first assessed (DEF-033). `assignments` are an operator's, by (source, payment).
    Without `people_first` (every person known before the first declaration was read) the order decides whether a line
    of a registered number is unknown or not employed here: such lines are open, and not compared for that.
    """
    state = State()
    published = facts_of(facts, state.faults)
    readings = read_all(inbound, state)
    asked = read_registrations([r for r in readings if r.record.topic.endswith("-requested")], state)
    books, till = read_contributions(readings, state)
    people = {f.body["insured_number"]: f.body["payer_id"] for f in published if f.topic == "person-registered"}
    first: dict[Key, Fact] = {}
    for fact in sorted((f for f in published if f.topic == "contribution-assessed"), key=lambda f: f.known_at):
        first.setdefault((fact.body["payer_id"], fact.body["period"]), fact)

    def standing(payer_id: str, period: str) -> Pair | None:
        return stands_under(asked.get(payer_id, []), period, state, first.get((payer_id, period)))

    for payer_id, book in books.items():
        settle_book(payer_id, book, standing, people, state)
        if not people_first:
            open_lines(payer_id, book, people, state)
    settle_till(till, assignments or {}, state)
    return state


def read_all(inbound: Sequence[PublishedRecord], state: State) -> list[Reading]:
    """Return what can be read, in the order of the topics; the rest becomes dead letters."""
    readings = []
    for record in sorted((r for r in inbound if r.topic in SCHEMAS), key=lambda r: r[:3]):
        try:
            readings.append(read(record))
        except Refused as refused:
            state.dead_letters[record[:3]] = refused.letter(record.topic)
    return readings


def read_contributions(readings: Sequence[Reading], state: State) -> tuple[dict[str, Book], Till]:
    """Read declarations and payments under the claims of their one service."""
    claims, books, till = Claims(), dict[str, Book](), Till()
    for reading in readings:
        if reading.record.topic == "payroll-declared":
            read_part(reading, claims, books, state)
        elif reading.record.topic == "payment-reported":
            read_payment(reading, claims, till, state)
    return books, till


def stands_under(asked: Sequence[Reading], period: str, state: State, first: Fact | None) -> Pair | None:
    """Return kind, territory and due day of a pair: what holds, or what its first fact says, if ever asked for."""
    if not asked:
        return None
    body = state.affiliations[asked[0].body["payer_id"]]
    holds = (body["payer_kind"], body["territory_code"], law.due_on(body["filing_frequency"], period))
    possible = {
        (r.body["payer_kind"], r.body["territory_code"], law.due_on(r.body["filing_frequency"], period)) for r in asked
    }
    if first is not None and len(possible) > 1:
        said = (first.body["payer_kind"], first.body["territory_code"], first.body["due_on"])
        if said in possible:
            return Pair(*said)
        state.faults.append(f"{body['payer_id']} {period} stands under {said}, which nobody asked for")
    return Pair(*holds)


def open_lines(payer_id: str, book: Book, people: Mapping[str, str | None], state: State) -> None:
    """Mark the lines whose person was perhaps not yet known when the declaration took effect."""
    for declaration in book.completed:
        name = (payer_id, declaration.name)
        numbers = frozenset(line["line_no"] for line in declaration.lines if line["insured_number"] in people)
        state.answers[name] = replace(state.answers[name], open_lines=numbers)


def differences(expected: State, actual: State) -> list[str]:
    """Return what differs, a line each for people; empty when the product is right."""
    found = [f"fault: {fault}" for fault in dict.fromkeys((*expected.faults, *actual.faults))]
    if expected.people != actual.people:
        found.append(f"people: expected {expected.people}, found {actual.people}")
    for name in ("affiliations", "requests", "employers", "pairs", "assessments", "answers", "placements"):
        left, right = dict(getattr(expected, name)), dict(getattr(actual, name))
        if name == "placements":
            left, right = ({k: tidy(v) for k, v in side.items() if tidy(v)} for side in (left, right))
        if name == "answers":
            left, right = comparable(left, right)
        found += compare(name, left, right)
    letters = dict(expected.dead_letters)
    for place, letter in actual.dead_letters.items():
        if place in letters and letters[place].source is None:
            letters[place] = replace(letters[place], source=letter.source, event_id=letter.event_id)
    return found + compare("dead letters", letters, actual.dead_letters)


def compare(name: str, expected: Mapping[Any, Any], actual: Mapping[Any, Any]) -> list[str]:
    """Compare two tables key by key, and of one row name the fields that differ."""
    found = []
    for key in sorted({*expected, *actual}, key=str):
        if key not in actual:
            found.append(f"{name} {key}: missing, expected {expected[key]}")
        elif key not in expected:
            found.append(f"{name} {key}: not expected, found {actual[key]}")
        elif expected[key] != actual[key]:
            left, right = parts_of(expected[key]), parts_of(actual[key])
            told = (
                f"{field} expected {left.get(field)!r}, found {right.get(field)!r}"
                for field in sorted({*left, *right})
                if left.get(field) != right.get(field)
            )
            found.append(f"{name} {key}: {'; '.join(told)}")
    return found


def parts_of(row: Any) -> dict[str, Any]:
    """Return a row as named values."""
    if isinstance(row, dict):
        return row
    return {f.name: getattr(row, f.name) for f in fields(row)} if hasattr(row, "__dataclass_fields__") else {"": row}


def tidy(placed: Placement) -> dict[str, Any]:
    """Return a placement without its zeros; empty when nothing of the payment stands anywhere."""
    where: dict[str, Any] = {f"{payer} {period}": amount for (payer, period), amount in placed.received.items()}
    where |= {f"{payer} credit": amount for payer, amount in placed.credit.items()}
    where |= {"suspense": placed.suspense_xof}
    kept = {name: amount for name, amount in where.items() if amount}
    return {**kept, "~paid_on": placed.paid_on, "~channel": placed.channel} if kept else {}


def comparable(
    expected: Mapping[Key, Answer], actual: Mapping[Key, Answer]
) -> tuple[dict[Key, Answer], dict[Key, Answer]]:
    """Bring both sides to one form: anomalies sorted, those of open lines and those that did not travel left out."""
    left, right = dict(expected), dict(actual)
    for name in expected.keys() & actual.keys():
        lines = expected[name].open_lines
        left[name], right[name] = (settled(answer, lines) for answer in (expected[name], actual[name]))
        if right[name].anomalies_left and not lines:
            travelled = set(right[name].anomalies)
            kept = tuple(a for a in left[name].anomalies if a in travelled)
            left[name] = replace(left[name], anomalies=kept, anomalies_left=len(left[name].anomalies) - len(kept))
    return left, right


def settled(answer: Answer, lines: frozenset[int]) -> Answer:
    """Return an answer without what the order decides."""
    kept = [a for a in answer.anomalies if a.line_no not in lines or a.code not in PERSON_CODES]
    outcome = answer.outcome if not lines or not answer.outcome.startswith("accepted") else "accepted or with anomalies"
    return replace(answer, outcome=outcome, anomalies=tuple(sorted(kept, key=str)), open_lines=frozenset())
