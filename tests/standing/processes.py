"""Servers as child processes, and stacks by `recouvra up`: what everybody can run."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from recouvra.local.kafka import Kafka
from recouvra.local.ports import free_ports
from recouvra.local.postgres import Postgres
from recouvra.local.servers import broker, database
from tests.standing.polling import eventually, turn
from tests.standing.servers import Up


class AsProcesses:
    """Standing on this machine, without Docker."""

    @asynccontextmanager
    async def broker(self, folder: Path) -> AsyncIterator[LocalBroker]:
        """A broker without topics, for as long as the block lasts."""
        async with broker(folder) as running:
            yield LocalBroker(running)

    @asynccontextmanager
    async def database(self, folder: Path) -> AsyncIterator[LocalDatabase]:
        """A database server, for as long as the block lasts."""
        async with database(folder) as running:
            yield LocalDatabase(running)

    def up(self, folder: Path, clock: str) -> Up:
        """A stack, not yet started."""
        return LocalUp(folder, clock, free_ports().first)


class LocalBroker:
    """A broker as a child process."""

    def __init__(self, running: Kafka) -> None:
        self._running, self.bootstrap = running, running.bootstrap

    def frozen(self) -> AbstractContextManager[None]:
        """Stopped by SIGSTOP for as long as the block lasts."""
        return _frozen(self._running.pid)


class LocalDatabase:
    """A database server as a child process."""

    def __init__(self, running: Postgres) -> None:
        self._running, self.url = running, running.url

    async def create_database(self, name: str, password: str) -> str:
        """Makes an empty database with an owner of its name; the owner's address."""
        return await self._running.create_database(name, password)

    def frozen(self) -> AbstractContextManager[None]:
        """Stopped by SIGSTOP, its children too, for as long as the block lasts."""
        pid = self._running.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return _frozen(pid, *map(int, children))

    async def stop(self) -> None:
        """Ends it in order."""
        await self._running.stop()

    async def start(self) -> None:
        """Starts it again."""
        await self._running.start()


class LocalUp:
    """One data folder, and the `recouvra up` that runs on it, if any."""

    def __init__(self, folder: Path, clock: str, ports_from: int) -> None:
        self.folder, self._clock, self._ports_from = folder, clock, ports_from
        self._process: subprocess.Popen[bytes] | None = None
        self._sources = folder.with_name(f"{folder.name}-sources.json")

    def allow(self, rules: Mapping[str, Sequence[str]]) -> None:
        """Writes the file that says who may publish for whom, in one step."""
        written = self._sources.with_suffix(".new")
        written.write_text(json.dumps(rules))
        written.replace(self._sources)

    async def start(self, deadline_seconds: float = 90) -> None:
        """Starts it and waits until it says that it is ready."""
        recouvra = Path(sys.executable).with_name("recouvra")
        command: list[str | Path] = [recouvra, "up", "--data", self.folder, "--clock", self._clock]
        command += ["--ports-from", str(self._ports_from)]
        named = {"RECOUVRA_SOURCES_FILE": str(self._sources)} if self._sources.exists() else {}
        with (self.folder.parent / "up.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=os.environ | named
            )
        deadline = time.monotonic() + deadline_seconds
        while self.told() is None:
            assert self._process.poll() is None, f"up ended: {(self.folder.parent / 'up.log').read_text()[-3000:]}"
            assert time.monotonic() < deadline, "the stack is not ready in time"
            await turn()

    def told(self) -> dict[str, Any] | None:
        """What `stack.json` says now; None while it is absent."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "stack.json").read_text())
        except FileNotFoundError:
            return None
        return found

    async def ready(self, deadline_seconds: float = 60) -> dict[str, Any]:
        """`stack.json` once it is there again."""

        async def there() -> dict[str, Any]:
            found = self.told()
            assert found is not None, "the stack is not ready"
            return found

        return await eventually(there, deadline_seconds)

    def pids(self) -> list[int]:
        """Every process that the stack told of last."""
        found = self.told()
        return [] if found is None else [child["pid"] for child in found["processes"]]

    async def kill_one(self, name: str, role: str) -> None:
        """SIGKILL to one child, whichever process plays the role now; one just being started again is waited for."""

        async def killed() -> None:
            pid = _pid(await self.ready(), name, role)
            assert _is_alive(pid), f"{name} ({role}) does not run"
            os.kill(pid, signal.SIGKILL)

        await eventually(killed)

    def frozen(self, name: str, role: str) -> AbstractContextManager[None]:
        """Stopped by SIGSTOP for as long as the block lasts."""
        found = self.told()
        assert found is not None, "the stack is not ready"
        return _frozen(_pid(found, name, role))

    async def command(self, *words: str) -> tuple[int, str]:
        """Runs `recouvra` with these words on the stack's data folder; exit code and output."""
        recouvra = Path(sys.executable).with_name("recouvra")
        child = await asyncio.create_subprocess_exec(
            recouvra, *words, "--data", self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said, _ = await child.communicate()
        return child.returncode or 0, said.decode()

    async def end(self, number: int = signal.SIGTERM, deadline_seconds: float = 15) -> int:
        """Ends `up` by this signal; its exit code. Every process it had must be gone by the deadline."""
        if self._process is None:
            return 0
        pids = self.pids()
        process, self._process = self._process, None
        process.send_signal(number)
        code = await asyncio.to_thread(process.wait, deadline_seconds)
        await eventually(lambda: _gone(pids), deadline_seconds)
        return code

    async def clear(self) -> None:
        """Ends it; its folder is the test's."""
        await self.end()


def _pid(told: dict[str, Any], name: str, role: str) -> int:
    return next(int(child["pid"]) for child in told["processes"] if (child["name"], child["role"]) == (name, role))


@contextmanager
def _frozen(*pids: int) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def _gone(pids: Sequence[int]) -> None:
    alive = [pid for pid in pids if _is_alive(pid)]
    assert not alive, f"processes left behind: {alive}"


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
