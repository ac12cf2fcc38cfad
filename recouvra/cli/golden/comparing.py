"""What a stack published beside what a scenario expects: the differences, told so that a person finds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Fact = Mapping[str, Any]
"""A published record: `topic`, `key`, `value`."""

Place = tuple[str, int, int]
"""Topic, partition and offset of a record."""


def differs(expected: Any, found: Any, at: str = "") -> list[str]:
    """Where a value is not what is expected; fields that are not expected may stand beside (the language may grow).

    Anomalies may stand in any order: none is told.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        missing = [f"{at}/{name}: absent" for name in expected if name not in found]
        return missing + [
            fault
            for name in expected
            if name in found
            for fault in differs(expected[name], found[name], f"{at}/{name}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and at.endswith("/anomalies"):
        lacking, beyond = matched(expected, found)
        return [f"{at}: lacks {one}" for one in lacking] + [f"{at}: has too many {one}" for one in beyond]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [
            fault for n, both in enumerate(zip(expected, found, strict=True)) for fault in differs(*both, f"{at}/{n}")
        ]
    same = type(expected) is type(found) and expected == found
    return [] if same else [f"{at}: expected {expected!r}, found {found!r}"]


def matched(expected: Sequence[Any], found: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """What of two multisets has no equal in the other, first what lacks, then what is too many."""
    beyond, lacking = list(found), list[Any]()
    for one in expected:
        equal = next((n for n, other in enumerate(beyond) if not differs(one, other)), None)
        if equal is None:
            lacking.append(one)
        else:
            del beyond[equal]
    return lacking, beyond


def compared(expected: Sequence[Any], found: Sequence[Any]) -> list[str]:
    """The same for people: what lacks beside the nearest of its topic and key that is too many."""
    lacking, beyond = matched(expected, found)
    told = []
    for one in lacking:
        near = min(
            (other for other in beyond if _whose(other) == _whose(one)),
            key=lambda other: len(differs(one, other)),
            default=None,
        )
        if near is None:
            told.append(f"missing: {one}")
        else:
            beyond.remove(near)
            told.append(f"{one['topic']} of {one['key']}: {'; '.join(differs(one, near))}; found {near}")
    return told + [f"not expected: {one}" for one in beyond]


def _whose(fact: Mapping[str, Any]) -> tuple[Any, Any]:
    return fact.get("topic"), fact.get("key")


def unsaid(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """Anomalies and refusals without a sentence in both languages."""
    told = [
        message
        for fact in found
        for message in [*fact["value"].get("anomalies", ()), fact["value"]]
        if "message" in message or "code" in message
    ]
    return [f"no sentence: {one}" for one in told if not all(one.get("message", {}).get(lang) for lang in ("fr", "en"))]


def drawn(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The insured number of every hire that was answered with one."""
    answers = [fact["value"] for fact in found if fact["topic"] == "registration-answered"]
    return {answer["request_id"]: answer["insured_number"] for answer in answers if answer["insured_number"]}


def refusals(facts: Iterable[Fact], sent: Mapping[Place, tuple[str, str]]) -> dict[str, list[dict[str, Any]]]:
    """By scenario's folder what was refused of the records that stand at these places, sorted, by each record's name.

    `sent` has the folder and the record's name by place. A refusal without its sentences says so.
    """
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for value in (fact["value"] for fact in facts if fact["topic"] == "record-refused"):
        place = (value["topic"], value["partition"], value["offset"])
        if place in sent:
            folder, name = sent[place]
            told = {field: value[field] for field in ("service", "reason", "source", "event_id")}
            spoken = all(value.get("message", {}).get(lang) for lang in ("fr", "en"))
            found[folder].append({"record": name, **told} | ({} if spoken else {"message": None}))
    for rows in found.values():
        rows.sort(key=lambda row: str(row["record"]))
    return found
