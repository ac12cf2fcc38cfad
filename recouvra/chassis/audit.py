"""Who did what, and who read of a person, over HTTP: one line each, in the transaction that did it."""

from __future__ import annotations

from typing import Any

from recouvra.chassis.callers import Caller
from recouvra.chassis.database import Connection
from recouvra.chassis.journal import Cause


async def keep(
    connection: Connection,
    caller: Caller,
    act: str,
    subject: str,
    reason: str | None = None,
    cause: Cause | None = None,
) -> None:
    """Adds a line: `act` is a verb of the service (``replay``), `subject` the identifier of what it was done to.

    An act that has a cause stands at its time, also where it is done again.
    """
    await connection.execute(
        "insert into audit (at, who, act, subject, reason, cause) "
        "values (coalesce($5, clock_timestamp()), $1, $2, $3, $4, $6)",
        caller.name,
        act,
        subject,
        reason,
        cause and cause.at,
        cause and cause.id,
    )


async def page(
    connection: Connection, *, act: str | None, subject: str | None, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Lines by their numbers, from beyond id `after`, and the id to go on after (or None).

    A line whose transaction ended late may come to stand before those that were shown already.
    """
    rows = await connection.fetch(
        "select id, at, who, act, subject, reason from audit where ($1::text is null or act = $1) "
        "and ($2::text is null or subject = $2) and id > $3 order by id limit $4",
        act,
        subject,
        after,
        limit + 1,
    )
    return [dict(row) for row in rows[:limit]], rows[limit - 1]["id"] if len(rows) > limit else None


async def of(connection: Connection, subject: str, *, limit: int) -> list[dict[str, Any]]:
    """What was done to one subject: `at`, `who`, `act` and `reason`, oldest first."""
    rows = await connection.fetch(
        "select at, who, act, reason from audit where subject = $1 order by id limit $2", subject, limit
    )
    return [dict(row) for row in rows]
