"""Where the services' databases are: as the environment says, or in the folder of a local stack, running or not."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from recouvra.local.errors import LocalError
from recouvra.local.folder import DataFolder
from recouvra.local.ports import Ports, database_url, free_ports
from recouvra.local.postgres import Postgres


def told_by_environment(services: Sequence[str], environment: Mapping[str, str] = os.environ) -> dict[str, str] | None:
    """The databases' addresses from `RECOUVRA_NAME_DATABASE_URL`, of all these services; None where none is told.

    Raises:
        LocalError: some are told and others are not.
    """
    named = {service: f"RECOUVRA_{service.upper()}_DATABASE_URL" for service in services}
    found = {service: environment[name] for service, name in named.items() if environment.get(name)}
    if found and (lacking := ", ".join(name for service, name in named.items() if service not in found)):
        raise LocalError(f"{lacking} manque.", f"{lacking} is missing.", exit_code=2)
    return found or None


@asynccontextmanager
async def of_local_stack(path: Path, services: Sequence[str], *, stopped: bool) -> AsyncIterator[dict[str, str]]:
    """The databases' addresses for as long as the block lasts, by their owners; of a stack at rest only PostgreSQL is
    started, on a port that nobody knows.

    Raises:
        LocalError: no stack was ever started there; or it runs, where it must be `stopped`.
    """
    folder = DataFolder(path)
    if not folder.is_used:
        raise LocalError(
            f"{path} n'est pas une pile locale : donnez --data, ou RECOUVRA_…_DATABASE_URL pour chaque service.",
            f"{path} is no local stack: give --data, or RECOUVRA_…_DATABASE_URL for each service.",
            exit_code=2,
        )
    try:
        folder.hold()
    except LocalError:
        if stopped:
            raise
        yield _urls(folder, folder.ports(None), services)
        return
    ports = free_ports()
    postgres = Postgres(
        folder.path / "postgres",
        port=ports.of("postgres"),
        password=folder.secret("superuser"),
        log=folder.logs / "postgres.log",
        keep_open=(folder.lock,),
    )
    try:
        await postgres.start()
        for service in services:
            await postgres.create_database(service, folder.secret(service))
        yield _urls(folder, ports, services)
    finally:
        # Its last checkpoint writes out all that was put back.
        await postgres.stop(within=60.0)
        folder.release()


def _urls(folder: DataFolder, ports: Ports, services: Sequence[str]) -> dict[str, str]:
    at = ports.of("postgres")
    return {service: database_url(service, folder.secret(service), at, service) for service in services}
