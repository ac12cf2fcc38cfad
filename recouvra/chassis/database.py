"""Sessions on a service's own PostgreSQL: writers for a worker, a pool for the API; and which errors pass."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta

import asyncpg

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

_EPOCH = date(2000, 1, 1).toordinal()  # PostgreSQL counts days from here

# A frozen client (SIGSTOP, a lost network) must not keep row locks for ever: the server ends its session. But for one
# frozen while it sends a COPY or takes a large answer, for some milliseconds: there no limit holds (`end_frozen`).
WRITER = {
    "application_name": "recouvra-worker",
    "statement_timeout": "60s",
    "lock_timeout": "10s",
    "transaction_timeout": "90s",
    "idle_in_transaction_session_timeout": "4s",
    "synchronous_commit": "on",
    "timezone": "UTC",
}
# The relay's election is an advisory lock of its session: a frozen relay must lose it (it speaks at least each second).
RELAY = {
    "application_name": "recouvra-relay",
    "statement_timeout": "5s",
    "idle_session_timeout": "4s",
    "idle_in_transaction_session_timeout": "4s",
    "timezone": "UTC",
}
# Looks at everything for a minute or so, and keeps nobody waiting: it only reads, on one processor.
VERIFIER = {
    "application_name": "recouvra-verify",
    "statement_timeout": "600s",
    "idle_in_transaction_session_timeout": "600s",
    "max_parallel_workers_per_gather": "0",
    "work_mem": "32MB",
    "timezone": "UTC",
}
READER = {
    "application_name": "recouvra-api",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
}


# The classes of SQLSTATE that blame a row and not the moment (54: a key too long for an index), and the errors of
# Python that blame a value: trying again would fail again. A statement of ours raised them over what a record says.
_OF_THE_ROW = ("22", "23", "54")
_OF_THE_VALUE = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, RecursionError, TypeError)


def is_of_the_record(error: Exception) -> bool:
    """True where an error comes from what a record says, so that only setting that record aside can help.

    Everything else (a lost connection, a full disk, a deadlock, a missing table, a shutdown) passes or is mended from
    outside, and no record may be blamed for it: the batch waits and is tried again.
    """
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_OF_THE_ROW)
    return isinstance(error, (*_OF_THE_VALUE, ValueError))  # asyncpg's DataError, a value it can't encode, is one


def is_of_the_size(error: Exception) -> bool:
    """True where a transaction ran out of time, or its session ended under it: in halves it may get through."""
    if isinstance(error, asyncpg.PostgresError):
        # statement cancelled; idle in, or too long in, a transaction; the session is gone
        return error.sqlstate in ("57014", "25P03", "25P04", "08003", "57P01")
    # A session that ended shows at asyncpg's own door too: it is closed, or its transaction can't be left in order.
    return isinstance(error, (TimeoutError, asyncpg.InternalClientError, asyncpg.InterfaceError))


_PLANS_SECONDS = 20
"""A plan that is kept is made for tables as small as they then were; while a fund is loaded they grow fast."""
SILENT_SECONDS = 35
"""After which an API takes its server for gone; READER's own limit comes first, and says that a statement was slow."""


async def connect(url: str, settings: dict[str, str], seconds: float = 65) -> asyncpg.Connection:
    """A session of its own with these settings; raises what asyncpg raises, TimeoutError after 5 s.

    The limit on a statement's time is the server's; `seconds` is for a server that no longer answers at all.
    """
    connection = await asyncpg.connect(
        url, timeout=5, command_timeout=seconds, max_cached_statement_lifetime=_PLANS_SECONDS, server_settings=settings
    )
    await keep_every_day(connection)
    return connection


async def keep_every_day(connection: Connection) -> None:
    """Makes a session write the first and the last day that a date can have as the days that they are.

    asyncpg would write them as PostgreSQL's infinities, which no report can subtract, nor tell the month of: one care
    form filed "9999-12-31" would end every answer about all of them.
    """
    await connection.set_type_codec(
        "date",
        schema="pg_catalog",
        encoder=lambda day: (day.toordinal() - _EPOCH,),
        decoder=lambda days: date.fromordinal(days[0] + _EPOCH),
        format="tuple",
    )


async def end_frozen(connection: Connection, after: timedelta = timedelta(seconds=20)) -> int:
    """Ends the sessions of workers that have been sending or taking so long, or of an API that has been sending.

    PostgreSQL waits for ever for the next byte of a COPY, or for its client to take an answer's next byte, whatever
    its timeouts; who is frozen there would keep its locks as long. Who lives does either within a second; one that was
    only slow tries again.

    Returns:
        How many there were.
    """
    ended = await connection.fetch(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
        "and (application_name, wait_event) in (($1, 'ClientRead'), ($1, 'ClientWrite'), ($2, 'ClientRead')) "
        "and state = 'active' and query_start < clock_timestamp() - $3::interval",
        WRITER["application_name"],
        READER["application_name"],
        after,
    )
    return len(ended)


async def _as_it_was(connection: asyncpg.Connection) -> None:
    """Nothing to reset, a round trip less: an API sets, locks and declares for its transactions, never its sessions."""


class Database:
    """The API's pool, opened when first asked for, so that an API starts, and says so, while its database is away."""

    def __init__(self, url: str, session: Mapping[str, str] = READER, size: int = 8) -> None:
        self._url, self._session, self._size = url, dict(session), size
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def pool(self) -> asyncpg.Pool:
        """The pool; raises what asyncpg raises where the database does not answer within 5 s."""
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=0,
                    max_size=self._size,
                    timeout=5,
                    command_timeout=SILENT_SECONDS,
                    max_cached_statement_lifetime=_PLANS_SECONDS,
                    server_settings=self._session,
                    init=keep_every_day,
                    reset=_as_it_was,
                )
        return self._pool

    async def close(self) -> None:
        """Closes what was opened; waits no longer than 5 s for statements under way."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 5)
            except TimeoutError:
                self._pool.terminate()
            self._pool = None
