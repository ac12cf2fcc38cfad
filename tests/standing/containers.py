"""Servers and stacks in containers of docker-compose.yml, by testcontainers: each a project of its own."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import asyncpg
import httpx
from testcontainers.compose import DockerCompose

from recouvra.local.ports import HOST, database_url, free_ports
from recouvra.local.postgres import create_database
from recouvra.local.roles import SERVICES
from tests.standing.polling import eventually
from tests.standing.servers import Up

ROOT = Path(__file__).parents[2]
SUPERUSER = ("recouvra", "development")  # as .env has it
PUBLISHED = ("reporting", "registration", "contributions", "liquidation", "kafka", "postgres")


class Project:
    """The compose file under a name, on ports and with volumes that nobody else uses; `services` of it, or all."""

    def __init__(self, folder: Path, *services: str, clock: str = "system") -> None:
        self.name, self.ports, self.services = f"recouvra-test-{token_hex(4)}", free_ports(), services
        folder.mkdir(parents=True, exist_ok=True)
        settings = folder / "compose.env"
        ports = [f"RECOUVRA_{name.upper()}_PORT={self.ports.of(name)}" for name in PUBLISHED]
        settings.write_text("\n".join([f"COMPOSE_PROJECT_NAME={self.name}", f"RECOUVRA_CLOCK={clock}", *ports]))
        self._settings = settings
        self.compose = DockerCompose(
            ROOT,
            compose_file_name="docker-compose.yml",
            env_file=[".env", str(settings)],
            services=list(services) or None,
        )

    def allow(self, rules: Mapping[str, Sequence[str]]) -> None:
        """Writes the file that says who may publish for whom, in one step, into a folder of access of its own."""
        access = self._settings.with_name("access")
        if not access.exists():
            shutil.copytree(ROOT / "deploy" / "access", access)
            with self._settings.open("a") as settings:
                settings.write(f"\nRECOUVRA_ACCESS={access}\nRECOUVRA_SOURCES_FILE=/etc/recouvra/sources.json")
        written = access / "sources.new"
        written.write_text(json.dumps(rules))
        written.replace(access / "sources.json")

    async def up(self) -> None:
        """Makes and starts what is not there, and waits until all of it is healthy."""
        try:
            await asyncio.to_thread(self.compose.start)
        except subprocess.CalledProcessError as error:
            raise AssertionError(f"{error.stderr.decode()[-2000:]}\n{self.logs()[-4000:]}") from error

    def say(self, *words: str) -> str:
        """`docker compose` with these words about this project; what it prints."""
        command = [*self.compose.compose_command_property, *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr[-2000:]}"
        return done.stdout

    def logs(self) -> str:
        """What its containers said last."""
        return self.say("logs", "--tail", "20")

    def containers(self) -> dict[str, Any]:
        """Its running containers as Docker's client knows them, by the service's name in the compose file."""
        client = self.compose._get_docker_client().client
        found = client.containers.list(filters={"label": f"com.docker.compose.project={self.name}"})
        return {one.labels["com.docker.compose.service"]: one for one in found}

    @contextmanager
    def frozen(self, service: str) -> Iterator[None]:
        """Every process of a container paused for as long as the block lasts."""
        self.say("pause", service)
        try:
            yield
        finally:
            self.say("unpause", service)

    async def clear(self) -> None:
        """Nothing of it is left: no container, no volume, no network."""
        await asyncio.to_thread(self.say, "down", "--volumes", "--timeout", "5")


class InDocker:
    """Standing in containers."""

    @asynccontextmanager
    async def broker(self, folder: Path) -> AsyncIterator[BrokerInDocker]:
        """A broker without topics, for as long as the block lasts."""
        project = Project(folder, "kafka")
        try:
            await project.up()
            yield BrokerInDocker(project)
        finally:
            await project.clear()

    @asynccontextmanager
    async def database(self, folder: Path) -> AsyncIterator[DatabaseInDocker]:
        """A database server, for as long as the block lasts."""
        project = Project(folder, "postgres")
        try:
            await project.up()
            yield DatabaseInDocker(project)
        finally:
            await project.clear()

    def up(self, folder: Path, clock: str) -> Up:
        """A stack, not yet started."""
        return UpInDocker(folder, clock)


class BrokerInDocker:
    """The compose file's broker alone."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.bootstrap = f"{HOST}:{project.ports.of('kafka')}"

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Paused for as long as the block lasts."""
        with self._project.frozen("kafka"):
            yield


class DatabaseInDocker:
    """The compose file's database server alone."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.url = database_url(*SUPERUSER, project.ports.of("postgres"), "postgres")

    async def create_database(self, name: str, password: str) -> str:
        """Makes an empty database with an owner of its name; the owner's address."""
        await create_database(self.url, name, password)
        return database_url(name, password, self._project.ports.of("postgres"), name)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Paused for as long as the block lasts."""
        with self._project.frozen("postgres"):
            yield

    async def stop(self) -> None:
        """Ends it in order; its volume stays."""
        await asyncio.to_thread(self._project.say, "stop", "postgres")

    async def start(self) -> None:
        """Starts it again, and waits until it takes connections."""
        await asyncio.to_thread(self._project.say, "start", "postgres")

        async def answers() -> None:
            try:
                await (await asyncpg.connect(self.url, timeout=5)).close()
            except (OSError, asyncpg.PostgresError) as error:
                raise AssertionError(f"{error!r}") from error

        await eventually(answers)


class UpInDocker:
    """The whole compose file."""

    def __init__(self, folder: Path, clock: str) -> None:
        self._project = Project(folder, clock=clock)
        self._runs = False

    def allow(self, rules: Mapping[str, Sequence[str]]) -> None:
        """Writes the file that says who may publish for whom."""
        self._project.allow(rules)

    async def start(self, deadline_seconds: float = 300) -> None:
        """`docker compose up --wait`, and what it says once it is healthy."""
        self._runs = True
        async with asyncio.timeout(deadline_seconds):
            await self._project.up()
        await self.ready()

    def told(self) -> dict[str, Any] | None:
        """What runs where, in the shape of `stack.json`; None while a `/readyz` is not 200."""
        ports = self._project.ports
        try:
            if any(httpx.get(f"{ports.url(name)}/readyz", timeout=5).status_code != 200 for name in SERVICES):
                return None
        except httpx.HTTPError:
            return None
        return {
            "kafka": f"{HOST}:{ports.of('kafka')}",
            "postgres": database_url(*SUPERUSER, ports.of("postgres"), "postgres"),
            "services": {name: ports.url(name) for name in SERVICES},
            "processes": [
                dict(zip(("name", "role"), _part(service), strict=True)) | {"pid": container.attrs["State"]["Pid"]}
                for service, container in self._project.containers().items()
            ],
        }

    async def ready(self, deadline_seconds: float = 120) -> dict[str, Any]:
        """What is told once every `/readyz` is 200 again."""

        async def there() -> dict[str, Any]:
            found = await asyncio.to_thread(self.told)
            assert found is not None, "the stack is not ready"
            return found

        return await eventually(there, deadline_seconds)

    def pids(self) -> list[int]:
        """The first process of every container that runs."""
        return [container.attrs["State"]["Pid"] for container in self._project.containers().values()]

    async def kill_one(self, name: str, role: str) -> None:
        """SIGKILL, from within, to all that a container's first process watches: Docker then starts it again.

        Docker's own kill counts as a wish of the user's, after which it starts nothing again.
        """
        await self.ready()
        container = self._project.containers()[_service(name, role)]
        await asyncio.to_thread(container.exec_run, ["sh", "-c", "kill -9 -1"])

    @contextmanager
    def frozen(self, name: str, role: str) -> Iterator[None]:
        """Paused for as long as the block lasts."""
        with self._project.frozen(_service(name, role)):
            yield

    async def command(self, *words: str) -> tuple[int, str]:
        """Runs `recouvra` with these words in the container of reporting's worker; exit code and output."""
        compose = [*self._project.compose.compose_command_property, "exec", "-T", "reporting-worker", "recouvra"]
        child = await asyncio.create_subprocess_exec(
            *compose, *words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said, _ = await child.communicate()
        return child.returncode or 0, said.decode()

    async def end(self, number: int = signal.SIGTERM, deadline_seconds: float = 60) -> int:
        """Ends all containers by this signal and removes them, their volumes stay; 0 where every service ended so."""
        if not self._runs:
            return 0
        self._runs = False
        mine = [one for service, one in self._project.containers().items() if _part(service)[1] in ("api", "worker")]
        async with asyncio.timeout(deadline_seconds):
            if number == signal.SIGTERM:
                await asyncio.to_thread(self._project.say, "stop")
            else:
                await asyncio.to_thread(self._project.say, "kill", "--signal", str(int(number)))
            codes = [one.wait()["StatusCode"] for one in mine]
            await asyncio.to_thread(self._project.say, "down")
        assert self._project.containers() == {}
        return next((code for code in codes if code), 0)

    async def clear(self) -> None:
        """Ends it, and removes its volumes."""
        self._runs = False
        await self._project.clear()


def _service(name: str, role: str) -> str:
    """The name in the compose file of who plays a role."""
    return name if role in ("broker", "database") else f"{name}-{role}"


def _part(service: str) -> tuple[str, str]:
    """The name and role of a service of the compose file."""
    servers = {"kafka": ("kafka", "broker"), "postgres": ("postgres", "database")}
    name, _, role = service.partition("-")
    return servers.get(service, (name, role))
