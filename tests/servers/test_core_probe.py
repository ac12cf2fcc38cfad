"""A container's health check tells of the worker that runs in it, whatever else lives or is silent beside it."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.servers.till.at_work import CreateDatabase, Till, till


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, "", tmp_path) as made:
        yield made


async def probed(it: Till, replica: str) -> tuple[int, str]:
    """The exit code and what is said by the probe of a container of this replica; empty: it has no such name."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECOUVRA_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recouvra.chassis.probe"),
        env=kept | {"RECOUVRA_DATABASE_URL": it.url, "RECOUVRA_REPLICA": replica},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, said.decode().strip()


@pytest.mark.parametrize(("alive", "silent"), [("a", "b"), ("till-1", "till-11"), ("till-11", "till-1"), ("1", "11")])
async def test_of_two_replicas_each_is_told_as_it_is(it: Till, alive: str, silent: str) -> None:
    await it.connection.execute(
        "insert into pulse (worker, at, counters) values "
        "('till-' || $1, now() + interval '1 h', '{}'), ('till-' || $2, now() - interval '31 s', '{}')",
        *(alive, silent),
    )
    assert await probed(it, alive) == (0, "")
    code, said = await probed(it, silent)
    assert (code, said.partition(" for ")[0]) == (1, "silent")
    assert await probed(it, "another") == (1, "no pulse yet")


async def test_a_worker_without_a_name_is_known_by_its_host(it: Till) -> None:
    tell = "insert into pulse (worker, at, counters) values ($1, now() + make_interval(hours => $2), '{}')"
    await it.connection.execute(tell, f"till-other{socket.gethostname()}-7", 1)
    assert await probed(it, "") == (1, "no pulse yet")
    await it.connection.execute(tell, f"till-{socket.gethostname()}-7", 1)
    assert await probed(it, "") == (0, "")
