"""A role of a service that kills itself at an exact point, as `kill -9` at that very moment would.

`python -m tests.faults.dying NAME --worker` runs the service as it is; only the clients' own functions are wrapped.
Where it dies stands in a file `NAME-worker` of the folder `RECOUVRA_DIES_IN`: `point passage`, written while it runs or
before. Who dies there takes the file away first, so that the next life goes on. Without it, it is the mere service.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


class Statement(NamedTuple):
    """A point at a statement of the sessions of one application: before it is sent, once it was done, or `unheard`.

    Unheard: the server did it, and the connection breaks before the client learns of that; nobody dies.
    """

    application: str
    text: str
    when: str


STATEMENTS = {
    "inside-the-transaction": Statement("recouvra-worker", "COMMIT;", "before"),
    "committed": Statement("recouvra-worker", "COMMIT;", "after"),
    "committed-unheard": Statement("recouvra-worker", "COMMIT;", "unheard"),
    "acknowledged-not-deleted": Statement("recouvra-relay", "delete from outbox", "before"),
    "deleted-unheard": Statement("recouvra-relay", "delete from outbox", "unheard"),
    "inside-the-act": Statement("recouvra-api", "COMMIT;", "before"),
    "act-unanswered": Statement("recouvra-api", "COMMIT;", "after"),
    "act-unheard": Statement("recouvra-api", "COMMIT;", "unheard"),
}
SENDS = {"before-publishing": "", "before-publishing-a-fact": "-journal"}
"""By point, the ending of the topics whose records do not count."""

GROUP = "before-the-groups-offsets"
COPYING = "in-the-midst-of-a-copy"
"""Where a process does not die, but is frozen (SIGSTOP)."""
WORKER_POINTS = tuple([point for point, at in STATEMENTS.items() if at.application != "recouvra-api"] + [*SENDS, GROUP])
ACT_POINTS = tuple(point for point, at in STATEMENTS.items() if at.application == "recouvra-api")


class Fate:
    """Where this process dies, and how often it has passed there."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._passed: Counter[str] = Counter()

    def meets(self, point: str) -> bool:
        """Counts a passage while the point is armed; True, and disarmed, at the one that is meant."""
        try:
            armed, passage = self._file.read_text().split()
        except (FileNotFoundError, ValueError):
            return False
        if armed != point:
            return False
        self._passed[point] += 1
        if self._passed[point] < int(passage):
            return False
        self._file.unlink()
        self._passed.clear()
        return True

    def passes(self, point: str) -> None:
        """Dies here, if this is where."""
        if self.meets(point):
            os.kill(os.getpid(), signal.SIGKILL)


def arm(fate: Fate) -> None:
    """Wraps the functions of the clients by which a service writes, publishes and commits."""
    _wrap_statements(fate)
    _wrap_sends(fate)
    _wrap_copies(fate)
    told: Callable[..., Awaitable[Any]] = AIOKafkaConsumer.commit

    async def commit(self: Any, offsets: Any = None) -> Any:
        fate.passes(GROUP)
        return await told(self, offsets)

    AIOKafkaConsumer.commit = commit


def _wrap_statements(fate: Fate) -> None:
    done: Callable[..., Awaitable[Any]] = asyncpg.Connection.execute

    async def execute(self: Any, query: str, *args: Any, timeout: float | None = None) -> Any:
        application = self._params.server_settings.get("application_name", "")
        points = [name for name, at in STATEMENTS.items() if at.application == application and at.text in query]
        for point in points:
            if STATEMENTS[point].when == "before":
                fate.passes(point)
        found = await done(self, query, *args, timeout=timeout)
        for point in points:
            if STATEMENTS[point].when == "after":
                fate.passes(point)
            elif STATEMENTS[point].when == "unheard" and fate.meets(point):
                self.terminate()
                raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return found

    asyncpg.Connection.execute = execute  # type: ignore[method-assign]


def _wrap_sends(fate: Fate) -> None:
    sent: Callable[..., Awaitable[Any]] = AIOKafkaProducer.send_batch  # a mark is sent alone, and is not meant

    async def send_batch(self: Any, batch: Any, topic: str, **kwargs: Any) -> Any:
        for point, spared in SENDS.items():
            if not (spared and topic.endswith(spared)):
                fate.passes(point)
        return await sent(self, batch, topic, **kwargs)

    AIOKafkaProducer.send_batch = send_batch


def _wrap_copies(fate: Fate) -> None:
    copied: Callable[..., Awaitable[Any]] = asyncpg.Connection.copy_to_table

    async def copy_to_table(self: Any, table: str, *, source: Any, **kwargs: Any) -> Any:
        async def in_halves() -> AsyncIterator[bytes]:
            half = len(source) // 2
            yield bytes(source[:half])
            os.kill(os.getpid(), signal.SIGSTOP)
            yield bytes(source[half:])

        meant = in_halves() if fate.meets(COPYING) else source
        return await copied(self, table, source=meant, **kwargs)

    asyncpg.Connection.copy_to_table = copy_to_table  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    service, role = sys.argv.pop(1), sys.argv[1].removeprefix("--")
    arm(Fate(Path(os.environ["RECOUVRA_DIES_IN"]) / f"{service}-{role}"))
    runpy.run_module(f"services.{service}", run_name="__main__", alter_sys=True)
