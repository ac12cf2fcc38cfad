"""`verify`: what holds of a whole small country, and each way of breaking it named: what, where, since when."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from subprocess import DEVNULL, Popen

import asyncpg
import pytest
import pytest_asyncio

from recouvra.chassis.records_read import beside_topics
from recouvra.chassis.verification import verify
from recouvra.chassis.verifying import Look
from recouvra.local.topics import create_topics
from tests.servers.breakages import ALL, Breakage
from tests.servers.conftest import CreateDatabase
from tests.servers.verified_fund import BUILDS, Fund, broken, settled_fund
from tests.standing.polling import eventually
from tests.standing.servers import DatabaseServer, Standing


@pytest_asyncio.fixture(scope="module")
async def fund(
    standing: Standing, tmp_path_factory: pytest.TempPathFactory, postgres: CreateDatabase
) -> AsyncIterator[Fund]:
    """All four services, settled, on a broker of their own."""
    async with standing.broker(tmp_path_factory.mktemp("verified")) as running:
        await create_topics(running.bootstrap, partitions=2)
        yield await settled_fund(running.bootstrap, postgres)


@pytest.mark.parametrize("service", BUILDS)
async def test_everything_holds_before_anything_is_broken(fund: Fund, service: str) -> None:
    report = await fund.verify(service)
    assert {one.invariant.name: (one.broken, one.failed) for one in report.checked if not one.holds} == {}
    assert len({one.invariant.name for one in report.checked}) == len(report.checked)


async def test_what_cannot_be_checked_is_told_and_is_no_success(fund: Fund) -> None:
    settings = replace(fund.settings("contributions"), kafka="127.0.0.1:9")
    report = await verify(BUILDS["contributions"](settings).verifiable, settings, lambda *_: None)
    unchecked = {one.invariant.name for one in report.checked if one.failed is not None}
    assert {"positions-within-topics", "records-accounted-for", "journal-is-known"} <= unchecked
    assert "money-conserved" not in unchecked
    assert not report.holds


async def test_the_planner_knows_how_much_was_read(
    fund: Fund,
) -> None:
    settings = fund.settings("registration")
    connection = await asyncpg.connect(settings.database_url)
    try:
        look = Look("registration", settings, connection, BUILDS["registration"](settings).reads)
        async with beside_topics(look) as looked_at:
            read = await looked_at.fetchval("select count(*) from record_read")
            planned = "select reltuples from pg_class where oid = 'record_read'::regclass"
            assert await looked_at.fetchval(planned) == read > 0
    finally:
        await connection.close()


@pytest.mark.parametrize("breakage", ALL, ids=lambda one: f"{one.service}: {one.what}")
async def test_what_is_broken_is_named(fund: Fund, database_server: DatabaseServer, breakage: Breakage) -> None:
    async with broken(fund, database_server, breakage.service, *breakage.sql) as url:
        report = await fund.verify(breakage.service, url, [breakage.named])
    named = {one.invariant.name: one for one in report.checked if not one.holds}
    assert breakage.named in named, sorted(named)
    assert not report.holds
    assert [one.failed for one in named.values() if one.failed] == []
    told = {one["name"]: one for one in report.to_json()["invariants"]}[breakage.named]
    assert told["broken_since"]
    assert all(finding["where"] and finding["since"] for finding in told["findings"])


async def test_money_that_came_and_was_reversed_at_one_instant_is_conserved(
    fund: Fund, database_server: DatabaseServer
) -> None:
    """So it is under the events' clock where a reversal is no later than what its payer was last told."""
    at_once = (
        "with reversed as (select payment_source, payment_id, min(known_at) as at from held "
        "where (payment_source, payment_id) not in (select payment_source, payment_id from received) "
        "group by payment_source, payment_id having count(*) > 1 and sum(held_xof) = 0) "
        "update held set known_at = at from reversed where (held.payment_source, held.payment_id) "
        "= (reversed.payment_source, reversed.payment_id)"
    )
    async with broken(fund, database_server, "reporting", at_once) as url:
        report = await fund.verify("reporting", url, ["money-conserved"])
    assert report.holds
    assert report.checked


def _environment(fund: Fund, url: str) -> dict[str, str]:
    settings = {"RECOUVRA_KAFKA": fund.bootstrap, "RECOUVRA_DATABASE_URL": url, "RECOUVRA_VERIFY_SECONDS": "1"}
    return os.environ | settings | {"LC_ALL": "en_GB.UTF-8"}


async def test_the_command_says_to_people_what_is_broken_and_where(fund: Fund, database_server: DatabaseServer) -> None:
    number = "update person set registered_on = '1999-12-31' where ctid = (select min(ctid) from person)"
    async with broken(fund, database_server, "registration", number) as url:
        program = Path(sys.executable).with_name("recouvra")
        child = await asyncio.create_subprocess_exec(
            *(program, "verify", "registration"),
            env=_environment(fund, url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, went = (each.decode() for each in await child.communicate())
    assert child.returncode == 1
    assert "persons-follow-their-latest-hire" in said
    assert "insured_number=" in said
    assert "1999-12-31" in said
    assert "✓ registration" in went


async def test_a_database_that_is_away_is_told_and_is_no_success(fund: Fund) -> None:
    program = Path(sys.executable).with_name("recouvra")
    child = await asyncio.create_subprocess_exec(
        *(program, "verify", "registration"),
        env=_environment(fund, "postgresql://nobody:nothing@127.0.0.1:9/none"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await child.communicate()
    assert child.returncode == 1
    assert "not verified" in said.decode()


@contextmanager
def _worker(environment: dict[str, str]) -> Iterator[Popen[bytes]]:
    worker = Popen([sys.executable, "-m", "services.registration", "--worker"], env=environment, stderr=DEVNULL)
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


async def test_beside_a_worker_it_runs_again_and_again_and_tells_since_when_something_is_broken(
    fund: Fund, database_server: DatabaseServer
) -> None:
    undone = "update person set registered_on = registered_on - 1 where ctid = (select min(ctid) from person)"
    async with broken(fund, database_server, "registration", undone) as url:
        connection = await asyncpg.connect(url)
        with _worker(_environment(fund, url)):
            first = await _until(connection, "broken > 0")
            again = await _until(connection, f"checked_at > '{first['checked_at']}'")
            assert again["broken_at"] == first["broken_at"]
        await connection.close()


async def _until(connection: asyncpg.Connection, holds: str) -> asyncpg.Record:
    """What was last verified of persons, once it is so."""

    async def found() -> asyncpg.Record:
        row = await connection.fetchrow(
            f"select * from verified where invariant = 'persons-follow-their-latest-hire' and {holds}"  # noqa: S608 - constants
        )
        assert row is not None
        return row

    return await eventually(found)


def test_every_invariant_has_a_test_that_breaks_it(fund: Fund) -> None:
    for name, build in BUILDS.items():
        own = {one.name for one in build(fund.settings(name)).verifiable.invariants.own}
        assert own - {one.named for one in ALL if one.service == name} == set(), name
