"""Records that could not be read or were refused: kept whole, told to their publisher, listed for operators."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from recouvra.chassis import audit
from recouvra.chassis.database import Connection
from recouvra.chassis.outbox import Caused
from recouvra.chassis.outcome import Fact
from recouvra.contracts.codes import Message, Reason
from recouvra.contracts.reading import VALUE_BYTES
from recouvra.contracts.record import Record
from recouvra.contracts.record_refused import RecordRefused


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record set aside, and why; `source` and `event_id` where its envelope tells them."""

    record: Record
    reason: Reason
    message: Message
    source: str | None
    event_id: str | None
    at: datetime

    def told(self, service: str) -> Caused:
        """The `record-refused` that tells it, on the record's own key (none where that key could not be published)."""
        record = self.record
        key = record.key if len(record.key or b"") <= VALUE_BYTES else None
        refused = RecordRefused(
            service=service,
            refused_topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            source=self.source,
            event_id=self.event_id,
            reason=self.reason,
            message=self.message,
        )
        return Caused(Fact(refused, self.at, None), None, f"{place_of(record)} refused", key)


def place_of(record: Record) -> str:
    """Where a record stands, as text."""
    return f"{record.topic}/{record.partition}@{record.offset}"


async def put(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Adds the letters, in the order in which they were met."""
    if not letters:
        return
    await connection.executemany(
        'insert into dead_letter (topic, partition, "offset", key, value, header_names, header_values, source, '
        "event_id, reason, message_fr, message_en, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        [
            (
                letter.record.topic,
                letter.record.partition,
                letter.record.offset,
                letter.record.key,
                letter.record.value,
                [storable(name) for name, _ in letter.record.headers],
                [value for _, value in letter.record.headers],
                storable(letter.source),
                storable(letter.event_id),
                letter.reason.value,
                letter.message.fr,
                letter.message.en,
                letter.at,
            )
            for letter in letters
        ],
    )


def storable(text: str | None) -> Any:
    """PostgreSQL's text holds no U+0000: it is shown as U+2400 (the raw record keeps it)."""
    return None if text is None else text.replace("\x00", "␀")


_SHOWN = (
    'id, topic, partition, "offset", key, value, header_names, header_values, reason, message_fr, message_en, at, state'
)
_PAGE_BYTES = 4 << 20  # of records: shown, and on their way, they take several times as much of the API's memory
_BYTES = "(coalesce(octet_length(value), 0) + coalesce(octet_length(key), 0) + octet_length(array_send(header_values)))"


def _shown(row: asyncpg.Record) -> dict[str, Any]:
    """A letter as the face shows it: raw bytes in base64."""

    def encoded(raw: bytes | None) -> str | None:
        return None if raw is None else base64.b64encode(raw).decode()

    return {
        "id": row["id"],
        "topic": row["topic"],
        "partition": row["partition"],
        "offset": row["offset"],
        "key": encoded(row["key"]),
        "value": encoded(row["value"]),
        "headers": [
            [name, encoded(value)] for name, value in zip(row["header_names"], row["header_values"], strict=True)
        ],
        "reason": row["reason"],
        "message": {"fr": row["message_fr"], "en": row["message_en"]},
        "at": row["at"].isoformat().replace("+00:00", "Z"),
        "state": row["state"],
    }


async def page(
    connection: Connection,
    *,
    reason: str | None,
    topic: str | None,
    state: str | None,
    source: str | None,
    after: int,
    limit: int,
) -> tuple[list[dict[str, Any]], int | None, int]:
    """Letters by their numbers, from beyond id `after`: as many as asked for, or fewer where they are large.

    A letter whose transaction ended late may come to stand before those that were shown already.

    Returns:
        The rows, the id to go on after (None at the end), and how many letters all pages hold.
    """
    where = (
        "($1::text is null or reason = $1) and ($2::text is null or topic = $2) "
        "and ($3::text is null or state = $3) and ($4::text is null or source = $4)"
    )
    rows = await connection.fetch(
        f"select {_SHOWN}, following from (select *, lead(id) over w as following, "  # noqa: S608 - constants
        f"sum({_BYTES}) over w - {_BYTES} as before from (select * from dead_letter where {where} and id > $5 "
        "order by id limit $6) next window w as (order by id)) shown where before < $7 order by id limit $8",
        reason,
        topic,
        state,
        source,
        after,
        limit + 1,
        _PAGE_BYTES,
        limit,
    )
    total = await connection.fetchval(
        f"select count(*) from dead_letter where {where}",  # noqa: S608 - constants
        reason,
        topic,
        state,
        source,
    )
    following = rows[-1]["id"] if rows and rows[-1]["following"] is not None else None
    return [_shown(row) for row in rows], following, total


async def one(connection: Connection, letter_id: int) -> dict[str, Any] | None:
    """One letter, with what was done with it (`acts`, oldest first), or None."""
    row = await connection.fetchrow(
        f"select {_SHOWN} from dead_letter where id = $1",  # noqa: S608 - constants
        letter_id,
    )
    if row is None:
        return None
    return _shown(row) | {"acts": await audit.of(connection, subject(letter_id), limit=100)}


def subject(letter_id: int) -> str:
    """What the audit line of an act on a letter names."""
    return f"dead-letter/{letter_id}"


@dataclass(frozen=True, slots=True)
class TakenUp:
    """A letter that nobody else can act on until the transaction ends."""

    record: Record
    state: str


async def take_up(connection: Connection, letter_id: int) -> TakenUp | None:
    """Locks a letter and returns its record as it was read, or None where there is no such letter."""
    row = await connection.fetchrow(
        'select topic, partition, "offset", key, value, header_names, header_values, state from dead_letter '
        "where id = $1 for update",
        letter_id,
    )
    if row is None:
        return None
    headers = tuple(zip(row["header_names"], row["header_values"], strict=True))
    record = Record(row["topic"], row["partition"], row["offset"], row["key"], row["value"], headers)
    return TakenUp(record, row["state"])


async def of_place(connection: Connection, topic: str, partition: int, offset: int) -> int:
    """The number of the letter that waits, of the record at this place; raises LookupError where none does."""
    found: int | None = await connection.fetchval(
        "select max(id) from dead_letter where (topic, partition, \"offset\", state) = ($1, $2, $3, 'waiting')",
        topic,
        partition,
        offset,
    )
    if found is None:
        raise LookupError(f"no dead letter waits of {topic}/{partition}@{offset}")
    return found


async def settle(connection: Connection, letter_id: int, state: str, refused: DeadLetter | None = None) -> None:
    """Gives a letter its new state and, where it is refused still, the reason of now."""
    await connection.execute("update dead_letter set state = $2 where id = $1", letter_id, state)
    if refused is not None:
        await connection.execute(
            "update dead_letter set reason = $2, message_fr = $3, message_en = $4, source = $5, event_id = $6 "
            "where id = $1",
            letter_id,
            refused.reason.value,
            refused.message.fr,
            refused.message.en,
            storable(refused.source),
            storable(refused.event_id),
        )
