"""The published facts as any reader meets them: opened, and each counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.recount.reading import Refused, open_envelope, parse
from tests.recount.state import PublishedRecord

TOPICS = (
    "payer-affiliated",
    "person-registered",
    "registration-answered",
    "contribution-assessed",
    "contribution-received",
    "payment-held",
    "declaration-answered",
    "record-refused",
    "form-liquidated",
)


@dataclass(frozen=True)
class Fact:
    """One fact of ours; `known_at` is its knowledge time (DEF-015)."""

    topic: str
    key: str
    source: str
    event_id: str
    known_at: datetime
    body: dict[str, Any]


def facts_of(records: Sequence[PublishedRecord] | Sequence[Fact], faults: list[str] | None = None) -> list[Fact]:
    """Return the facts in the order of their topics, each (`ce_source`, `ce_id`) once; records of others left out.

    A fact that can't be read, or that says two things under one name, is written into `faults`, or raised without it.
    """
    broken: list[str] = []
    kept: dict[tuple[str, str], Fact] = {}
    ready = [record for record in records if isinstance(record, Fact)]
    for record in sorted((r for r in records if not isinstance(r, Fact) and r.topic in TOPICS), key=lambda r: r[:3]):
        try:
            envelope, value = open_envelope(record)
            body = parse(value)
        except (Refused, ValueError, TypeError) as fault:
            broken.append(f"unreadable fact at {record[:3]}: {fault!r}")
            continue
        if envelope.type != f"ml.recouvra.{record.topic}.v1":
            broken.append(f"fact at {record[:3]} has the type {envelope.type}")
        key = (record.key or b"").decode(errors="replace")
        fact = Fact(record.topic, key, envelope.source, envelope.event_id, envelope.at, body)
        first = kept.setdefault((fact.source, fact.event_id), fact)
        if first != fact:
            broken.append(f"two facts are named {fact.source} {fact.event_id}: {first} and {fact}")
    if broken and faults is None:
        raise ValueError("; ".join(broken))
    if faults is not None:
        faults.extend(broken)
    return ready or list(kept.values())
