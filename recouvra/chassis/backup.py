"""One database written to files: every table whole, all of them as of one snapshot, while its service works on.

Each table is one gzip of PostgreSQL's own text format (`zcat` shows it, `copy … from` takes it), so that any later
version of the server reads it. What makes the tables is not in it: migrations are, by name and digest, and whoever puts
the database back has their files (restore.py).
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from recouvra.chassis.migrate import LOCK

Progress = Callable[[str, int], None]
"""Told of a table's name, and of the bytes of it that were copied since it was told last, as they lie in the file."""

COPYING = {
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": "60s",
    "client_encoding": "UTF8",
    "timezone": "UTC",
    "datestyle": "ISO",
    "extra_float_digits": "1",
}
"""What both ways need: no end but the copy's own, and texts that mean the same everywhere."""

# Partitions are read through their parent. What a table computes by itself is computed again.
_TABLES = """
select relname as name, quote_ident(relname) as quoted,
       array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped
             and attgenerated = '' order by attnum) as columns,
       array(select attname::text from pg_attribute where attrelid = c.oid and attidentity <> '' order by attnum)
           as counters
from pg_class c
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
order by relname
"""


class BackupError(RuntimeError):
    """What was asked for cannot be done; a sentence in each language says what to do."""

    def __init__(self, fr: str, en: str) -> None:
        super().__init__(f"{fr} / {en}")
        self.fr = fr
        self.en = en


class TableCopy(BaseModel):
    """One table: its file, what is in it, and the next value of each column that counts by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    columns: Sequence[str]
    next_values: Mapping[str, int]
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    file: str = Field(pattern=r"^[A-Za-z0-9_]+\.gz$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class DatabaseCopy(BaseModel):
    """One database as of one instant.

    Attributes:
        taken_at: the snapshot's instant.
        migrations: what made its tables: name and digest, as they were applied.
        positions: by topic and partition, up to where its service had read.
        published: up to where it knew the topics that it writes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    taken_at: datetime
    migrations: Mapping[str, str]
    positions: Mapping[str, Mapping[int, int]]
    published: Mapping[str, Mapping[int, int]]
    tables: Sequence[TableCopy]


async def write(url: str, folder: Path, progress: Progress) -> DatabaseCopy:
    """Copies a database into a new folder that only its owner can read; every file is on the disk when it returns.

    The transaction is read-only: it blocks no worker, and holds no mark back, since a mark waits for writers only
    (ADR 6). Migrations wait for its end.

    Raises:
        BackupError: nothing was ever made in this database.
    """
    os.mkdir(folder, mode=0o700)
    settings = COPYING | {"application_name": "recouvra-backup"}
    connection = await asyncpg.connect(url, timeout=10, server_settings=settings)
    try:
        await connection.execute("select pg_advisory_lock_shared($1)", LOCK)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if await connection.fetchval("select to_regclass('public.schema_migration')") is None:
                raise BackupError(
                    "cette base est vide : lancez d'abord « recouvra migrate ».",
                    "this database is empty: run “recouvra migrate” first.",
                )
            taken_at = await connection.fetchval("select clock_timestamp()")
            applied = await connection.fetch("select name, sha256 from schema_migration order by applied_at, name")
            found = await connection.fetch(_TABLES)
            copy = DatabaseCopy(
                taken_at=taken_at,
                migrations={row["name"]: row["sha256"] for row in applied},
                positions=await _offsets(connection, "position"),
                published=await _offsets(connection, "published"),
                tables=[await _write_table(connection, table, folder, progress) for table in found],
            )
    finally:
        await connection.close(timeout=5)
    flush(folder)
    return copy


async def _write_table(
    connection: asyncpg.Connection, table: asyncpg.Record, folder: Path, progress: Progress
) -> TableCopy:
    name, columns = table["name"], list(table["columns"])
    file = _Compressed(folder / f"{name}.gz", lambda count: progress(name, count))
    try:
        quoted = ", ".join('"' + column.replace('"', '""') + '"' for column in columns)
        status = await connection.copy_from_query(
            f"select {quoted} from public.{table['quoted']}",  # noqa: S608 (both from the catalogue, quoted)
            output=file.write,
        )
        file.finish()
    finally:
        file.close()
    return TableCopy(
        name=name,
        columns=columns,
        next_values={column: await _next_value(connection, table["quoted"], column) for column in table["counters"]},
        rows=int(status.split()[1]),
        bytes=file.size,
        file=file.path.name,
        sha256=file.sha256,
    )


async def _next_value(connection: asyncpg.Connection, quoted: str, column: str) -> int:
    """What a column counts to next: at least as far as the snapshot's rows, since a counter waits for no commit."""
    sequence = await connection.fetchval("select pg_get_serial_sequence($1, $2)", f"public.{quoted}", column)
    return int(await connection.fetchval(f"select last_value + is_called::int from {sequence}"))  # noqa: S608 (quoted)


async def _offsets(connection: asyncpg.Connection, table: str) -> dict[str, dict[int, int]]:
    """A table of offsets by topic and partition; nothing where there is no such table."""
    found: dict[str, dict[int, int]] = {}
    if await connection.fetchval("select to_regclass('public.' || $1::text)", table) is not None:
        statement = f"select topic, partition, next_offset from {table} order by topic, partition"  # noqa: S608 (ours)
        for row in await connection.fetch(statement):
            found.setdefault(row["topic"], {})[row["partition"]] = row["next_offset"]
    return found


class _Compressed:
    """A gzip file that is written as bytes come, its digest and size taken on the way."""

    def __init__(self, path: Path, told: Callable[[int], None]) -> None:
        self.path, self.size = path, 0
        self._told = told
        self._file = open(path, "xb", opener=owners_only)  # noqa: SIM115 (closed by whoever made it)
        self._packing = zlib.compressobj(level=1, wbits=31)  # 31: with gzip's own head and foot
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The digest of what was written, as it lies in the file."""
        return self._digest.hexdigest()

    async def write(self, content: bytes) -> None:
        """Adds bytes."""
        self._put(self._packing.compress(content))

    def finish(self) -> None:
        """Ends the file and brings it onto the disk."""
        self._put(self._packing.flush())
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Gives the file up; safe to call twice."""
        self._file.close()

    def _put(self, packed: bytes) -> None:
        self._file.write(packed)
        self._digest.update(packed)
        self.size += len(packed)
        self._told(len(packed))


def owners_only(path: str, flags: int) -> int:
    """Opens a new file that nobody but its owner reads: it holds personal data."""
    return os.open(path, flags, 0o600)


def flush(folder: Path) -> None:
    """Makes what was written into a folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
