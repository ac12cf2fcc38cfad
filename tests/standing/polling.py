"""Waiting for what must come, with a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import httpx
from aiokafka.errors import KafkaError

T = TypeVar("T")


async def turn(seconds: float = 0.1) -> None:
    """One turn of a loop that polls with a deadline."""
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), seconds)


async def eventually(check: Callable[[], Awaitable[T]], deadline_seconds: float = 60) -> T:
    """What `check` returns the first time that it raises no AssertionError; its last one at the deadline."""
    deadline, pause = time.monotonic() + deadline_seconds, 0.05
    while True:
        try:
            return await check()
        except (AssertionError, httpx.HTTPError, KafkaError):
            if time.monotonic() > deadline:
                raise
        await turn(pause)  # what is over soon is seen soon, and what takes long is not kept from its work
        pause = min(2 * pause, 0.4)
