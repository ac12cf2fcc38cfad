"""The read models are made again from the topics while they serve, and swapped: no answer is ever wrong meanwhile."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from recouvra.chassis.migrate import migrate
from recouvra.contracts.record import Record
from services.reporting.app import MIGRATIONS
from services.reporting.rebuilding.beside import ONE_AT_A_TIME, STAYING, SWAPPED
from tests.servers.conftest import CreateDatabase
from tests.servers.reporting_at_work import affiliated, assessed, fact, received
from tests.servers.reporting_published import Published
from tests.standing.polling import eventually, turn

_PAYERS = 20
_REGION = "01"


@dataclass
class History:
    """Reporting, and causes that go on being published, one a second of their own time."""

    reporting: Published
    begin: datetime
    count: int = 0
    wrong: list[str] = field(default_factory=list)
    asked: int = 0

    def when(self, number: int) -> datetime:
        """The knowledge time of the nth cause."""
        return self.begin + timedelta(seconds=number)

    def _cause(self, number: int) -> list[Record]:
        """What becomes known at once: an assessment and a receipt of 700 of its 1,000 francs."""
        payer = f"R{number % _PAYERS:02}"
        return [
            fact(assessed(payer, "2026-01", 1_000, declaration_id=f"D-{number}"), self.when(number)),
            fact(received(payer, "2026-01", 700, payment_id=f"P-{number}"), self.when(number)),
        ]

    async def go_on(self, causes: int) -> None:
        """Publishes the next causes, and that they are all."""
        records = [record for number in range(self.count, self.count + causes) for record in self._cause(number)]
        await self.reporting.say(*records)
        self.count += causes
        await self.reporting.marked(self.when(self.count - 1))

    async def caught_up(self) -> None:
        """Waits until all is in the figures."""
        await self.reporting.complete(self.when(self.count - 1))

    def judge(self, body: dict[str, Any]) -> None:
        """Notes what is wrong about the totals that are answered."""
        as_of = datetime.fromisoformat(body["as_of"])
        causes = int((as_of - self.begin).total_seconds()) + 1
        total = body["total"]["assessed_xof"], body["total"]["received_xof"]
        if total != (1_000 * causes, 700 * causes):
            self.wrong.append(f"{as_of}: {total}, not of {causes} causes")

    @asynccontextmanager
    async def watched(self, *, growing: bool = True) -> AsyncIterator[None]:
        """Asks without a pause, and lets the history go on, for as long as the block lasts; every answer is right."""
        tasks = [asyncio.create_task(self._ask_on()), asyncio.create_task(self._page_on())]
        if growing:
            tasks.append(asyncio.create_task(self._grow()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            done, _ = await asyncio.wait(tasks)
        for task in done:
            if not task.cancelled():
                task.result()
        assert self.wrong == []
        assert self.asked > 0

    async def _grow(self) -> None:
        while True:
            going = asyncio.create_task(self.go_on(10))
            try:
                await asyncio.shield(going)
            finally:
                await going  # who grows it next must not tell the same causes again
            await turn(0.3)

    async def _ask_on(self) -> None:
        up_to, number = self.begin, 0
        while True:
            number += 1
            query = {} if number % 2 else {"as_of": self.when(number * 7 % max(self.count, 1)).isoformat()}
            body = await self._asked("/v1/collection-rates", **query)
            self.judge(body)
            complete = datetime.fromisoformat(body["complete_up_to"])
            if complete < up_to:
                self.wrong.append(f"complete up to {complete} after {up_to}")
            up_to = complete
            await turn(0.02)

    async def _page_on(self) -> None:
        """Page after page of one instant: together they are the total."""
        while True:
            query: dict[str, Any] = {"group_by": "payer", "limit": 3}
            rows: list[dict[str, Any]] = []
            while True:
                body = await self._asked("/v1/collection-rates", **query)
                rows += body["rows"]
                self.judge(body)
                if body["next"] is None:
                    break
                query["cursor"] = body["next"]
            if sum(row["assessed_xof"] for row in rows) != body["total"]["assessed_xof"]:
                self.wrong.append(f"pages of {body['as_of']} do not add up")

    async def _asked(self, path: str, **query: Any) -> Any:
        answer = await self.reporting.client.get(path, params=query | {"region": _REGION})
        self.asked += 1
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest_asyncio.fixture(scope="module")
async def history(reporting_published: Published) -> History:
    it = History(reporting_published, reporting_published.next_day())
    await reporting_published.say(*(fact(affiliated(f"R{n:02}"), it.begin) for n in range(_PAYERS)))
    await it.go_on(500)
    await eventually(it.caught_up)
    return it


async def test_facts_keep_coming_and_figures_are_asked_for_while_it_rebuilds_and_not_one_answer_is_wrong(
    history: History,
) -> None:
    async with history.watched():
        done = await history.reporting.rebuild()
        assert done.code == 0, done.said
        assert done.differences == {}
        await history.caught_up()
    assert done.step("ended")["swapped"]


@pytest.mark.parametrize("last_words", ["reading", "compared"])
async def test_killed_it_leaves_what_serves_as_it_is_and_run_again_it_ends_right(
    history: History, last_words: str
) -> None:
    async with history.watched():
        swaps = await _swaps(history)
        process = await history.reporting.rebuilding()
        assert process.stdout is not None
        told = [json.loads(await process.stdout.readline())["step"]]
        while told[-1] != last_words:
            told.append(json.loads(await process.stdout.readline())["step"])
        process.kill()
        await process.wait()
        done = await history.reporting.rebuild()
        assert done.code == 0, done.said
        assert done.differences == {}
        was_swapped = await _swaps(history) == swaps + 2  # it may have been quicker than the signal
        assert done.steps[0]["step"] == ("begun" if was_swapped else "resumed")
        await history.caught_up()


async def test_killed_around_the_swap_it_has_swapped_wholly_or_not_at_all(history: History) -> None:
    """As soon as it waits for a report, it has its other locks: it dies with them, or while it changes the tables."""
    async with history.watched():
        report = await asyncpg.connect(history.reporting.environment["RECOUVRA_DATABASE_URL"])
        try:
            async with report.transaction():
                await report.execute("select from complete")
                process = await history.reporting.rebuilding()
                assert process.stdout is not None
                while json.loads(await process.stdout.readline())["step"] != "waiting":
                    pass
                before = history.count
            await turn(1)
            process.kill()
            await process.wait()
        finally:
            await report.close()
        done = await history.reporting.rebuild()
        assert (done.code, done.differences) == (0, {}), done.said
        await history.caught_up()
        assert history.count > before
    assert await _schemas(history) == {"public"}


async def test_only_one_runs_at_a_time(history: History) -> None:
    database = history.reporting.database
    await database.execute("select pg_advisory_lock($1)", ONE_AT_A_TIME)
    try:
        done = await history.reporting.rebuild()
    finally:
        await database.execute("select pg_advisory_unlock($1)", ONE_AT_A_TIME)
    assert done.code == 1
    assert "a rebuild is under way already" in done.said


async def test_a_service_without_read_models_says_so(history: History) -> None:
    words = "-m", "services.registration", "--rebuild"
    environment = history.reporting.environment
    child = await asyncio.create_subprocess_exec(
        sys.executable, *words, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await child.communicate()
    assert child.returncode == 2
    assert "registration has no read models" in said.decode()


async def test_after_a_swap_the_tables_are_as_the_migrations_made_them(
    history: History, postgres: CreateDatabase
) -> None:
    """So that later migrations find what they expect, by its name."""
    fresh = await asyncpg.connect(url := await postgres("reporting_fresh"))
    try:
        await migrate(url, MIGRATIONS)
        assert (await history.reporting.rebuild()).code == 0
        assert await _catalog(history.reporting.database) == await _catalog(fresh)
    finally:
        await fresh.close()


async def test_every_table_is_swapped_or_stays(history: History) -> None:
    rows = await history.reporting.database.fetch("select tablename from pg_tables where schemaname = 'public'")
    tables = {row["tablename"] for row in rows}
    assert set(SWAPPED) <= tables <= {*SWAPPED, *STAYING}


async def _swaps(history: History) -> int:
    count: int = await history.reporting.database.fetchval("select count(*) from audit where act = 'rebuild'")
    return count


async def _schemas(history: History) -> set[str]:
    rows = await history.reporting.database.fetch(
        "select nspname from pg_namespace where nspname !~ '^(pg_|information_schema)'"
    )
    return {row["nspname"] for row in rows}


async def _catalog(database: asyncpg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Everything of schema `public` by its name: relations with their columns, constraints, indexes."""
    asked = {
        "columns": "select table_name, ordinal_position, column_name, data_type, is_nullable, column_default, "
        "identity_generation, collation_name from information_schema.columns where table_schema = 'public'",
        "constraints": "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint "
        "where connamespace = 'public'::regnamespace",
        "indexes": "select indexname, indexdef from pg_indexes where schemaname = 'public'",
        "relations": "select relname, relkind::text, reloptions, pg_get_userbyid(relowner) = current_user "
        "from pg_class where relnamespace = 'public'::regnamespace",
    }
    return {name: sorted(map(tuple, await database.fetch(sql)), key=str) for name, sql in asked.items()}
