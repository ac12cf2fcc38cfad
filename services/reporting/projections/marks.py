"""The marks of the relays: up to which knowledge time everything has been read (DEF-007, ADR 6).

A mark says: "every fact of mine with a knowledge time up to `up_to` stands before these offsets". It is reached when
every offset of it is at or before our stored position. Marks wait in a table, not in memory, and are judged in the
transaction that moves the positions: what they say is as true as the positions are, after any kill.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError

from recouvra.chassis.database import Connection
from recouvra.contracts.codes import Reason, reason_message
from recouvra.contracts.event import Contract, Text
from recouvra.contracts.reading import VALUE_BYTES, Refusal
from recouvra.contracts.record import Record
from recouvra.contracts.topics import WRITES

_ONE_AT_A_TIME = 7_300_000_003  # an advisory lock: of two workers the later one must see the positions of the other
_MOST_WAITING = 128  # of one service: while much is to be read, a few marks along the way do
_Offset = Annotated[int, Field(ge=0, le=2**63 - 1)]
_Year = AfterValidator(lambda at: _within_what_a_clock_tells(at))


class Mark(Contract):
    """A relay's mark, as it travels on the topic of marks."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    service: Annotated[Text, AfterValidator(lambda name: _one_that_writes(name))]
    up_to: Annotated[AwareDatetime, _Year]
    offsets: dict[Text, dict[Annotated[str, Field(pattern=r"^[0-9]{1,9}$")], _Offset]]


def _one_that_writes(name: str) -> str:
    if not WRITES.get(name):
        raise ValueError("a service that publishes facts")
    return name


def _within_what_a_clock_tells(at: datetime) -> datetime:
    if not 2000 <= at.year <= 2099:
        raise ValueError("a year of 2000 to 2099")
    return at


class Marks:
    """Takes marks in (a `Plain` of the chassis). One read twice changes nothing: it is stale, or says it again."""

    def read(self, record: Record) -> Mark:
        """One mark; raises `Refusal` where the record is none."""
        value = record.value or b""
        if len(value) > VALUE_BYTES:
            raise Refusal(Reason.OVERSIZED, reason_message(Reason.OVERSIZED))
        try:
            return Mark.model_validate_json(value)
        except ValidationError as error:
            unparsed = any(fault["type"] == "json_invalid" for fault in error.errors(include_input=False))
            reason = Reason.INVALID_JSON if unparsed else Reason.SCHEMA_MISMATCH
            raise Refusal(reason, reason_message(reason)) from None

    async def take(self, connection: Connection, read: Sequence[Mark]) -> None:
        """Adds marks, any number, to those that wait."""
        await connection.copy_records_to_table(
            "mark",
            columns=("service", "up_to", "offsets"),
            records=[(mark.service, mark.up_to, _JSON.dump_json(mark.offsets).decode()) for mark in read],
        )


_JSON = TypeAdapter(dict[str, dict[str, int]])


async def advance(connection: Connection) -> None:
    """Judges the marks that wait by the positions as this transaction leaves them; to be called last in it.

    A service's `complete.up_to` becomes the greatest of its reached marks, and never goes back; marks that can no
    longer say more are dropped, and where many wait, only some along the way are kept.
    """
    await connection.execute("select pg_advisory_xact_lock($1)", _ONE_AT_A_TIME)
    await connection.execute(_ADVANCE, _MOST_WAITING)


async def complete_up_to(connection: Connection, services: Sequence[str]) -> datetime | None:
    """Up to when every fact of all these services has been read; None while one of them has no reached mark yet."""
    row = await connection.fetchrow(
        "select min(up_to) as up_to, count(*) as services from complete where service = any($1::text[])", services
    )
    assert row is not None
    at: datetime | None = row["up_to"]
    return at if row["services"] == len(services) else None


# A partition that was never read stands at 0.
_ADVANCE = """
with reached as (
    select service, max(up_to) as up_to from mark
    where not exists (
        select from jsonb_each(mark.offsets) as t(topic, partitions)
        cross join jsonb_each_text(t.partitions) as e(partition, next_offset)
        left join position p on p.topic = t.topic and p.partition = e.partition::int
        where e.next_offset::bigint > coalesce(p.next_offset, 0)
    )
    group by service
), told as (
    insert into complete (service, up_to) select * from reached order by service
    on conflict (service) do update set up_to = excluded.up_to where complete.up_to < excluded.up_to
), waiting as (
    select mark.id, mark.up_to <= greatest(complete.up_to, reached.up_to) as is_stale,
        row_number() over (partition by service order by mark.up_to desc, mark.id desc) - 1 as nth,
        (count(*) over (partition by service) + $1::int - 1) / $1::int as stride
    from mark left join complete using (service) left join reached using (service)
)
delete from mark using waiting
where mark.id = waiting.id and (waiting.is_stale or waiting.nth % waiting.stride <> 0)
"""
