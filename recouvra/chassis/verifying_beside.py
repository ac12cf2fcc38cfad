"""The background run of `verify`: beside a worker, again and again, as a process of its own.

What it reads and reckons may take a minute and a hundred megabytes: neither the batch loop nor the worker's memory may
feel it. It is the worker's own program in another role, at the lowest priority, and it ends when the worker does.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence

log = logging.getLogger(__name__)
_WORKER, _ROLE = "--worker", ("--verify", "--due")
_LONGEST_SECONDS = 900


def command() -> list[str] | None:
    """This process's own program as the background run; None where it is no worker's."""
    words = sys.orig_argv[1:]
    if _WORKER not in words:
        return None
    return [sys.executable, *(word for word in words if word != _WORKER), *_ROLE]


async def verify_beside(every_seconds: float, words: Sequence[str] | None = None) -> None:
    """Runs for ever; what a run finds it writes down itself. With 0 seconds there are no runs."""
    words = words or command()
    if not words or every_seconds <= 0:
        await asyncio.Event().wait()
        return
    while True:
        await asyncio.sleep(every_seconds)
        try:
            await _run(words)
        except Exception as error:
            log.info("not verified: %r", error)


async def _run(words: Sequence[str]) -> None:
    child = await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL)
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            await child.wait()
    finally:
        if child.returncode is None:
            child.kill()  # it only reads
            await asyncio.shield(child.wait())


def be_modest() -> None:
    """Makes this process the background run of the one that started it: last in the queue, gone when that one is."""
    os.nice(19)
    threading.Thread(target=_end_with_the_worker, daemon=True).start()


def _end_with_the_worker() -> None:
    # Nothing is ever written there: it ends when whoever holds the other end does, however that came about.
    sys.stdin.buffer.read()
    os._exit(1)
