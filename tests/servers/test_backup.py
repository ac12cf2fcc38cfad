"""A database copied while it is worked on, and put back in one step: its very rows, counters, owner, or none of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from recouvra.chassis import restore
from recouvra.chassis.backup import BackupError, DatabaseCopy, write
from recouvra.chassis.migrate import migrate
from tests.servers.conftest import CreateDatabase
from tests.standing.servers import DatabaseServer

CONTRIBUTIONS = Path(__file__).parents[2] / "services" / "contributions" / "migrations"
ROWS = """
insert into account (key, known_at) values ('P1', '2026-01-02T03:04:05.678901Z'), (E'tab\\tback\\\\slash\\nline', null);
insert into payment (source, payment_id, record_key, amount_xof, paid_on, channel, content, assigned_to)
    values ('/bank', 'A', 'REF', 5, '9999-12-31', 'bank', '\\x00ff5c0a', 'P1'), ('/bank', 'B', 'P1', 7, '0001-01-01',
    'cash', '', null);
insert into part select 'P1', 'D' || n, 2009 + n % 45 || '-07', 1, n, '2024-07', 1, null, 1, 5, now(), '\\x01',
    array[1, 2], array[-1, 123456789012], array['é'], array[0, 5] from generate_series(1, 90) n;
insert into pair values ('P1', '2024-07', 'state', '01', 'monthly', '2024-08-15', 1, 4, 5, 1);
insert into placement (source, payment_id, period, account_key, received_xof) values ('/bank', 'A', '2024-07', 'P1', 5);
insert into insured (insured_number, payer_id, at) values ('100000000001', 'P1', now()), ('é', 'P1', now());
insert into outbox (topic, value, event_id, known_at)
    select 't', 'v', gen_random_uuid(), now() from generate_series(1, 9);
delete from outbox where id > 4;
insert into position values ('payment-reported', 2, 17);
update clock set floor_at = '2026-05-05';
"""
PUT = "insert into outbox (topic, value, event_id, known_at) values ('t', 'v', gen_random_uuid(), now()) returning id"
BULK = "insert into inbox select '/bulk', n::text, sha256(n::text::bytea) from generate_series(1, 20000) n"


def _nothing(_table: str, _count: int) -> None:
    """Whoever does not care how far it is."""


@pytest_asyncio.fixture
async def url(postgres: CreateDatabase) -> str:
    """A database of contributions with rows in it of every shape that the services' tables have."""
    made = await postgres(f"copied_{uuid4().hex[:8]}")
    await migrate(made, CONTRIBUTIONS)
    async with session(made) as connection:
        await connection.execute(ROWS)
    return made


