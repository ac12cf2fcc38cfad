"""Which events were taken in already: an event's identity is its for ever (DEF-027)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import asyncpg

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Retry
from recouvra.contracts.reading import Received

Identity = tuple[str, str]


class Verdict(Enum):
    """What an event's identity says of it."""

    FRESH = "fresh"
    REPEATED = "repeated"
    CONFLICTING = "conflicting"


class Inbox:
    """The claims that a batch may meet, read under its locks, judged in memory one event after the other.

    A claim that another transaction makes meanwhile (the same event id on two keys) shows when the new claims are
    inserted: the primary key refuses, and the whole batch is taken again.
    """

    def __init__(self, claims: dict[Identity, bytes]) -> None:
        self._claims = claims
        self._new: dict[Identity, bytes] = {}
        self._released: set[Identity] = set()

    @classmethod
    async def load(cls, connection: Connection, events: Sequence[Received]) -> Inbox:
        """Reads what is claimed of these events' identities; `events` in any order, repeats allowed."""
        rows = await connection.fetch(
            # `offset 0`: key by key through the index, however many a planner believes that there are.
            "select found.* from unnest($1::text[], $2::text[]) w(source, event_id), lateral (select source, event_id, "
            "content from inbox where source = w.source and event_id = w.event_id offset 0) found",
            [e.envelope.source for e in events],
            [e.envelope.event_id for e in events],
        )
        return cls({(row["source"], row["event_id"]): row["content"] for row in rows})

    def judge(self, received: Received) -> Verdict:
        """What this event is, given all claims made before it."""
        content = self._claims.get((received.envelope.source, received.envelope.event_id))
        if content is None:
            return Verdict.FRESH
        return Verdict.REPEATED if content == received.content else Verdict.CONFLICTING

    def claim(self, received: Received) -> None:
        """The event took effect, waits or was answered."""
        identity = received.envelope.source, received.envelope.event_id
        self._claims[identity] = self._new[identity] = received.content

    def release(self, identity: Identity) -> None:
        """A record that waited was set aside: a dead letter claims nothing."""
        self._claims.pop(identity, None)
        if self._new.pop(identity, None) is None:
            self._released.add(identity)

    async def save(self, connection: Connection) -> None:
        """Writes the new claims in key order.

        Raises:
            Retry: another transaction claimed one of them meanwhile.
        """
        if self._released:
            await connection.execute(
                "delete from inbox using unnest($1::text[], $2::text[]) as w(source, event_id) "
                "where inbox.source = w.source and inbox.event_id = w.event_id",
                *map(list, zip(*sorted(self._released), strict=True)),
            )
        if not self._new:
            return
        try:
            await connection.copy_records_to_table(
                "inbox",
                columns=("source", "event_id", "content"),
                records=[(*identity, content) for identity, content in sorted(self._new.items())],
            )
        except asyncpg.UniqueViolationError as error:
            raise Retry("an event id was claimed meanwhile") from error
