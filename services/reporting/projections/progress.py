"""The latest knowledge time read on each topic of facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from recouvra.chassis.database import Connection
from recouvra.contracts.reading import Received


async def save(connection: Connection, facts: Iterable[Received]) -> None:
    """Move each topic's `last_fact_at` to its latest fact; facts in any order. It is a greatest: repeating is safe.

    Rows are touched in key order, so that two workers queue instead of deadlocking.
    """
    latest: dict[str, datetime] = {}
    for fact in facts:
        topic, at = fact.record.topic, fact.envelope.time
        latest[topic] = max(at, latest.get(topic, at))
    if not latest:
        return
    topics = sorted(latest)
    await connection.execute(
        "insert into topic_progress (topic, last_fact_at) select * from unnest($1::text[], $2::timestamptz[]) "
        "on conflict (topic) do update set last_fact_at = excluded.last_fact_at "
        "where topic_progress.last_fact_at < excluded.last_fact_at",
        topics,
        [latest[topic] for topic in topics],
    )
