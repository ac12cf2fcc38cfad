"""A fresh stack for each test that asks for one."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio

from tests.standing.servers import Standing, Up


@pytest_asyncio.fixture
async def new_stack(tmp_path: Path, standing: Standing) -> AsyncIterator[Callable[[str], Up]]:
    """Makes stacks, not yet started, on folders and ports of their own; none outlives the test."""
    made: list[Up] = []

    def make(clock: str) -> Up:
        made.append(standing.up(tmp_path / f"stack-{len(made)}", clock))
        return made[-1]

    yield make
    for stack in made:
        await stack.clear()
