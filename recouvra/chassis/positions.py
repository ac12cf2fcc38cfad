"""Where each partition is read up to: moved by compare-and-set, first thing in the transaction that has the effects.

Two workers that both believe they own a partition, a zombie that wakes up, group offsets that were reset: each starts
from a position that is no longer the stored one, moves nothing, and its whole transaction is undone (ADR 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from recouvra.chassis.database import Connection


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


class PositionLost(Exception):
    """Somebody else moved a position that this batch started from: read the positions again."""


async def stored(connection: Connection) -> dict[Place, int]:
    """The next offset to read, of every partition that this service ever read."""
    rows = await connection.fetch("select topic, partition, next_offset from position")
    return {Place(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def move(connection: Connection, moves: Mapping[Place, tuple[int, int]]) -> None:
    """Moves each partition from the first offset to the second; a partition never read before is created.

    Of two that move the same partitions at once one may be ended for a deadlock: it is tried again, and finds them
    moved.

    Raises:
        PositionLost: a partition does not stand where the move starts.
    """
    order = sorted(moves)
    moved = await connection.fetchval(
        """
        with wanted as (
            select * from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) as w(topic, partition, at, next)
        ), updated as (
            update position p set next_offset = w.next from wanted w
            where p.topic = w.topic and p.partition = w.partition and p.next_offset = w.at
            returning 1
        ), created as (
            insert into position (topic, partition, next_offset)
            select w.topic, w.partition, w.next from wanted w
            where not exists (select from position p where p.topic = w.topic and p.partition = w.partition)
            order by w.topic, w.partition
            on conflict do nothing
            returning 1
        )
        select (select count(*) from updated) + (select count(*) from created)
        """,
        [place.topic for place in order],
        [place.partition for place in order],
        [moves[place][0] for place in order],
        [moves[place][1] for place in order],
    )
    if moved != len(order):
        raise PositionLost