@asynccontextmanager
async def session(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A session for as long as the block lasts."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def held(url: str) -> dict[str, list[str]]:
    """Every row of every table as text, and what each table is: owner, columns, indexes, next values."""
    async with session(url) as connection:
        names = await connection.fetch(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') "
            "order by relname"
        )
        found = {
            name: [str(row) for row in await connection.fetch(f'select t::text from "{name}" t order by 1')]  # noqa: S608
            for (name,) in names
        }
        found["shape"] = [
            str(row)
            for row in await connection.fetch(
                "select relname, relkind, relowner::regrole, reloptions, array(select (attname, atttypid::regtype, "
                "attnotnull, attidentity, attgenerated, attstorage)::text from pg_attribute where attrelid = c.oid and "
                "attnum > 0), array(select (tgname, tgenabled)::text from pg_trigger where tgrelid = c.oid "
                "order by tgname) from pg_class c where relnamespace = 'public'::regnamespace order by relname"
            )
        ]
        sequences = await connection.fetch("select sequencename from pg_sequences order by 1")
        following = [f"select last_value + is_called::int from {name}" for (name,) in sequences]  # noqa: S608
        return found | {"next": [str(await connection.fetchval(one)) for one in following]}


@contextmanager
def halfway(table: str) -> Iterator[tuple[Callable[[str, int], None], threading.Event, threading.Event]]:
    """A progress that stops at a table: how it is told, when it got there, and what lets it go on."""
    there, go = threading.Event(), threading.Event()

    def told(name: str, _count: int) -> None:
        if name == table:
            there.set()
            assert go.wait(60)

    try:
        yield told, there, go
    finally:
        go.set()


async def test_what_is_put_back_is_what_was_there_to_the_last_counter(url: str, tmp_path: Path) -> None:
    before = await held(url)
    copy = await write(url, tmp_path / "copy", _nothing)
    async with session(url) as connection:
        await connection.execute(
            "delete from part; drop table career; create schema rebuilding create table half (n int)"
        )
        assert await connection.fetchval(PUT) == 10
    restore.check(copy, tmp_path / "copy", CONTRIBUTIONS, _nothing)
    await restore.put_back(url, copy, tmp_path / "copy", CONTRIBUTIONS, _nothing, publishes=False)
    assert await held(url) == before
    async with session(url) as connection:
        assert await connection.fetchval("select to_regclass('rebuilding.half')") is None
        assert await connection.fetchval("select account_key from payment where payment_id = 'A'") == "P1"
        assert await connection.fetchval(PUT) == 10
    assert await migrate(url, CONTRIBUTIONS) == []


async def test_a_copy_is_of_one_instant_and_holds_nobody_back(url: str, tmp_path: Path) -> None:
    async with session(url) as connection:
        await connection.execute(BULK)
        with halfway("inbox") as (told, there, go):
            copying = asyncio.create_task(asyncio.to_thread(asyncio.run, write(url, tmp_path / "copy", told)))
            assert await asyncio.to_thread(there.wait, 30)
            async with connection.transaction():
                await connection.execute("update clock set floor_at = now(); delete from part; delete from position")
                wrote = int(await connection.fetchval("select pg_current_xact_id()::text"))
            # By this a mark is closed (relay.py): the copy's snapshot is no writer that it would have to wait for.
            assert int(await connection.fetchval("select pg_snapshot_xmin(pg_current_snapshot())::text")) > wrote
            assert await connection.fetchval(
                "select count(*) from pg_stat_activity where application_name = 'recouvra-backup' and "
                "datname = current_database() and xact_start is not null"
            )
            go.set()
            copy = await copying
    rows = {table.name: table.rows for table in copy.tables}
    assert (rows["inbox"], rows["part"], rows["position"]) == (20_000, 90, 1)
    assert copy.positions == {"payment-reported": {2: 17}}


async def test_a_session_cut_off_in_the_midst_of_it_leaves_the_old_database_whole(
    url: str, tmp_path: Path, database_server: DatabaseServer
) -> None:
    copy = await write(url, tmp_path / "copy", _nothing)
    async with session(url) as connection:
        await connection.execute(BULK)
    before = await held(url)
    with halfway("placement") as (told, there, go):
        putting = asyncio.create_task(
            asyncio.to_thread(
                asyncio.run, restore.put_back(url, copy, tmp_path / "copy", CONTRIBUTIONS, told, publishes=False)
            )
        )
        assert await asyncio.to_thread(there.wait, 30)
        async with session(database_server.url) as elsewhere:
            end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1"
            assert await elsewhere.fetch(end, url.rpartition("/")[2])
        go.set()
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
            await putting
    assert await held(url) == before
    await restore.put_back(url, copy, tmp_path / "copy", CONTRIBUTIONS, _nothing, publishes=False)
    assert await held(url) != before


async def test_a_database_that_somebody_uses_is_left_alone(url: str, tmp_path: Path) -> None:
    copy = await write(url, tmp_path / "copy", _nothing)
    async with session(url) as connection:
        await connection.execute(BULK)
        with pytest.raises(BackupError, match="in use"):
            await restore.put_back(url, copy, tmp_path / "copy", CONTRIBUTIONS, _nothing, publishes=False)
    before = await held(url)
    with halfway("placement") as (told, there, go):
        putting = asyncio.create_task(
            asyncio.to_thread(
                asyncio.run, restore.put_back(url, copy, tmp_path / "copy", CONTRIBUTIONS, told, publishes=False)
            )
        )
        assert await asyncio.to_thread(there.wait, 30)
        late = await asyncpg.connect(url)
        go.set()
        with pytest.raises(BackupError, match="in use"):
            await putting
        await late.close()
    assert await held(url) == before


@pytest.mark.parametrize("made", ["create table precious (n int)", None])
async def test_a_mistaken_address_costs_nobody_else_their_data(
    url: str, postgres: CreateDatabase, tmp_path: Path, made: str | None
) -> None:
    """Another program's database, or another service's."""
    copy = await write(url, tmp_path / "copy", _nothing)
    others = await postgres(f"others_{uuid4().hex[:8]}")
    if made is None:
        await migrate(others, CONTRIBUTIONS.parents[1] / "registration" / "migrations")
    else:
        async with session(others) as connection:
            await connection.execute(made)
    before = await held(others)
    with pytest.raises(BackupError, match="contributions"):
        await restore.put_back(others, copy, tmp_path / "copy", CONTRIBUTIONS, _nothing, publishes=True)
    assert await held(others) == before


async def test_what_the_administrator_puts_back_is_the_services_own(
    url: str, tmp_path: Path, database_server: DatabaseServer
) -> None:
    before = await held(url)
    copy = await write(url, tmp_path / "copy", _nothing)
    as_administrator = f"{database_server.url.rpartition('/')[0]}/{url.rpartition('/')[2]}"
    await restore.put_back(as_administrator, copy, tmp_path / "copy", CONTRIBUTIONS, _nothing, publishes=False)
    assert await held(url) == before


async def test_a_copy_from_before_a_migration_gets_it_and_one_from_after_is_refused(
    postgres: CreateDatabase, tmp_path: Path
) -> None:
    url, folder = await postgres(f"older_{uuid4().hex[:8]}"), tmp_path / "room" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_first.sql").write_text("create table first (n int); insert into first values (1);")
    await migrate(url, folder)
    async with session(url) as connection:
        await connection.execute("insert into first values (2)")
    older = await write(url, tmp_path / "older", _nothing)
    (folder / "0002_second.sql").write_text("alter table first add column twice int; update first set twice = 2 * n;")
    await migrate(url, folder)
    newer = await write(url, tmp_path / "newer", _nothing)
    restore.check(older, tmp_path / "older", folder, _nothing)
    await restore.put_back(url, older, tmp_path / "older", folder, _nothing, publishes=True)
    async with session(url) as connection:
        assert await connection.fetchval("select is_behind from clock"), "nobody may act before its worker has looked"
        assert [tuple(row) for row in await connection.fetch("select * from first order by n")] == [(1, 2), (2, 4)]
    (folder / "0002_second.sql").unlink()
    with pytest.raises(BackupError, match="newer version"):
        restore.check(newer, tmp_path / "newer", folder, _nothing)
    (folder / "0001_first.sql").write_text("create table first (n bigint);")
    with pytest.raises(BackupError, match="another edition"):
        restore.check(older, tmp_path / "older", folder, _nothing)


def _bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("spoil", [_bit, _end, Path.unlink])
async def test_a_file_that_is_not_what_was_written_is_refused(
    url: str, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    copy = await write(url, tmp_path / "copy", _nothing)
    restore.check(copy, tmp_path / "copy", CONTRIBUTIONS, _nothing)
    spoil(tmp_path / "copy" / "payment.gz")
    with pytest.raises(BackupError, match="damaged"):
        restore.check(copy, tmp_path / "copy", CONTRIBUTIONS, _nothing)


async def test_rows_that_are_not_all_there_are_refused(url: str, tmp_path: Path) -> None:
    copy = await write(url, tmp_path / "copy", _nothing)
    before = await held(url)
    told = copy.model_dump()
    told["tables"] = [table | {"rows": table["rows"] + 1} for table in told["tables"]]
    with pytest.raises(BackupError, match="rows, not"):
        await restore.put_back(url, DatabaseCopy(**told), tmp_path / "copy", CONTRIBUTIONS, _nothing, publishes=False)
    assert await held(url) == before


async def test_an_empty_database_is_no_backup(postgres: CreateDatabase, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="empty"):
        await write(await postgres(f"empty_{uuid4().hex[:8]}"), tmp_path / "copy", _nothing)
