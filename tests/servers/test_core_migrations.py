"""Schema changes: each applied once, whole or not at all, in order, and never changed afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from recouvra.chassis.migrate import CHASSIS, MigrationError, files_of, migrate, missing
from tests.servers.till.at_work import CreateDatabase, until


@pytest_asyncio.fixture
async def url(postgres: CreateDatabase) -> str:
    return await postgres(f"migrated_{uuid4().hex[:8]}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "room" / "migrations"
    made.mkdir(parents=True)
    (made / "0001_first.sql").write_text("create table first (n int); insert into first values (1);")
    return made


OURS = [name for name, _ in files_of(CHASSIS)]


async def test_each_file_is_applied_once_in_order_the_chassis_own_first(url: str, folder: Path) -> None:
    assert await migrate(url, folder) == [*OURS, "room/0001_first.sql"]
    assert await migrate(url, folder) == []
    (folder / "0002_second.sql").write_text("create table second (n int);")
    assert await migrate(url, folder) == ["room/0002_second.sql"]
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetchval("select count(*) from first") == 1
        assert await missing(connection, [*OURS, "room/0002_second.sql", "room/0003_third.sql"]) == [
            "room/0003_third.sql"
        ]
    finally:
        await connection.close()


async def test_before_any_migration_all_are_missing(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        assert await missing(connection, ["room/0001_first.sql"]) == ["room/0001_first.sql"]
    finally:
        await connection.close()


async def test_a_file_that_was_changed_after_it_was_applied_is_refused_and_nothing_else_applied(
    url: str, folder: Path
) -> None:
    await migrate(url, folder)
    (folder / "0001_first.sql").write_text("create table first (n bigint);")
    (folder / "0002_second.sql").write_text("create table second (n int);")
    with pytest.raises(MigrationError, match=r"0001_first\.sql"):
        await migrate(url, folder)
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetchval("select to_regclass('second')") is None
    finally:
        await connection.close()


async def test_a_file_that_fails_leaves_nothing_and_is_applied_once_mended(url: str, folder: Path) -> None:
    broken = folder / "0002_second.sql"
    broken.write_text("create table second (n int); select 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(url, folder)
    broken.write_text("create table second (n int);")
    assert await migrate(url, folder) == ["room/0002_second.sql"]


async def test_two_at_once_apply_each_file_once(url: str, folder: Path) -> None:
    (folder / "0002_second.sql").write_text("create table second (n int); select pg_advisory_xact_lock(5);")
    gate = await asyncpg.connect(url)
    try:
        await gate.execute("select pg_advisory_lock(5)")
        both = asyncio.gather(migrate(url, folder), migrate(url, folder))
        waiting = "select count(*) = 2 from pg_locks where locktype = 'advisory' and not granted"
        await until(lambda: gate.fetchval(waiting))
    finally:
        await gate.close()
    assert sorted(await both) == [[], [*OURS, "room/0001_first.sql", "room/0002_second.sql"]]
