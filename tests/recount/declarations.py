"""Declarations of one payer, from their parts to what they make due (DEF-021 to DEF-025)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from typing import Any

from tests.recount import law
from tests.recount.acts import set_aside
from tests.recount.claims import Claims
from tests.recount.people import People
from tests.recount.reading import Reading
from tests.recount.state import Anomaly, Answer, Assessment, Pair, State

Line = dict[str, Any]
# What a payer and a period stand under when first assessed: kind, territory, due day.
Standing = Callable[[str, str], Pair | None]


@dataclass
class Declaration:
    """The parts of one declaration in the order in which they were read, and what became of it."""

    parts: list[Reading] = field(default_factory=list)
    complete: bool = False
    verdict: Anomaly | None = None
    replaced_by: str | None = None

    @property
    def first(self) -> dict[str, Any]:
        """The first-read part, whose word counts."""
        return self.parts[0].body

    @property
    def name(self) -> str:
        """The declaration's id."""
        return str(self.first["declaration_id"])

    @property
    def lines(self) -> list[Line]:
        """Every line sent, by part number, then in the part's own order."""
        return [line for part in sorted(self.parts, key=lambda p: p.body["part"]) for line in part.body["lines"]]

    @property
    def latest(self) -> datetime:
        """The latest `ce_time` among the parts (DEF-025)."""
        return max(part.envelope.at for part in self.parts)


@dataclass
class Book:
    """All that one payer ever declared: by id, and in the order of completion."""

    known: dict[str, Declaration] = field(default_factory=dict)
    completed: list[Declaration] = field(default_factory=list)


def read_part(reading: Reading, claims: Claims, books: dict[str, Book], state: State) -> None:
    """Take one part in, in the order of its key; the verdict falls when the declaration is complete."""
    body = reading.body
    meeting = claims.meet(reading)
    if meeting == "repeated":
        return
    book = books.setdefault(body["payer_id"], Book())
    declaration = book.known.get(body["declaration_id"], Declaration())
    if meeting == "conflicting" or declaration.complete or declaration.replaced_by:
        set_aside(reading, state)
        return
    claims.claim(reading)
    declaration.parts.append(reading)
    book.known[declaration.name] = declaration
    if len(declaration.parts) == declaration.first["parts"]:
        declaration.complete = True
        declaration.verdict = verdict(declaration, book)
        book.completed.append(declaration)


def verdict(declaration: Declaration, book: Book) -> Anomaly | None:
    """Return why a complete declaration is rejected whole, or None; a replacement marks what it replaces."""
    period = declaration.first["period"]
    month = declaration.latest.strftime("%Y-%m")
    found = disagreement(declaration)
    if found is None and period < law.FIRST_PERIOD:
        found = Anomaly(None, "period-before-scheme", "/period", period, law.FIRST_PERIOD)
    if found is None and period > month:
        found = Anomaly(None, "period-in-future", "/period", period, month)
    if found is None and declaration.first["replaces"] is not None:
        found = replace(declaration, book)
    return found


def disagreement(declaration: Declaration) -> Anomaly | None:
    """Return the first field in which the parts differ from the first of them, or the totals from the lines."""
    lines = declaration.lines
    summed = {"/totals/lines": len(lines), "/totals/base_xof": sum(line["base_xof"] for line in lines)}
    for pointer in ("/payer_id", "/period", "/parts", "/replaces", *summed):
        sent = [at_pointer(part.body, pointer) for part in declaration.parts]
        other = next((value for value in sent if value != sent[0]), sent[0])
        if other != sent[0]:
            return Anomaly(None, "totals-disagree", pointer, other, sent[0])
        if pointer in summed and sent[0] != summed[pointer]:
            return Anomaly(None, "totals-disagree", pointer, sent[0], summed[pointer])
    return None


def at_pointer(body: Mapping[str, Any], pointer: str) -> Any:
    """Follow a JSON Pointer of plain names."""
    value: Any = body
    for name in pointer.strip("/").split("/"):
        value = value[name]
    return value


def replace(declaration: Declaration, book: Book) -> Anomaly | None:
    """Mark the declaration that this one replaces, or return why it can't (DEF-021, DEF-024)."""
    name = declaration.first["replaces"]
    old = book.known.get(name)
    if old is None or old is declaration or old.verdict or old.first["period"] != declaration.first["period"]:
        return Anomaly(None, "replaces-unknown", "/replaces", name, None)
    if old.replaced_by:
        return Anomaly(None, "already-replaced", "/replaces", name, old.replaced_by)
    old.replaced_by = declaration.name
    return None


