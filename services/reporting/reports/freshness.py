"""`/v1/freshness`: how far behind what happened the figures are, what was set aside, and whether everything holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from recouvra.chassis import positions
from recouvra.chassis.database import Connection
from recouvra.chassis.positions import Place
from recouvra.contracts.topics import FACTS, INBOUND, READS, WRITES
from services.reporting.reports.asked import Asked
from services.reporting.reports.instants import told

UNREACHABLE = "unreachable"


class FreshnessAsked(Asked):
    """What may be asked: nothing. Freshness is now's, and no payer's."""

    format: Literal["json"] | None = Field(None, description="There is no other.")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a service's invariants came to when `verify`, in the background or by hand, last checked them.

    Attributes:
        at: none was checked longer ago than this; None before any was.
        broken, unchecked: the names of those that do not hold, and of those that could not be checked.
    """

    at: datetime | None
    broken: Sequence[str]
    unchecked: Sequence[str]


async def own_verified(connection: Connection) -> Verified:
    """What reporting's own came to."""
    rows = await connection.fetch("select invariant, checked_at, broken, failed from verified order by invariant")
    return Verified(
        min((row["checked_at"] for row in rows), default=None),
        [row["invariant"] for row in rows if row["broken"]],
        [row["invariant"] for row in rows if row["failed"] is not None],
    )


def shown(verified: Mapping[str, Verified | None]) -> dict[str, Any]:
    """By service, what its invariants came to; ``unreachable`` where it does not answer."""
    return {
        service: UNREACHABLE
        if one is None
        else {"at": one.at and told(one.at), "broken": list(one.broken), "unchecked": list(one.unchecked)}
        for service, one in sorted(verified.items())
    }


async def topics(
    connection: Connection, ends: Mapping[Place, int] | None, elsewhere: Mapping[str, Mapping[str, int] | None]
) -> list[dict[str, Any]]:
    """A row for each topic: facts, of which reporting reads all, then what upstream publishes.

    Args:
        ends: where each partition ends; None while the broker does not answer.
        elsewhere: by service asked, its waiting dead letters by topic; None of one that does not answer.

    `lag_records` counts what is published and not read yet. `lag_seconds` is 0 where that is nothing, else how long
    ago the figures were last known to hold all that the topic's publishers knew. Both are null where they can't be
    told, and of inbound topics, which reporting does not read. `dead_letters` counts those that wait with the services
    that read the topic: null where none of them runs here, ``unreachable`` where one of them does not answer.
    """
    now = await connection.fetchval("select clock_timestamp()")
    last = {row["topic"]: row["last_fact_at"] for row in await connection.fetch("select * from topic_progress")}
    complete = {row["service"]: row["up_to"] for row in await connection.fetch("select * from complete")}
    own = await connection.fetch("select topic, count(*) as n from dead_letter where state = 'waiting' group by topic")
    letters = dict(elsewhere) | {"reporting": {row["topic"]: row["n"] for row in own}}
    lags = lag_records(ends or {}, await positions.stored(connection))
    rows = []
    for topic in (*FACTS, *INBOUND):
        lag = None if topic in INBOUND else lags.get(topic)
        at = last.get(topic)
        rows.append(
            {
                "topic": topic,
                "last_fact_at": at and told(at),
                "lag_seconds": _lag_seconds(topic, lag, complete, now),
                "lag_records": lag,
                "dead_letters": dead_letters(topic, letters),
            }
        )
    return rows


def lag_records(ends: Mapping[Place, int], stored: Mapping[Place, int]) -> dict[str, int]:
    """By topic, how many offsets lie between what was read and the end; a partition never read counts whole."""
    lags: dict[str, int] = {}
    for place, end in ends.items():
        lags[place.topic] = lags.get(place.topic, 0) + max(0, end - stored.get(place, 0))
    return lags


def _lag_seconds(topic: str, lag: int | None, complete: Mapping[str, datetime], now: datetime) -> float | None:
    if not lag:
        return None if lag is None else 0
    marked = [complete[service] for service, writes in WRITES.items() if topic in writes and service in complete]
    return round(max(0.0, (now - min(marked)).total_seconds()), 1) if marked else None


def dead_letters(topic: str, letters: Mapping[str, Mapping[str, int] | None]) -> int | str | None:
    """The dead letters of one topic, over the services that read it and were asked."""
    asked = [letters[service] for service, reads in READS.items() if topic in reads and service in letters]
    if not asked:
        return None
    if any(answer is None for answer in asked):
        return UNREACHABLE
    return sum(answer.get(topic, 0) for answer in asked if answer is not None)
