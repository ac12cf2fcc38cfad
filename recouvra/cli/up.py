"""`recouvra up`: the whole stack without Docker, until interrupted."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, DataOption, show_dashboard
from recouvra.cli.terminal import heading, notes, output, table, tell

if TYPE_CHECKING:
    from recouvra.local.stack import Stack

ClockOption = Annotated[
    Literal["system", "event"],
    typer.Option(help="L'heure des faits : celle de la machine, ou de l'événement / the machine's, or the event's"),
]
PortsOption = Annotated[
    int | None,
    typer.Option(help="Premier des sept ports (8080 sinon) / first of the seven ports", show_default=False),
]


def up(
    data: DataOption = DEFAULT_FOLDER,
    clock: ClockOption = "system",
    ports_from: PortsOption = None,
) -> None:
    """Lance toute la pile, jusqu'à interruption / Run the whole stack until interrupted."""
    from recouvra.local.stack import Stack, run_until_signalled

    stack = Stack(data, clock, ports_from, tell=tell)

    async def show_and_wait() -> None:
        show(stack, data)
        tell("Ctrl-C arrête tout.", "Ctrl-C stops everything.")
        await asyncio.Event().wait()

    asyncio.run(run_until_signalled(stack, show_and_wait))
    tell("Tout est arrêté.", "Everything is stopped.")


def show(stack: "Stack", folder: Path) -> None:
    """Print what runs where."""
    addresses = {"kafka": stack.bootstrap, "postgres": f"127.0.0.1:{stack.postgres.port}"}
    addresses |= {name: stack.ports.url(name) for name in stack.services}
    rows = [
        (part.name, part.role, "" if part.role == "worker" else addresses[part.name], str(part.pid))
        for part in stack.parts
    ]
    output.print(table(("", heading("rôle", "role"), heading("adresse", "address"), "pid"), rows, numbers_from=3))
    notes.print(f"{folder}/stack.json · {folder}/logs/", markup=False)
    show_dashboard(addresses["reporting"])
