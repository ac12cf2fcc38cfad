"""Facts committed with their effect; a relay publishes them afterwards (ADR 3). Publishing from memory loses them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from recouvra.chassis.database import Connection
from recouvra.chassis.journal import Cause
from recouvra.chassis.outcome import Fact


class Caused(NamedTuple):
    """A fact, and the trace of what caused it.

    Attributes:
        of: which of the cause's records it comes from, as text; empty for an act, which has none.
        key: the raw record key, where the fact's own key cannot say it (a dead letter's).
    """

    fact: Fact
    traceparent: str | None = None
    of: str = ""
    key: bytes | None = None


async def put(connection: Connection, cause: Cause, facts: Sequence[Caused]) -> None:
    """Adds a cause to the journal, and its facts in the order given.

    Of one key that is the order of publication, since the key's account is locked; and of causes that touch one key,
    the order of the journal.
    """
    await cause.keep(connection)
    if not facts:
        return
    keys = [c.key if c.fact.key is None else c.fact.key.encode() for c in facts]
    await connection.execute(
        "insert into outbox (topic, key, value, event_id, known_at, traceparent) "
        "select * from unnest($1::text[], $2::bytea[], $3::bytea[], $4::uuid[], $5::timestamptz[], $6::text[])",
        [c.fact.event.topic for c in facts],
        keys,
        [c.fact.event.to_json() for c in facts],
        _event_ids(cause, facts),
        [c.fact.known_at for c in facts],
        [c.traceparent for c in facts],
    )


def _event_ids(cause: Cause, facts: Sequence[Caused]) -> list[UUID]:
    """The same for the same cause and record, however often it is done."""
    seen: Counter[str] = Counter()
    found = []
    for caused in facts:
        found.append(cause.fact_id(caused.of, seen[caused.of]))
        seen[caused.of] += 1
    return found
