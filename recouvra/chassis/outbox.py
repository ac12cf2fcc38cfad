"""Facts committed with their effect; a relay publishes them afterwards (ADR 3). Publishing from memory loses them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

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
    await connection.copy_records_to_table("outbox", columns=_COLUMNS, records=list(_rows(cause, facts)))


_COLUMNS = ("topic", "key", "value", "event_id", "known_at", "traceparent")


def _rows(cause: Cause, facts: Sequence[Caused]) -> Iterator[tuple[Any, ...]]:
    """A row a fact, whose event id is the same for the same cause and record, however often it is done."""
    fact_id, seen = cause.fact_ids(), Counter[str]()
    for (event, known_at, named), traceparent, of, key in facts:
        yield (
            event.topic,
            key if named is None else named.encode(),
            event.to_json(),
            fact_id(of, seen[of]),
            known_at,
            traceparent,
        )
        seen[of] += 1
