"""One role of one service as a child process, and the environment that it is started with."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from recouvra.local.children import Child
from recouvra.local.errors import LocalError
from recouvra.local.folder import DataFolder
from recouvra.local.ports import HOST, Ports, database_url

SERVICES = ("registration", "contributions", "liquidation", "reporting")


def command(service: str, flag: str) -> tuple[str, ...]:
    """How a role of a service is started: `flag` is `--api`, `--worker` or `--migrate`."""
    # -P: a folder named `services` where the user happens to stand is not ours.
    return (sys.executable, "-P", "-m", f"services.{service}", flag)


def settings(service: str, folder: DataFolder, ports: Ports, clock: str) -> dict[str, str]:
    """The settings of a service of a local stack, without the role's own."""
    return {
        "RECOUVRA_KAFKA": f"{HOST}:{ports.of('kafka')}",
        "RECOUVRA_DATABASE_URL": database_url(service, folder.secret(service), ports.of("postgres"), service),
        "RECOUVRA_CLOCK": clock,
        "RECOUVRA_REGISTRATION_URL": ports.url("registration"),
        "RECOUVRA_CONTRIBUTIONS_URL": ports.url("contributions"),
        "RECOUVRA_LIQUIDATION_URL": ports.url("liquidation"),
    }


def role_settings(service: str, role: str, ports: Ports) -> dict[str, str]:
    """What only one role needs: where the API listens, the name that a worker keeps over restarts."""
    if role == "api":
        return {"RECOUVRA_HOST": HOST, "RECOUVRA_PORT": str(ports.of(service))}
    return {"RECOUVRA_REPLICA": "local"}


class ServiceRole:
    """A service's API or worker: `start`, `stop`, and `start` again."""

    def __init__(
        self, name: str, role: str, environment: Mapping[str, str], log: Path | None, keep_open: Sequence[int] = ()
    ) -> None:
        self.name = name
        self.role = role
        inherited = {key: value for key, value in os.environ.items() if key not in ("RECOUVRA_PORT", "RECOUVRA_HOST")}
        self._child = Child(
            f"{name} ({role})",
            command(name, f"--{role}"),
            log,
            inherited | dict(environment) | {"PYTHONUNBUFFERED": "1"},
            keep_open=keep_open,
        )

    @property
    def pid(self) -> int:
        """The process id of the last start."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child.is_running

    async def start(self) -> None:
        """Start it; whether it is ready is for `/readyz` to say."""
        self._child.start()

    async def ended(self) -> int:
        """Wait until it ends; its exit code."""
        return await self._child.ended()

    async def stop(self, within: float = 4.0) -> None:
        """Stop in order, or by SIGKILL after `within` seconds."""
        await self._child.stop(within=within)

    async def migrate(self) -> None:
        """Bring its database up to date; raises LocalError with its own last words when that fails."""
        child = Child(
            f"{self.name} (migrate)",
            command(self.name, "--migrate"),
            self._child.log,
            self._child.environment,
            keep_open=self._child.keep_open,
        )
        await child.run(within=300)

    def died(self, code: int) -> LocalError:
        """The sentence for a role that ended although it should run."""
        return self._child.died(code)


async def run_roles(roles: Sequence[ServiceRole]) -> None:
    """Run roles until SIGINT, SIGTERM or SIGHUP; raises LocalError when one ends by itself, all stopped then."""
    loop = asyncio.get_running_loop()
    signalled = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, signalled.set)
    ending: dict[asyncio.Task[int], ServiceRole] = {}
    told = asyncio.create_task(signalled.wait())
    try:
        for role in roles:
            await role.start()
            ending[asyncio.create_task(role.ended())] = role
        done, _ = await asyncio.wait({told, *ending}, return_when=asyncio.FIRST_COMPLETED)
        for task in ending.keys() & done:
            raise ending[task].died(task.result())
    finally:
        await asyncio.gather(*(role.stop() for role in roles))
        told.cancel()
