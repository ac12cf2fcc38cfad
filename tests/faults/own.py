"""The local stack, started in this process: what `recouvra up` runs, and doors that only a test may open."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg

from recouvra.local.errors import LocalError
from recouvra.local.folder import DataFolder
from recouvra.local.ports import Ports, free_ports
from recouvra.local.roles import ServiceRole, role_settings, settings
from recouvra.local.stack import Part, Stack
from tests.faults.proxy import Proxy
from tests.standing.polling import eventually, turn
from tests.standing.processes import LocalUp

ROOT = Path(__file__).parents[2]


class Own(LocalUp):
    """A stack whose parts are children of this process, each on folders, ports and a network path of its own.

    Its services reach the database by `proxy`. `disk_bytes`: the database's files lie on a file system of that size.
    `program` is the module that is run in the place of `services.NAME`, as `python -m PROGRAM NAME --worker`, with
    `environment` beside the stack's.
    """

    def __init__(
        self,
        folder: Path,
        clock: str = "system",
        *,
        disk_bytes: int = 0,
        program: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        ports = free_ports()
        super().__init__(folder, clock, ports.first)
        self.proxy = Proxy(ports.of("postgres"))
        self.disk = Disk(folder / "postgres", disk_bytes) if disk_bytes else None
        self._program, self._environment = program, dict(environment or {})
        self._extra: list[ServiceRole] = []
        self._stack = _Watched(self, folder, clock, ports.first, tell=self._told)

    def _told(self, _fr: str, en: str) -> None:
        with self.folder.with_name("up.log").open("a") as log:
            log.write(f"{en}\n")

    async def start(self, deadline_seconds: float = 180) -> None:
        """Starts it, with the data it has."""
        await self.proxy.start()
        if self.disk is not None:
            self.disk.mount()
        async with asyncio.timeout(deadline_seconds):
            await self._stack.start()

    def role(
        self, name: str, role: str, folder: DataFolder, ports: Ports, log: str, replica: str, program: str = ""
    ) -> ServiceRole:
        """A role of a service as this stack runs it, not yet started."""
        program = program or self._program
        environment = settings(name, folder, ports, self._clock) | role_settings(name, role, ports)
        behind = f":{ports.of('postgres')}/"
        url = environment["RECOUVRA_DATABASE_URL"].replace(behind, f":{self.proxy.port}/")
        environment |= {"RECOUVRA_DATABASE_URL": url, "RECOUVRA_REPLICA": replica, **self._environment}
        if self._sources.exists():
            environment["RECOUVRA_SOURCES_FILE"] = str(self._sources)
        made = ServiceRole(name, role, environment, folder.logs / f"{log}.log", keep_open=(folder.lock,))
        if program:
            made._child.command = (sys.executable, "-m", program, name, f"--{role}")
            made._child.environment = {**made._child.environment, "PYTHONPATH": str(ROOT)}
        return made

    # ------------------------------------------------------------------ its parts

    def part(self, name: str, role: str) -> Part:
        """The part that plays a role."""
        return next(part for part in self._stack.parts if (part.name, part.role) == (name, role))

    async def send(self, number: int, name: str, role: str) -> None:
        """Sends a part a signal, ready or not; one that is just being started again is waited for."""
        part = self.part(name, role)
        await eventually(lambda: _runs(part))
        os.kill(part.pid, number)

    async def kill_one(self, name: str, role: str) -> None:
        """SIGKILL to whoever plays the role now; it is started again, as after every death."""
        await self.send(signal.SIGKILL, name, role)

    @asynccontextmanager
    async def away(self, name: str, role: str, by: int = signal.SIGKILL) -> AsyncIterator[None]:
        """A part ended by a signal, and not started again for as long as the block lasts."""
        part = self.part(name, role)
        await eventually(lambda: _runs(part))  # unattended, nobody would start it
        async with self._stack.unattended(part):
            await self.send(by, name, role)
            await part.ended()
            yield

    def frozen(self, name: str, role: str) -> AbstractContextManager[None]:
        """One that lives and does nothing for as long as the block lasts; the database's own children too."""
        part = self.part(name, role)
        assert part.is_running, f"{name} ({role}) does not run"
        pid = part.pid
        return frozen(pid, *(children_of(pid) if role == "database" else ()))

    @asynccontextmanager
    async def another(self, service: str, replica: str = "", program: str = "") -> AsyncIterator[ServiceRole]:
        """One more worker of a service; it is stopped in order at the block's end, if it still runs then."""
        folder, ports = self._stack.folder, self._stack.ports
        made = self.role(service, "worker", folder, ports, f"{service}-another", replica, program)
        self._extra.append(made)
        await made.start()
        try:
            yield made
        finally:
            await made.stop(within=10)
            self._extra.remove(made)

    def worker_pids(self, service: str) -> list[int]:
        """The processes of all workers of a service that run."""
        parts = [*self._stack.parts, *self._extra]
        return [p.pid for p in parts if (p.name, p.role) == (service, "worker") and p.is_running]

    # ------------------------------------------------------------------ its database

    async def sql(self, database: str, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """One statement in one of its databases as the superuser, past the proxy."""
        connection = await asyncpg.connect(self._url(database), timeout=10)
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    async def script(self, database: str, statements: str) -> None:
        """Several statements in one of its databases as the superuser, past the proxy."""
        connection = await asyncpg.connect(self._url(database), timeout=10)
        try:
            await connection.execute(statements)
        finally:
            await connection.close()

    def _url(self, database: str) -> str:
        return f"{self._stack.postgres.url.rpartition('/')[0]}/{database}"

    # ------------------------------------------------------------------ its end

    async def end(self, number: int = signal.SIGTERM, deadline_seconds: float = 30) -> int:
        """Ends all of it, in order or by SIGKILL; its files stay."""
        if number == signal.SIGKILL:
            _send(number, self.pids())
        async with asyncio.timeout(deadline_seconds):
            await asyncio.gather(*(role.stop() for role in self._extra))
            await self._stack.stop()
        return 0

    async def clear(self) -> None:
        """Ends it; its folder is the test's, a file system of its own goes."""
        try:
            await self.end()
        finally:
            await self.proxy.stop()
            if self.disk is not None:
                self.disk.unmount()


class _Watched(Stack):
    """The stack with its services' roles made by another, and its keeping of a part that can be put off."""

    def __init__(self, own: Own, folder: Path, clock: str, ports_from: int, **more: object) -> None:
        super().__init__(folder, clock, ports_from, **more)  # type: ignore[arg-type]
        self._own = own

    def _role(self, name: str, role: str) -> ServiceRole:
        return self._own.role(name, role, self.folder, self.ports, f"{name}-{role}", "local")

    @asynccontextmanager
    async def unattended(self, part: Part) -> AsyncIterator[None]:
        """Nobody starts a part again for as long as the block lasts; at its end it runs again."""
        place = self._parts.index(part)
        self._tasks[place].cancel()
        if part.role != "worker":
            self.folder.withdraw()
        try:
            yield
        finally:
            while not part.is_running:
                try:
                    await part.start()
                except LocalError as error:
                    self._tell(error.fr, error.en)
                    await turn(0.5)
            self._tasks[place] = asyncio.create_task(self._keep(part))
            self._changed.set()


class Disk:
    """A small file system in memory, which can be filled up."""

    def __init__(self, at: Path, size_bytes: int) -> None:
        self._at, self._size = at, size_bytes
        self._filling = at / "filling"

    def mount(self) -> None:
        """Mounts it where the database will lie; PermissionError where this machine refuses."""
        self._at.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={self._size},mode=0755", "none", str(self._at)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PermissionError(f"no file system of one's own here: {done.stderr.strip()}")

    def unmount(self) -> None:
        """Takes it away with all that it holds."""
        subprocess.run(["umount", "-l", str(self._at)], capture_output=True, check=False)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte is left on it for as long as the block lasts, but what others free meanwhile."""
        with self._filling.open("wb") as filling:
            try:
                with suppress(OSError):
                    while True:
                        os.write(filling.fileno(), bytes(1 << 16))
                yield
            finally:
                self._filling.unlink()


def may_mount() -> bool:
    """Whether this machine lets us mount a file system."""
    with suppress(OSError):
        return subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
    return False


async def _runs(part: Part) -> None:
    assert part.is_running, f"{part.name} ({part.role}) does not run"


def children_of(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Processes stopped by SIGSTOP for as long as the block lasts; one that died meanwhile stays dead."""
    _send(signal.SIGSTOP, pids)
    try:
        yield
    finally:
        _send(signal.SIGCONT, pids)


def _send(number: int, pids: Sequence[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
