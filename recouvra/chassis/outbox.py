"""Facts committed with their effect; a relay publishes them afterwards (ADR 3). Publishing from memory loses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import uuid_utils.compat as uuid_utils

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Fact


class Caused(NamedTuple):
    """A fact, and the trace of what caused it."""

    fact: Fact
    traceparent: str | None
    key: bytes | None = None  # the raw record key, where the fact's own key cannot say it (a dead letter's)


async def put(connection: Connection, facts: Sequence[Caused]) -> None:
    """Adds facts in the order given; of one key that is the order of publication, since the key's account is locked."""
    if not facts:
        return
    keys = [c.key if c.fact.key is None else c.fact.key.encode() for c in facts]
    await connection.execute(
        "insert into outbox (topic, key, value, event_id, known_at, traceparent) "
        "select * from unnest($1::text[], $2::bytea[], $3::bytea[], $4::uuid[], $5::timestamptz[], $6::text[])",
        [c.fact.event.topic for c in facts],
        keys,
        [c.fact.event.to_json() for c in facts],
        [uuid_utils.uuid7() for _ in facts],
        [c.fact.known_at for c in facts],
        [c.traceparent for c in facts],
    )
