"""Commands of an administrator, run beside a fund as he runs them, and how long they took."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping

from bench.failing import BenchFailed
from bench.ground import DEADLINE_SECONDS, Fund
from recouvra.local.roles import command


async def timed(words: tuple[str, ...], environment: Mapping[str, str]) -> tuple[float, str]:
    """How long a command took, and what it printed.

    Raises:
        BenchFailed: it did not end well.
    """
    began = time.monotonic()
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*words, env=os.environ | environment, stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            said, failed = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
    if child.returncode:
        raise BenchFailed(f"{' '.join(words[-3:])}: {child.returncode}, {(failed or said).decode()[-600:]}")
    return time.monotonic() - began, said.decode()


async def verified(fund: Fund, *services: str) -> float:
    """Seconds that `verify` of these services took.

    Raises:
        BenchFailed: one of them raised an alarm: what was measured left a wrong figure.
    """
    took = [await timed((*command(name, "--verify"), "--json"), fund.environment(name)) for name in services]
    return sum(seconds for seconds, _ in took)
