"""`recouvra service NAME` and `recouvra migrate NAME`: one service, as a program of its own."""

import os
from pathlib import Path
from typing import Annotated

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, DataOption
from recouvra.cli.terminal import wrong_use

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="registration, contributions, liquidation, reporting")
]


def service(
    name: NameArgument,
    api: Annotated[bool, typer.Option("--api", help="HTTP seulement / HTTP only")] = False,
    worker: Annotated[bool, typer.Option("--worker", help="Lecteur seulement / reader only")] = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:
    """Lance un service, ou un seul de ses rôles / Run one service, or one of its roles."""
    if api != worker:
        _become(name, "api" if api else "worker", data)
    import asyncio

    from recouvra.local.roles import ServiceRole, run_roles

    roles = [ServiceRole(name, role, environment_of(name, role, data), log=None) for role in ("api", "worker")]
    asyncio.run(run_roles(roles))


def migrate(name: NameArgument, data: DataOption = DEFAULT_FOLDER) -> None:
    """Met à jour la base d'un service / Bring a service's database up to date."""
    _become(name, "migrate", data)


def _become(name: str, role: str, folder: Path) -> None:
    from recouvra.local.roles import command

    environment = environment_of(name, role, folder)
    words = command(name, f"--{role}")
    os.execve(words[0], words, environment)


def environment_of(name: str, role: str, folder: Path) -> dict[str, str]:
    """Ours, completed from the data folder of a local stack, if there is one; what is set already stands."""
    from recouvra.local.folder import DataFolder
    from recouvra.local.roles import SERVICES, role_settings, settings

    if name not in SERVICES:
        raise wrong_use(
            f"Il n'y a pas de service « {name} » : choisissez parmi {', '.join(SERVICES)}.",
            f"There is no service “{name}”: choose one of {', '.join(SERVICES)}.",
        )
    environment = dict(os.environ)
    if not {"RECOUVRA_KAFKA", "RECOUVRA_DATABASE_URL"} <= environment.keys():
        local = DataFolder(folder)
        if not local.is_used:
            raise wrong_use(
                f"RECOUVRA_KAFKA et RECOUVRA_DATABASE_URL manquent, et {folder} n'est pas une pile locale.",
                f"RECOUVRA_KAFKA and RECOUVRA_DATABASE_URL are missing, and {folder} is no local stack.",
            )
        ports = local.ports(None)
        known = settings(name, local, ports, environment.get("RECOUVRA_CLOCK", "system"))
        # Not the name of the stack's own worker: two that bear one take each other's partitions for ever.
        listening = role_settings(name, role, ports) if role == "api" else {}
        environment = known | listening | environment
    return environment
