"""What differs between what must be and what is, a line each for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from tests.recount.people import ELSEWHERE, UNKNOWN
from tests.recount.state import Anomaly, Answer, Key, Placement, State

TABLES = ("affiliations", "requests", "persons", "pairs", "assessments", "answers", "placements", "forms")


def differences(expected: State, actual: State) -> list[str]:
    """Return what differs, a line each for people; empty when the product is right."""
    found = [f"fault: {fault}" for fault in dict.fromkeys((*expected.faults, *actual.faults))]
    for name in TABLES:
        left, right = dict(getattr(expected, name)), dict(getattr(actual, name))
        if name == "placements":
            left, right = ({k: tidy(v) for k, v in side.items() if tidy(v)} for side in (left, right))
        if name == "answers":
            left, right = comparable(left, right)
        if name == "forms":
            right = {serial: tuple(sorted(forms, key=str)) for serial, forms in right.items()}
        found += compare(name, left, right)
    may = {name: expected.pending.get(name) for name in actual.pending}
    found += compare("pending", may, actual.pending)
    letters, told = dict(expected.dead_letters), dict(actual.dead_letters)
    for places in expected.either:
        if places & told.keys():
            letters = {place: letter for place, letter in letters.items() if place not in places}
            told = {place: letter for place, letter in told.items() if place not in places}
    for place, letter in told.items():
        if place in letters and letters[place].source is None:
            letters[place] = replace(letters[place], source=letter.source, event_id=letter.event_id)
    return found + compare("dead letters", letters, told)


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
    if "suspense" in kept:
        kept["~sent_as"] = placed.sent_as
    return {**kept, "~paid_on": placed.paid_on, "~channel": placed.channel} if kept else {}


def comparable(
    expected: Mapping[Key, Answer], actual: Mapping[Key, Answer]
) -> tuple[dict[Key, Answer], dict[Key, Answer]]:
    """Bring both sides to one form: what open lines were told that some order gives, anomalies sorted.

    Of more than 1,000 anomalies the expectation keeps those that travelled.
    """
    left, right = dict(expected), dict(actual)
    for name in expected.keys() & actual.keys():
        left[name] = as_some_order_gives(expected[name], actual[name])
        right[name] = replace(actual[name], anomalies=tuple(sorted(actual[name].anomalies, key=str)))
        if right[name].anomalies_left and not expected[name].open_lines:
            first = expected[name].anomalies[: len(right[name].anomalies)]
            left_over = len(expected[name].anomalies) - len(first)
            left[name] = replace(left[name], anomalies=tuple(sorted(first, key=str)), anomalies_left=left_over)
        elif right[name].anomalies_left:
            travelled = set(right[name].anomalies)
            kept = tuple(a for a in left[name].anomalies if a in travelled)
            left[name] = replace(left[name], anomalies=kept, anomalies_left=len(left[name].anomalies) - len(kept))
    return left, right


def as_some_order_gives(expected: Answer, actual: Answer) -> Answer:
    """Return the expected answer with those of the told anomalies of open lines that some order gives."""
    anomalies = list(expected.anomalies)
    for line_no, (number, codes) in expected.open_lines.items():
        told = codes & {a.code for a in actual.anomalies if a.line_no == line_no and a.code in (UNKNOWN, ELSEWHERE)}
        if told or None not in codes:
            code = min(map(str, told)) if told else " or ".join(map(str, codes))
            anomalies.append(Anomaly(line_no, code, "/lines/insured_number", number, None))
    outcome = expected.outcome
    if expected.open_lines:
        outcome = "accepted_with_anomalies" if anomalies else "accepted"
    return replace(expected, outcome=outcome, anomalies=tuple(sorted(anomalies, key=str)), open_lines={})
