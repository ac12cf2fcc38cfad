"""One database replaced by a copy of it (backup.py), in one transaction: whatever dies, it is the old one or the new.

Nothing tells a service that it was restored. Its worker finds that its own topics know more than its database, and does
again what is missing before it goes on (catching_up.py).
"""

from __future__ import annotations

import asyncio
import hashlib
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from recouvra.chassis.backup import COPYING, BackupError, DatabaseCopy, Progress, TableCopy
from recouvra.chassis.migrate import CHASSIS, LOCK, MigrationError, bring_up, files_of

_PIECE = 1 << 20
_PATIENCE_SECONDS = 5


def check(copy: DatabaseCopy, folder: Path, migrations: Path, progress: Progress) -> None:
    """Reads every file of a copy; touches nothing.

    Raises:
        BackupError: a file is not what was written, or this version does not know how its tables were made.
    """
    ours = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files_of(CHASSIS, migrations)}
    if unknown := sorted(set(copy.migrations) - set(ours)):
        raise BackupError(
            f"la sauvegarde vient d'une version plus récente ({unknown[0]}) : mettez le logiciel à jour d'abord.",
            f"the backup was made by a newer version ({unknown[0]}): upgrade first.",
        )
    if changed := sorted(name for name, digest in copy.migrations.items() if ours[name] != digest):
        raise BackupError(
            f"la sauvegarde vient d'une autre édition du logiciel ({changed[0]} diffère).",
            f"the backup was made by another edition of the program ({changed[0]} differs).",
        )
    for table in copy.tables:
        if _digest(folder / table.file, table, progress) != table.sha256:
            raise BackupError(
                f"{table.file} manque ou a été abîmé : prenez une autre sauvegarde.",
                f"{table.file} is missing or damaged: take another backup.",
            )


def _digest(path: Path, table: TableCopy, progress: Progress) -> str | None:
    """The digest of a file; None where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                progress(table.name, len(piece))
    except OSError:
        return None
    return digest.hexdigest()


async def put_back(
    url: str, copy: DatabaseCopy, folder: Path, migrations: Path, progress: Progress, *, publishes: bool
) -> None:
    """Replaces all that a database holds by a checked copy, then applies the migrations that came after it.

    Whoever connects, what it makes is the database owner's. Of a service that `publishes` nobody may act on it before
    its worker has looked whether its topics know more.

    Raises:
        BackupError: somebody is connected, at the beginning or at the end, or is migrating or backing up; the
            database is another's; or the copy does not fit. The database is then what it was.
    """
    settings = COPYING | {"application_name": "recouvra-restore", "synchronous_commit": "on"}
    connection = await asyncpg.connect(url, timeout=10, server_settings=settings)
    try:
        await _left_alone(connection)
        await _refuse_another(connection, migrations.parent.name)
        owner = "select quote_ident(pg_get_userbyid(datdba)) from pg_database where datname = current_database()"
        await connection.execute(f"set role {await connection.fetchval(owner)}")
        async with connection.transaction():
            await _clear(connection)
            files = files_of(CHASSIS, migrations)
            try:
                await bring_up(connection, [file for file in files if file[0] in copy.migrations])
                for table in copy.tables:
                    await _fill(connection, table, folder / table.file, progress)
                await bring_up(connection, files)
                if publishes:
                    await connection.execute("update clock set is_behind = true")
            except MigrationError as error:
                raise BackupError(str(error), str(error)) from error
            await connection.execute("analyze")
            await _refuse_company(connection)
    finally:
        await connection.close(timeout=5)


async def _left_alone(connection: asyncpg.Connection) -> None:
    """Takes the lock of whoever makes tables, and waits a little: a session of one that was killed needs a moment."""
    patience = time.monotonic() + _PATIENCE_SECONDS
    has_lock = False
    while True:
        has_lock = has_lock or await connection.fetchval("select pg_try_advisory_lock($1)", LOCK)
        try:
            if has_lock:
                return await _refuse_company(connection)
            raise BackupError(
                "une autre restauration, une sauvegarde ou une migration est en cours : attendez sa fin.",
                "another restore, a backup or a migration is under way: wait for its end.",
            )
        except BackupError:
            if time.monotonic() > patience:
                raise
        await asyncio.sleep(0.2)


async def _refuse_company(connection: asyncpg.Connection) -> None:
    """A service that works meanwhile would go on from what it remembers of the old database."""
    others = await connection.fetchval(
        "select count(*) from pg_stat_activity "  # of the server's own workers usesysid is null
        "where datname = current_database() and pid <> pg_backend_pid() and usesysid is not null"
    )
    if others:
        raise BackupError(
            f"la base est utilisée (sessions : {others}) : arrêtez d'abord les services.",
            f"the database is in use (sessions: {others}): stop the services first.",
        )


async def _refuse_another(connection: asyncpg.Connection, service: str) -> None:
    """An address that was mistaken must not cost another service, or another program, its data."""
    tables = "select from pg_class where relnamespace = to_regnamespace('public') and relkind in ('r', 'p', 'v', 'm')"
    if not await connection.fetchval(f"select exists ({tables})"):
        return
    applied = []
    if await connection.fetchval("select to_regclass('public.schema_migration')") is not None:
        applied = await connection.fetch("select name from public.schema_migration")
    if not any(row["name"].startswith(f"{service}/") for row in applied):
        raise BackupError(
            f"cette base n'est pas celle de {service} : vérifiez l'adresse.",
            f"this database is not that of {service}: check the address.",
        )


async def _clear(connection: asyncpg.Connection) -> None:
    """Drops the service's tables, those of a half-made rebuild too."""
    await connection.execute("drop schema if exists public, rebuilding cascade")
    await connection.execute("create schema public")


async def _fill(connection: asyncpg.Connection, table: TableCopy, path: Path, progress: Progress) -> None:
    """Puts a table's rows in the place of those that its migrations made, and sets what counts by itself.

    No trigger sees them: what it would change in another table is in the copy of that table already.
    """
    quoted = '"' + table.name.replace('"', '""') + '"'
    await connection.execute(f"truncate {quoted}; alter table {quoted} disable trigger user")
    status = await connection.copy_to_table(
        table.name, source=_pieces(path, table, progress), columns=list(table.columns), schema_name="public"
    )
    if (rows := int(status.split()[1])) != table.rows:
        raise BackupError(
            f"{table.name} : {rows} lignes au lieu de {table.rows}.", f"{table.name}: {rows} rows, not {table.rows}."
        )
    await connection.execute(f"alter table {quoted} enable trigger user")
    for column, value in table.next_values.items():
        named = '"' + column.replace('"', '""') + '"'
        await connection.execute(f"alter table {quoted} alter column {named} restart with {value:d}")


async def _pieces(path: Path, table: TableCopy, progress: Progress) -> AsyncIterator[bytes]:
    """What a gzip file holds, in pieces of bounded size however well it is packed."""
    unpacking = zlib.decompressobj(wbits=31)
    with path.open("rb") as file:
        while packed := file.read(_PIECE >> 4):
            progress(table.name, len(packed))
            while packed:
                if plain := unpacking.decompress(packed, _PIECE):
                    yield plain
                packed = unpacking.unconsumed_tail
    if plain := unpacking.flush():
        yield plain
