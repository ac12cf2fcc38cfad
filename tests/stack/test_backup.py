"""Databases older than the topics, by a backup taken under load: all is caught up with, and nothing is told twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from recouvra.local.ports import free_ports
from tests.stack.fund import Fund
from tests.stack.restored import backed_up, killed_while_it_catches_up, restore_killed, restore_refused, restored
from tests.standing.processes import LocalUp


@pytest_asyncio.fixture
async def stack(tmp_path: Path) -> AsyncIterator[LocalUp]:
    """A local stack, not yet started: these commands know its folder."""
    made = LocalUp(tmp_path / "stack", "system", free_ports().first)
    yield made
    await made.clear()


async def test_restored_databases_catch_up_exactly_and_tell_nothing_twice(stack: LocalUp, tmp_path: Path) -> None:
    fund = await Fund.begun(stack, 17, waves=5)
    await fund.publishes()
    await fund.acts()
    await backed_up_under_load(fund, tmp_path / "backup")
    await fund.acts()
    await fund.desk.affiliate(fund.unaffiliated.pop())
    await fund.publishes()
    await fund.acts()
    await fund.discards()
    before = await fund.exact()

    assert str(stack.folder) in await restore_refused(stack, tmp_path / "backup")
    await stack.end(signal.SIGKILL)
    await restore_killed(stack, tmp_path / "backup", "contributions")
    await restored(stack, tmp_path / "backup")
    await killed_while_it_catches_up(stack, "contributions")
    await stack.start(180)
    await fund.unchanged(before)

    await fund.publishes()
    await fund.acts()
    before = await fund.goes_on(before)
    assert await stack.end(signal.SIGTERM) == 0
    await restored(stack, tmp_path / "backup", "registration", "contributions")
    await stack.start(180)
    await fund.unchanged(before)
    await fund.publishes()
    await fund.goes_on(before)


async def backed_up_under_load(fund: Fund, folder: Path) -> None:
    """A backup while a wave is read, with facts in the outbox that the broker has not taken yet."""
    publishing = asyncio.create_task(fund.publishes())
    with fund.stack.frozen("kafka", "broker"):
        await fund.desk.affiliate(fund.unaffiliated.pop())
        manifest = await backed_up(fund.stack, folder)
    await publishing
    kept = {table["name"]: table["rows"] for table in manifest["databases"]["registration"]["tables"]}
    assert kept["outbox"] > 0
    assert kept["journal"] > 0
