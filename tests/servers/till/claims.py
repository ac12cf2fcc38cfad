"""What must be true of a till at rest, whatever befell it: the checks that right code passes and wrong code fails."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from recouvra.contracts.topics import MARKS
from tests.builders import Draft
from tests.servers.till.at_work import Till

Letter = tuple[bytes | None, bytes | None, str]


def first_seen(facts: Iterable[Any]) -> list[Any]:
    """Facts without those that a relay published again; such a one must be the same to the byte."""
    seen: dict[str, Any] = {}
    for fact in facts:
        known = seen.setdefault(dict(fact.headers)["ce_id"].decode(), fact)
        assert (known.key, known.value, known.headers) == (fact.key, fact.value, fact.headers)
    return list(seen.values())


def known_at(fact: Any) -> datetime:
    """A fact's knowledge time."""
    return datetime.fromisoformat(dict(fact.headers)["ce_time"].decode())


async def check_counted_once(till: Till, good: Sequence[Draft]) -> None:
    """Every payment has its effect once, in the sums and in what was published, and nothing else has one."""
    sums: Counter[str] = Counter()
    for draft in good:
        sums[draft.key.decode() if draft.key else ""] += draft.body["amount_xof"]
    rows = await till.rows("select key, sum_xof from sum_of_key where sum_xof <> 0 and key like $1", f"{till.name}%")
    assert {row["key"]: row["sum_xof"] for row in rows} == sums
    assert await till.count("outbox") == 0
    said = Counter((fact.key, _paid(fact)) for fact in first_seen(await till.facts()))
    assert said == Counter((draft.key, (draft.body["payment_id"], draft.body["amount_xof"])) for draft in good)


async def check_order_of_keys(till: Till, good: Sequence[Draft]) -> None:
    """Facts of one key: on one partition, in the order of their causes, their knowledge time never going back."""
    facts: dict[bytes, list[Any]] = {}
    for fact in first_seen(await till.facts()):
        facts.setdefault(fact.key, []).append(fact)
    causes: dict[bytes | None, list[str]] = {}
    for draft in good:
        causes.setdefault(draft.key, []).append(draft.body["payment_id"])
    assert {key: [_paid(fact)[0] for fact in of_key] for key, of_key in facts.items()} == causes
    for of_key in facts.values():
        assert len({fact.partition for fact in of_key}) == 1
        times = [known_at(fact) for fact in of_key]
        assert times == sorted(times)


async def check_dead_letters(till: Till, bad: Iterable[Letter]) -> None:
    """Every bad record is one dead letter, whole, and told once under its own key; no other is."""
    expected = Counter(bad)
    rows = await till.rows("select key, value, reason from dead_letter")
    assert Counter(tuple(row.values()) for row in rows) == expected
    told = first_seen(await till.facts("record-refused"))
    assert Counter((fact.key, json.loads(fact.value)["reason"]) for fact in told) == Counter(
        (key, reason) for key, _, reason in expected.elements()
    )


async def marks(till: Till) -> list[tuple[datetime, dict[str, dict[str, int]]]]:
    """Its marks in order: up to when, and the offsets before which everything up to then stands."""
    said = [json.loads(mark.value) for mark in await till.records(MARKS)]
    return [(datetime.fromisoformat(one["up_to"]), one["offsets"]) for one in said if one["service"] == till.name]


async def check_marks(till: Till) -> None:
    """No fact that a mark speaks for was first seen at or after the mark's offsets."""
    said = await marks(till)
    assert said
    for topic in ("payment-held", "record-refused"):
        for fact in first_seen(await till.facts(topic)):
            for up_to, offsets in said:
                if known_at(fact) <= up_to:
                    assert fact.offset < offsets[topic][str(fact.partition)], (up_to, known_at(fact))


def _paid(fact: Any) -> tuple[str, int]:
    value = json.loads(fact.value)
    return value["payment_id"], value["held_xof"]
