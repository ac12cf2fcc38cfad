"""A fresh stack of processes for each test that asks for one."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio

from recouvra.local.ports import free_ports
from tests.stack.running import Up


@pytest_asyncio.fixture
async def new_stack(tmp_path: Path) -> AsyncIterator[Callable[[str], Up]]:
    """Makes stacks, not yet started, on folders and ports of their own; none outlives the test."""
    made: list[Up] = []

    def make(clock: str) -> Up:
        made.append(Up(tmp_path / f"stack-{len(made)}", clock, free_ports().first))
        return made[-1]

    yield make
    for stack in made:
        await stack.end()
