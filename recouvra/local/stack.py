"""The whole stack on one machine without Docker: started together, kept alive, stopped together."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import httpx

from recouvra.local.children import Deadline
from recouvra.local.errors import LocalError
from recouvra.local.folder import DataFolder
from recouvra.local.jars import kafka_jars_aside
from recouvra.local.kafka import Kafka
from recouvra.local.ports import ORDER, Ports
from recouvra.local.postgres import Postgres
from recouvra.local.roles import SERVICES, ServiceRole, role_settings, settings
from recouvra.local.topics import create_topics

Tell = Callable[[str, str], None]
"""Takes a sentence in French and the same in English."""

_LONG_LIFE_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 5.0


class Part(Protocol):
    """What is started, kept alive and stopped: the broker, the database, a service's role."""

    name: str
    role: str

    @property
    def pid(self) -> int: ...  # noqa: D102
    @property
    def is_running(self) -> bool: ...  # noqa: D102
    async def start(self) -> None: ...  # noqa: D102
    async def ended(self) -> int: ...  # noqa: D102
    async def stop(self, within: float = ...) -> None: ...  # noqa: D102


class Stack:
    """One stack on one data folder; `start` returns when every `/readyz` answers, `stop` leaves nothing running.

    A child that dies in between is started again. `stack.json` stands in the folder exactly while the stack is ready.
    """

    def __init__(
        self,
        path: Path,
        clock: str = "system",
        ports_from: int | None = None,
        *,
        services: tuple[str, ...] = SERVICES,
        tell: Tell = lambda _fr, _en: None,
    ) -> None:
        self.folder = DataFolder(path)
        self.clock = clock
        self.services = services
        self.ports = Ports()
        self._ports_from = ports_from
        self._tell = tell
        self._parts: list[Part] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()

    @property
    def bootstrap(self) -> str:
        """The broker's address."""
        return self.kafka.bootstrap

    @property
    def parts(self) -> tuple[Part, ...]:
        """What was started, in the order of `stack.json`."""
        return tuple(self._parts)

    async def start(self) -> None:
        """Start everything; LocalError, with nothing left running, when something stands in the way."""
        try:
            self.folder.hold()
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        self.ports = self.folder.ports(self._ports_from)
        await self._ports_free()
        self.folder.remember(self.ports)
        self._tell("Apache Kafka : vérification des fichiers", "Apache Kafka: checking its files")
        jars = await kafka_jars_aside(self.folder.path / "cache", self._tell_fetched)
        folder, ports = self.folder, self.ports
        self.kafka = Kafka(
            folder.path / "kafka",
            jars,
            port=ports.of("kafka"),
            controller_port=ports.of("kafka controller"),
            log=folder.logs / "kafka.log",
            keep_open=(folder.lock,),
        )
        self.postgres = Postgres(
            folder.path / "postgres",
            port=ports.of("postgres"),
            password=folder.secret("superuser"),
            log=folder.logs / "postgres.log",
            keep_open=(folder.lock,),
        )
        roles = [self._role(name, role) for name in self.services for role in ("api", "worker")]
        self._parts = [self.kafka, self.postgres, *roles]
        self._tell("Kafka et PostgreSQL démarrent", "Kafka and PostgreSQL are starting")
        await _all(self._broker_with_topics(), self._database_with_tables(roles))
        self._tell("Les services démarrent", "The services are starting")
        for role in roles:
            await role.start()
        await _all(self._until_ready(), *(_fails_when_ended(role) for role in roles), first=True)
        self._announce()
        self._tasks = [asyncio.create_task(self._keep(part)) for part in self._parts]
        self._tasks.append(asyncio.create_task(self._announce_again()))

    async def _ports_free(self) -> None:
        """Check the ports; a process that was killed frees the folder's lock an instant before its sockets."""
        deadline = Deadline(1.0)
        while True:
            try:
                return self.ports.check_free()
            except LocalError:
                if deadline.is_past:
                    raise
            await asyncio.sleep(0.05)

    def _tell_fetched(self, done: int, of: int) -> None:
        if done % 10 == 0 or done == of:
            self._tell(
                f"Apache Kafka : {done} fichiers sur {of} téléchargés", f"Apache Kafka: {done} files of {of} fetched"
            )

    def _role(self, name: str, role: str) -> ServiceRole:
        environment = settings(name, self.folder, self.ports, self.clock) | role_settings(name, role, self.ports)
        log = self.folder.logs / f"{name}-{role}.log"
        return ServiceRole(name, role, environment, log, keep_open=(self.folder.lock,))

    async def _broker_with_topics(self) -> None:
        await self.kafka.start()
        topics = await create_topics(self.bootstrap)
        for name, settings_ in topics.differing.items():
            differs = ", ".join(f"{key}={is_} ({should})" for key, (is_, should) in settings_.items())
            self._tell(f"Le sujet {name} a d'autres réglages : {differs}", f"Topic {name} is set otherwise: {differs}")

    async def _database_with_tables(self, roles: list[ServiceRole]) -> None:
        await self.postgres.start()
        for name in self.services:
            await self.postgres.create_database(name, self.folder.secret(name))
        await _all(*(role.migrate() for role in roles if role.role == "api"))

    async def _until_ready(self) -> None:
        """Wait until every `/readyz` answers 200; for ever, if need be: who waits watches the children."""
        async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
            for name in self.services:
                while not await _is_ready(http, self.ports.url(name)):  # noqa: ASYNC110 (no event tells)
                    await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Stop the services, then the broker and the database, in under ten seconds. Safe to call twice."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self.folder.withdraw()
        servers = [part for part in self._parts if part.role in ("broker", "database")]
        await asyncio.gather(*(part.stop(within=4.0) for part in self._parts if part not in servers))
        await asyncio.gather(*(part.stop(within=4.5) for part in servers))
        self._parts = []
        self.folder.release()

    async def _keep(self, part: Part) -> None:
        """Start a part again whenever it ends; at once, then, while it keeps dying, after longer and longer pauses."""
        pause = 0.0
        while True:
            since = time.monotonic()
            code = await part.ended()
            if part.role != "worker":  # without a worker every `/readyz` still answers
                self.folder.withdraw()
            self._tell(
                f"{part.name} ({part.role}) s'est arrêté (code {code}) : il redémarre",
                f"{part.name} ({part.role}) stopped (code {code}): starting it again",
            )
            if time.monotonic() - since > _LONG_LIFE_SECONDS:
                pause = 0.0
            while True:
                await asyncio.sleep(pause)
                pause = min(max(2 * pause, 0.5), _LONGEST_PAUSE_SECONDS)
                try:
                    await part.start()
                    break
                except LocalError as error:
                    self._tell(error.fr, error.en)
                except Exception as error:  # whatever it is: nobody else would start the part again
                    self._tell(f"{part.name} : {error!r}", f"{part.name}: {error!r}")
            if part.role == "worker" and self.folder.stack_file.exists():
                self._announce()
            else:
                self._changed.set()

    async def _announce_again(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._until_ready()
            # One that died meanwhile sets the event when it is back.
            if all(part.is_running for part in self._parts) and not self._changed.is_set():
                self._announce()

    def _announce(self) -> None:
        self.folder.announce(
            {
                "kafka": self.bootstrap,
                "postgres": self.postgres.url,
                "services": {name: self.ports.url(name) for name in ORDER if name in self.services},
                "processes": [{"name": part.name, "role": part.role, "pid": part.pid} for part in self._parts],
            }
        )


async def run_until_signalled(stack: Stack, while_running: Callable[[], Awaitable[None]] | None = None) -> None:
    """Start the stack, do `while_running` if given, else wait; stop at SIGINT, SIGTERM or SIGHUP, or when it is done.

    Raises LocalError when the stack cannot start, and whatever `while_running` raises, once everything is stopped.
    """
    loop = asyncio.get_running_loop()
    signalled = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, signalled.set)

    async def live() -> None:
        await stack.start()
        await (while_running() if while_running else signalled.wait())

    living = asyncio.create_task(live())
    told = asyncio.create_task(signalled.wait())
    await asyncio.wait({living, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    living.cancel()
    try:
        await living
    except asyncio.CancelledError:
        pass
    finally:
        await stack.stop()


async def _is_ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).status_code == 200
    except httpx.HTTPError:
        return False


async def _fails_when_ended(role: ServiceRole) -> None:
    raise role.died(await role.ended())


async def _all(*work: Awaitable[None], first: bool = False) -> None:
    """Wait for all of it, or for the `first` to succeed; one that fails cancels the others, which end before we do."""
    tasks = [asyncio.ensure_future(one) for one in work]
    if not tasks:
        return
    try:
        when = asyncio.FIRST_COMPLETED if first else asyncio.FIRST_EXCEPTION
        done, _ = await asyncio.wait(tasks, return_when=when)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
