"""The oracle sees whatever is wrong: no field of a fact can change, no fact be lost or told twice, unnoticed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests import oracle
from tests.builders import country, interleave
from tests.oracle import PublishedRecord, recompute
from tests.recount.facts import TOPICS
from tests.unit.whole.fund import Fund

PERIODS = ("2025-12", "2026-03")
ADDED_UP = ("contribution-assessed", "contribution-received", "payment-held", "form-liquidated", "record-refused")
LAST_WORDS = ("declaration-answered", "registration-answered")  # `pending` is followed by another


@cache
def told() -> tuple[Fund, list[PublishedRecord], list[PublishedRecord]]:
    """A country of a few payers, read; what was known before anyone declared; and its facts, each once."""
    fund = Fund(7)
    fund.publish(*country(7, 6, PERIODS).people_first)
    fund.work()
    first = list(fund.facts)
    bodies = [json.loads(fact.value or b"") for fact in first if fact.topic == "registration-answered"]
    numbers = {(b["payer_id"], b["request_id"]): b["insured_number"] for b in bodies if b["insured_number"]}
    made = country(7, 6, PERIODS, numbers=numbers, with_poison=False)
    poison = [bad for bad in country(7, 1).poison if bad.why.startswith("schema-mismatch: another key")]
    fund.publish(*interleave([*(d for d in made.rest if d.why not in ("thousands", "large")), *poison], 7))
    fund.work()
    return fund, first, list({dict(fact.headers)["ce_id"]: fact for fact in fund.facts}.values())


def wrong(facts: list[PublishedRecord]) -> list[str]:
    """What the oracle finds wrong with these facts about that country."""
    fund, first, _ = told()
    expected = recompute(fund.log, facts, known_first=first)
    return oracle.wrong(expected, facts)


def other(value: Any) -> Any:
    """A value of the same type that is another one."""
    match value:
        case int():
            return value + 1
        case str():
            return f"{value[:-1]}{'8' if value.endswith('9') else '9'}"
        case [*items]:
            return [*items, "more"] if items and isinstance(items[0], str) else items[1:]
        case None:
            return "something"
    return {**value, "fr": ""}


def changed(value: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each field of a body changed in turn, those of its first anomaly too."""
    for name, inner in value.items():
        if inner not in ([], {}):
            yield name, {**value, name: other(inner)}
        if name == "anomalies" and inner:
            for field in inner[0]:
                yield f"anomalies/{field}", {**value, name: [{**inner[0], field: other(inner[0][field])}, *inner[1:]]}


def some(topic: str, count: int) -> list[PublishedRecord]:
    """Some facts of a topic, the longest among them; of answers only those that nothing follows."""
    last = {fact.key: fact for fact in told()[2] if fact.topic == topic}
    found = [fact for fact in told()[2] if fact.topic == topic]
    if topic in (*LAST_WORDS, "payer-affiliated", "person-registered"):
        found = [fact for fact in found if fact is last[fact.key]]
    longest = max(found, key=lambda fact: len(fact.value or b"") if len(fact.value or b"") < 20_000 else 0)
    return [longest, *random.Random(topic).sample(found, min(count, len(found)))]


def instead(fact: PublishedRecord, *those: PublishedRecord) -> list[PublishedRecord]:
    """The facts with others in the place of one."""
    return [one for kept in told()[2] for one in (those if kept is fact else (kept,))]


def test_nothing_is_wrong_with_what_was_told() -> None:
    assert wrong(told()[2]) == []
    assert {fact.topic for fact in told()[2]} == set(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_no_field_of_a_fact_changes_unnoticed(topic: str) -> None:
    for fact in some(topic, 0):
        for field, body in changed(json.loads(fact.value or b"")):
            assert wrong(instead(fact, fact._replace(value=json.dumps(body).encode()))), (field, fact)


@pytest.mark.parametrize("topic", [*ADDED_UP, *LAST_WORDS])
def test_no_fact_is_lost_or_told_twice_unnoticed(topic: str) -> None:
    for fact in some(topic, 1):
        assert wrong(instead(fact)), fact
        headers = [(name, b"another" if name == "ce_id" else value) for name, value in fact.headers]
        assert wrong(instead(fact, fact, fact._replace(offset=10**6, headers=headers))), fact
