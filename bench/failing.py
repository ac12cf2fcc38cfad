"""How a bench fails: with a sentence, and without a figure; and waiting that ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


class BenchFailed(RuntimeError):
    """What was to be measured did not come about; the sentence says what was seen instead."""


async def until(
    done: Callable[[], Awaitable[bool]],
    seconds: float,
    what: str,
    *,
    every: float = 0.02,
    alive: Callable[[], Awaitable[None]],
) -> None:
    """Asks again and again until it is done.

    Raises:
        BenchFailed: it is not done in time; or whatever `alive` raises where something died meanwhile.
    """
    deadline = time.monotonic() + seconds
    while not await done():
        await alive()
        if time.monotonic() > deadline:
            raise BenchFailed(f"{what}: not done after {seconds:.0f} s")
        await asyncio.sleep(every)
