"""A stack whose every process a test starts and ends by itself: what `recouvra up` does at once, one by one.

It is always of processes of this machine, whatever other tests run on: an exact point lies inside a process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, NamedTuple, cast

import httpx

from recouvra.local.children import Child
from recouvra.local.kafka import Kafka
from recouvra.local.ports import HOST, Ports, free_ports
from recouvra.local.postgres import Postgres
from recouvra.local.roles import SERVICES, command
from recouvra.local.servers import broker, database
from recouvra.local.topics import create_topics
from tests.standing.polling import eventually
from tests.standing.servers import Up

ROOT = Path(__file__).parents[2]
ROLES = ("api", "worker")


class Named(NamedTuple):
    """A role of a service; `replica` tells those of one role apart."""

    service: str
    role: str
    replica: str = "one"


class Ended(NamedTuple):
    """How a process ended when it was asked to: its exit code, and after how many seconds."""

    code: int
    seconds: float


class Fleet:
    """Broker, database and roles; `roles` are those that run or are started again when they die."""

    def __init__(self, folder: Path, kafka: Kafka, postgres: Postgres, ports: Ports, clock: str) -> None:
        self.folder, self.kafka, self.postgres, self._clock = folder, kafka, postgres, clock
        self._ports = {Named(name, "api"): ports.of(name) for name in SERVICES}
        self.urls: dict[str, str] = {}
        self.roles: dict[Named, Child] = {}
        self._keepers: dict[Named, asyncio.Task[None]] = {}

    @property
    def up(self) -> Up:
        """As the stack that tests of whole countries ask; of it only `ready` is there."""
        return cast(Up, self)

    async def migrate(self) -> None:
        """Makes topics, databases and tables."""
        await create_topics(self.kafka.bootstrap)
        for name in SERVICES:
            self.urls[name] = await self.postgres.create_database(name, token_urlsafe(12))
        for name in SERVICES:
            await self._child(Named(name, "migrate"), command(name, "--migrate")).run(within=120)

    def start(self, named: Named, *, dying: bool = False) -> None:
        """Starts a role; from now on it is started again whenever it dies."""
        words = command(named.service, f"--{named.role}")
        if dying:
            words = (sys.executable, "-m", "tests.faults.dying", named.service, f"--{named.role}")
        if named.role == "api" and named not in self._ports:
            self._ports[named] = free_ports().first
        self.roles[named] = self._child(named, words)
        self.roles[named].start()
        self._keepers[named] = asyncio.create_task(self._keep(self.roles[named]))

    def start_all(self, *, dying: bool = False) -> None:
        """Starts an API and a worker of every service."""
        for name in SERVICES:
            for role in ROLES:
                self.start(Named(name, role), dying=dying)

    def _child(self, named: Named, words: tuple[str, ...]) -> Child:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "RECOUVRA_KAFKA": self.kafka.bootstrap,
            "RECOUVRA_DATABASE_URL": self.urls[named.service],
            "RECOUVRA_CLOCK": self._clock,
            "RECOUVRA_REPLICA": named.replica,
            "RECOUVRA_PORT": str(self._ports.get(named, 8080)),
            "RECOUVRA_DIES_AT": str(self._fate(named)),
        }
        for peer in SERVICES[:3]:
            environment[f"RECOUVRA_{peer.upper()}_URL"] = f"http://{HOST}:{self._ports[Named(peer, 'api')]}"
        log = self.folder / "logs" / f"{named.service}-{named.role}-{named.replica}.log"
        return Child("-".join(named), words, log, environment)

    async def _keep(self, child: Child) -> None:
        while True:
            await child.ended()
            child.start()

    # ------------------------------------------------------------------ where dying ones die

    def _fate(self, named: Named) -> Path:
        return self.folder / f"{'-'.join(named)}.dies"

    def condemn(self, named: Named, point: str, passage: int = 1) -> None:
        """A role that was started as a dying one dies at its next `passage` of a point (tests/faults/dying.py)."""
        written = self._fate(named).with_suffix(".new")
        written.write_text(f"{point} {passage}")
        written.replace(self._fate(named))

    async def died(self, named: Named, deadline_seconds: float = 60) -> None:
        """Waits until a condemned one has met its fate."""

        async def met() -> None:
            assert not self._fate(named).exists(), f"{named} has not come to {self._fate(named).read_text()}"

        await eventually(met, deadline_seconds)

    # ------------------------------------------------------------------ ending

    async def end(self, *those: Named, deadline_seconds: float = 30) -> dict[Named, Ended]:
        """SIGTERM to all of these at once; how each ended. AssertionError for one that is there at the deadline."""
        for named in those:
            self._keepers.pop(named).cancel()
        asked_at = time.monotonic()
        children = {named: self.roles.pop(named) for named in those}
        for child in children.values():
            child.send(signal.SIGTERM)

        async def ended(child: Child) -> Ended:
            try:
                code = await asyncio.wait_for(child.ended(), deadline_seconds)
            except TimeoutError:
                child.send(signal.SIGKILL)
                code = await child.ended()
            return Ended(code, time.monotonic() - asked_at)

        found = await asyncio.gather(*(ended(child) for child in children.values()))
        return dict(zip(children, found, strict=True))

    async def kill(self, named: Named) -> None:
        """SIGKILL for good: it is not started again."""
        self._keepers.pop(named).cancel()
        child = self.roles.pop(named)
        child.send(signal.SIGKILL)
        await child.ended()

    async def clear(self) -> None:
        """Ends every role, however it goes."""
        for named in list(self.roles):
            with suppress(ProcessLookupError):
                await self.kill(named)

    # ------------------------------------------------------------------ as tests/stack asks

    async def ready(self, deadline_seconds: float = 90) -> dict[str, Any]:
        """What runs where, in the shape of `stack.json`, once an API of every service is ready."""
        apis = {named.service: self._ports[named] for named in self.roles if named.role == "api"}
        services = {name: f"http://{HOST}:{port}" for name, port in apis.items()}

        async def there() -> None:
            async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
                for url in services.values():
                    response = await http.get(f"{url}/readyz")
                    assert response.status_code == 200, response.text

        await eventually(there, deadline_seconds)
        return {"kafka": self.kafka.bootstrap, "postgres": self.postgres.url, "services": services}


@asynccontextmanager
async def fleet(folder: Path, clock: str = "system") -> AsyncIterator[Fleet]:
    """Broker, topics, database and tables for as long as the block lasts; no role runs yet."""
    ports = free_ports()
    async with broker(folder / "broker", ports) as kafka, database(folder / "database", ports) as postgres:
        made = Fleet(folder, kafka, postgres, ports, clock)
        try:
            await made.migrate()
            yield made
        finally:
            await made.clear()
