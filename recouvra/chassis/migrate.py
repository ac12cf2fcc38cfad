"""Schema changes as numbered SQL files, each applied once, in one transaction, under one lock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from recouvra.chassis.database import Connection

CHASSIS = Path(__file__).parent / "migrations"
LOCK = 7_300_000_001
"""Held while tables are made; shared while they are copied: two migrations at once must queue."""


class MigrationError(RuntimeError):
    """A file was changed after it was applied, or its number or name is off."""


def files_of(*folders: Path) -> list[tuple[str, Path]]:
    """The files to apply, in order, as (name, path): a folder's own order, folder after folder.

    The chassis's come first (its tables carry no rule), then the service's. A name is ``room/NNNN_what.sql``.
    """
    found = []
    for folder in folders:
        room = folder.parent.name
        for path in sorted(folder.glob("*.sql")):
            if not re.fullmatch(r"[0-9]{4}_[a-z0-9_]+\.sql", path.name):
                raise MigrationError(f"{path.name}: NNNN_what_it_creates.sql attendu / expected")
            found.append((f"{room}/{path.name}", path))
    return found


async def migrate(url: str, service_migrations: Path) -> list[str]:
    """Applies what is missing; returns the names applied, in order.

    Raises:
        MigrationError: an applied file no longer has the content that was applied.
    """
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        return await bring_up(connection, files_of(CHASSIS, service_migrations))
    finally:
        await connection.close()


async def bring_up(connection: asyncpg.Connection, files: Sequence[tuple[str, Path]]) -> list[str]:
    """Applies those of the files that are missing, for whoever holds the lock; returns the names applied, in order.

    Raises:
        MigrationError: an applied file no longer has the content that was applied.
    """
    applied = []
    await connection.execute(
        "create table if not exists schema_migration (name text primary key, sha256 text not null, "
        "applied_at timestamptz not null default now())"
    )
    rows = await connection.fetch("select name, sha256 from schema_migration")
    known = {row["name"]: row["sha256"] for row in rows}
    for name, path in files:
        text = path.read_text("utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        if name in known:
            if known[name] != digest:
                raise MigrationError(f"{name} a changé après application / changed after it was applied")
            continue
        async with connection.transaction():
            await connection.execute(text)
            await connection.execute("insert into schema_migration (name, sha256) values ($1, $2)", name, digest)
        applied.append(name)
    return applied


async def missing(connection: Connection, names: Sequence[str]) -> list[str]:
    """Which of the named migrations are not applied yet (all, where none ever was)."""
    if await connection.fetchval("select to_regclass('schema_migration')") is None:
        return list(names)
    known = {row["name"] for row in await connection.fetch("select name from schema_migration")}
    return [name for name in names if name not in known]
