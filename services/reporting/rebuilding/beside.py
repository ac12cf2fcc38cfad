"""The schema in which the new read models are made: the same migrations, beside the tables that serve."""

from __future__ import annotations

import hashlib
from pathlib import Path

import asyncpg

import recouvra.chassis
import recouvra.contracts
from recouvra.chassis.database import Connection, keep_every_day
from recouvra.chassis.migrate import CHASSIS as CHASSIS_MIGRATIONS
from recouvra.chassis.migrate import LOCK, bring_up, files_of
from services.reporting.projections.kept import KEPT
from services.reporting.rebuilding.failure import RebuildError

BESIDE = "rebuilding"
"""Its name. No role may be called so: PostgreSQL looks for tables in a schema of the role's name first."""

LEDGERS = tuple(ledger.table for ledger in KEPT)
DERIVED = (
    "standing",
    "summed",
    "summed_of_day",
    "summed_of_month",
    "summed_of_payer",
    "known_in_year",
    "amount_of_day",
)
SWAPPED = ("complete", *LEDGERS, *DERIVED, "topic_progress", "mark", "edition", "inbox", "position")
"""All that is derived from the topics, `complete` first, as reports read it: in this order readers are waited for."""

STAYING = (
    *("dead_letter", "audit", "answered", "pulse", "clock", "outbox"),
    *("journal", "published", "verified", "schema_migration"),
)
"""What people did, and what is about the process and not about facts."""

ONE_AT_A_TIME = 7_300_000_007
"""An advisory lock of the keeper's session."""

_KEEPER = {
    "application_name": "recouvra-rebuild",
    "lock_timeout": "60s",
    # Comparing and counting take what they take; a frozen keeper within a transaction must lose its locks all the same.
    "idle_in_transaction_session_timeout": "4s",
    "timezone": "UTC",
}


async def keeper(url: str) -> asyncpg.Connection:
    """The session that compares and swaps, for as long as it lasts the only one.

    Raises:
        RebuildError: another rebuild is under way.
    """
    connection = await asyncpg.connect(url, timeout=10, server_settings=_KEEPER)
    try:
        await keep_every_day(connection)
        if not await connection.fetchval("select pg_try_advisory_lock($1)", ONE_AT_A_TIME):
            raise RebuildError(
                "une reconstruction est déjà en cours ; attendez sa fin / "
                "a rebuild is under way already; wait until it has ended"
            )
    except BaseException:
        connection.terminate()
        raise
    return connection


async def serving(connection: Connection, migrations: Path) -> str:
    """The schema of the tables that serve.

    Raises:
        RebuildError: they are not those of this version.
    """
    schema = await connection.fetchval(
        "select relnamespace::regnamespace::text from pg_class where oid = to_regclass('schema_migration')"
    )
    wanted = {name for name, _ in files_of(CHASSIS_MIGRATIONS, migrations)}
    applied = await connection.fetch(f"select name from {schema}.schema_migration") if schema else []  # noqa: S608
    if {row["name"] for row in applied} != wanted:
        raise RebuildError(
            "les tables ne sont pas celles de cette version ; lancez d'abord recouvra migrate reporting / "
            "the tables are not those of this version; run recouvra migrate reporting first"
        )
    return str(schema)


async def make(connection: asyncpg.Connection, migrations: Path) -> bool:
    """Makes the schema with empty tables, or finds that of a run that did not end; True: it goes on from there.

    One that was begun by other code is thrown away: rows of both would stand side by side.
    """
    begun_with = _code()
    found = await connection.fetchval(
        "select coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace where nspname = $1", BESIDE
    )
    if found == begun_with:
        await _bring_up(connection, migrations)
        return True
    await drop(connection)
    async with connection.transaction():
        await connection.execute(f"create schema {BESIDE}")
        await connection.execute(f"comment on schema {BESIDE} is '{begun_with}'")
    await _bring_up(connection, migrations)
    return False


async def drop(connection: Connection) -> None:
    """Throws away what was made, if anything was."""
    await connection.execute("set client_min_messages = warning")  # it would tell of each table
    await connection.execute(f"drop schema if exists {BESIDE} cascade")


async def _bring_up(connection: asyncpg.Connection, migrations: Path) -> None:
    """Applies what is missing there; a run may have been killed between two of them."""
    await connection.execute("select pg_advisory_lock($1)", LOCK)
    try:
        await connection.execute(f"set search_path = {BESIDE}")
        await bring_up(connection, files_of(CHASSIS_MIGRATIONS, migrations))
    finally:
        await connection.execute("reset search_path")
        await connection.execute("select pg_advisory_unlock($1)", LOCK)


def _code() -> str:
    """The digest of all that decides what a row says."""
    roots = [*recouvra.contracts.__path__, *recouvra.chassis.__path__, str(Path(__file__).parents[1])]
    files = [path for root in roots for path in Path(root).rglob("*") if path.suffix in (".py", ".sql", ".csv")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()
