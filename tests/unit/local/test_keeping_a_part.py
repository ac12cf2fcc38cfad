"""A part of the stack that cannot be started is tried again, whatever stood in the way."""

import asyncio
from collections import deque
from pathlib import Path

from recouvra.local.stack import Stack
from tests.standing.polling import eventually


class Dying:
    """A part that has ended, and whose next starts fail as they are told, until one succeeds."""

    name, role, pid, is_running = "postgres", "database", 1, True

    def __init__(self, *failures: Exception) -> None:
        self.failures = deque(failures)
        self.started = asyncio.Event()

    async def start(self) -> None:
        """Fails as often as it was told."""
        if self.failures:
            raise self.failures.popleft()
        self.started.set()

    async def ended(self) -> int:
        """At once, until it is started: then never."""
        if self.started.is_set():
            await asyncio.Event().wait()
        return -9

    async def stop(self, within: float = 1.0) -> None:
        """Nothing runs."""


async def test_a_part_is_started_again_though_its_start_failed_in_a_way_that_nobody_foresaw(tmp_path: Path) -> None:
    told: list[str] = []
    part = Dying(RuntimeError("killed while it said that it starts"), OSError("no room"))
    keeping = asyncio.create_task(Stack(tmp_path, tell=lambda _fr, en: told.append(en))._keep(part))

    async def is_started() -> None:
        assert part.started.is_set(), keeping

    try:
        await eventually(is_started, 10)
    finally:
        keeping.cancel()
    assert ["RuntimeError" in told[1], "OSError" in told[2]] == [True, True]