def settle_book(payer_id: str, book: Book, standing: Standing, people: People, state: State) -> None:
    """Assess what a payer declared, in order of completion, and answer each declaration for the last time."""
    in_force: dict[str, list[tuple[Declaration, Assessment, set[str]]]] = defaultdict(list)
    for declaration in book.completed:
        period, name = declaration.first["period"], (payer_id, declaration.name)
        pair = standing(payer_id, period)
        unknown = Anomaly(None, "unknown-payer", "/payer_id", payer_id, None)
        pending = Answer("pending", period, len(declaration.lines), 0, 0, 0, None, (unknown,))
        state.pending["declaration", name] = pending
        if pair is None:
            state.answers[name] = pending
        elif declaration.verdict:
            state.answers[name] = rejected(declaration, declaration.verdict)
        else:
            replaced = [kept for kept in in_force[period] if kept[0].replaced_by == declaration.name]
            in_force[period] = [kept for kept in in_force[period] if kept[0].replaced_by != declaration.name]
            elsewhere = {n: kept[0].name for kept in reversed(in_force[period]) for n in kept[2]}
            accepted, anomalies, open_lines = judge_lines(declaration, pair.payer_kind, people, elsewhere)
            whole = assess(declaration, accepted, pair)
            in_force[period].append((declaration, whole, {line["insured_number"] for line in accepted}))
            state.answers[name] = answer(declaration, whole, tuple(anomalies), open_lines)
            state.assessments[name] = difference(whole, replaced[0][1]) if replaced else whole
            add_to_pair(state.pairs.setdefault((payer_id, period), pair), state.assessments[name])
    for declaration in book.known.values():
        if not declaration.complete and declaration.replaced_by:
            gone = Anomaly(None, "already-replaced", "/declaration_id", declaration.name, declaration.replaced_by)
            state.answers[(payer_id, declaration.name)] = rejected(declaration, gone)
        elif not declaration.complete:
            state.waiting[(payer_id, declaration.name)] = sorted(part.body["part"] for part in declaration.parts)
    for together in in_force.values():  # in the order in which they took effect
        pairs = ((one, other) for one, other in combinations(together, 2) if one[2] & other[2])
        state.doubled |= {(payer_id, one[0].name, other[0].name) for one, other in pairs}


def judge_lines(
    declaration: Declaration, kind: str, people: People, elsewhere: Mapping[str, str]
) -> tuple[list[Line], list[Anomaly], dict[int, tuple[str, frozenset[str | None]]]]:
    """Return the lines that stand, every anomaly in the order of the lines, and the open lines with their codes.

    Source: DEF-003, DEF-022, DEF-024.
    """
    accepted: list[Line] = []
    anomalies: list[Anomaly] = []
    open_lines: dict[int, tuple[str, frozenset[str | None]]] = {}
    seen: set[tuple[str, Any]] = set()
    for line in declaration.lines:
        number, base = line["insured_number"], line["base_xof"]
        twice = next((name for name in ("line_no", "insured_number") if (name, line[name]) in seen), None)

        def note(code: str, field: str, expected: Any, line: Line = line) -> None:
            anomalies.append(Anomaly(line["line_no"], code, f"/lines/{field}", line[field], expected))

        if base < 0:
            note("negative-base", "base_xof", 0)
            continue
        if twice:
            note("duplicate-line", twice, None)
            continue
        seen |= {("line_no", line["line_no"]), ("insured_number", number)}
        accepted.append(line)
        if law.is_below_floor(kind, base, declaration.first["period"]):
            note("below-floor", "base_xof", law.floor_of(declaration.first["period"]))
        codes = people.codes(number, declaration.first["payer_id"], declaration.first["period"])
        if len(codes) > 1:
            open_lines[line["line_no"]] = (number, codes)
        for code in codes - {None} if len(codes) == 1 else ():
            note(str(code), "insured_number", None)
        if number in elsewhere:
            note("already-declared", "insured_number", elsewhere[number])
    return accepted, anomalies, open_lines


def assess(declaration: Declaration, accepted: Sequence[Line], pair: Pair) -> Assessment:
    """Return what a declaration makes due as a whole: the sum of rounded shares (DEF-001)."""
    period = declaration.first["period"]
    split = [law.shares(pair.payer_kind, line["base_xof"], period) for line in accepted]
    insured, payer = sum(s[law.INSURED] for s in split), sum(s[law.EMPLOYER] for s in split)
    filed_on = declaration.latest.date().isoformat()
    return Assessment(period, "declared", insured + payer, insured, payer, len(accepted), filed_on, pair.due_on or "")


def difference(new: Assessment, old: Assessment) -> Assessment:
    """Return the one signed fact of a replacement (DEF-024)."""
    return Assessment(
        new.period,
        "replacement",
        new.assessed_xof - old.assessed_xof,
        new.insured_share_xof - old.insured_share_xof,
        new.payer_share_xof - old.payer_share_xof,
        new.line_count - old.line_count,
        new.filed_on,
        new.due_on,
    )


def add_to_pair(pair: Pair, change: Assessment) -> None:
    """Add one assessment to what a (payer, period) owes."""
    pair.assessed_xof += change.assessed_xof
    pair.insured_share_xof += change.insured_share_xof
    pair.payer_share_xof += change.payer_share_xof
    pair.line_count += change.line_count
    pair.filed_on = min(filter(None, (pair.filed_on, change.filed_on)))


def rejected(declaration: Declaration, why: Anomaly) -> Answer:
    """Return the answer of a declaration that was rejected whole."""
    sent = len(declaration.lines)
    return Answer("rejected", declaration.first["period"], sent, 0, sent, 0, None, (why,))


def answer(
    declaration: Declaration,
    whole: Assessment,
    anomalies: tuple[Anomaly, ...],
    open_lines: Mapping[int, tuple[str, frozenset[str | None]]],
) -> Answer:
    """Return the answer of a declaration that took effect, with all its anomalies, however many travel."""
    sent, stand = len(declaration.lines), whole.line_count
    outcome = "accepted_with_anomalies" if anomalies else "accepted"
    return Answer(
        outcome,
        whole.period,
        sent,
        stand,
        sent - stand,
        whole.assessed_xof,
        whole.due_on,
        anomalies,
        open_lines=open_lines,
    )
