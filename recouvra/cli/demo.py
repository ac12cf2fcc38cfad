"""`recouvra demo`: the whole stack with a made history, then the figures and the addresses."""

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, BootstrapOption, DataOption, broker, service_url, show_dashboard
from recouvra.cli.demo_figures import in_one_line, show_figures
from recouvra.cli.terminal import heading, notes, output, table, tell
from recouvra.cli.up import PortsOption

if TYPE_CHECKING:
    from recouvra.local.demonstration.figures import Figures

OnceOption = Annotated[
    bool, typer.Option("--once", help="S'arrête une fois les chiffres montrés / stop once the figures are shown")
]
FillOnlyOption = Annotated[
    bool,
    typer.Option(
        "--fill-only",
        help="Remplit une pile qui tourne déjà (RECOUVRA_KAFKA et RECOUVRA_*_URL, sinon celle de --data), sans rien "
        "démarrer / fill a stack that runs already, starting nothing",
    ),
]


def demo(
    once: OnceOption = False,
    fill_only: FillOnlyOption = False,
    data: DataOption = DEFAULT_FOLDER,
    ports_from: PortsOption = None,
    bootstrap: BootstrapOption = None,
) -> None:
    """Toute la pile et une histoire fictive / The whole stack and a made history."""
    if fill_only:
        from recouvra.local.roles import SERVICES

        urls = {name: service_url(name, None, data) for name in SERVICES}
        show_figures(asyncio.run(_filled(broker(bootstrap, data), urls, None)))
        # Whoever reads may stand outside the network in which this runs, as beside a compose stack.
        _show_next(
            {name: os.environ.get(f"RECOUVRA_SHOWN_{name.upper()}", url) for name, url in urls.items()}, runs=True
        )
        return

    from recouvra.local.stack import Stack, run_until_signalled

    stack = Stack(data, "event", ports_from, tell=tell)
    stays = not once and sys.stdin.isatty() and sys.stdout.isatty()

    async def fill_and_show() -> None:
        urls = {name: stack.ports.url(name) for name in stack.services}
        show_figures(await _filled(stack.bootstrap, urls, stack.folder.logs))
        _show_next(urls, runs=stays)
        if stays:
            tell("Ctrl-C arrête tout.", "Ctrl-C stops everything.")
            await asyncio.Event().wait()

    asyncio.run(run_until_signalled(stack, fill_and_show))
    tell("Tout est arrêté.", "Everything is stopped.")


async def _filled(bootstrap: str, urls: Mapping[str, str], logs: Path | None) -> "Figures":
    """Fill a stack with what it lacks of the history, show how that goes, and read the figures."""
    import httpx
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from recouvra.local.demonstration.figures import read_figures
    from recouvra.local.demonstration.filling import Filling
    from recouvra.local.demonstration.history import made_history
    from recouvra.local.demonstration.services import Services
    from recouvra.local.demonstration.topics import Topics

    began = time.monotonic()
    history = made_history()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with httpx.AsyncClient(timeout=30, trust_env=False, headers=_said()) as http, Topics(bootstrap) as topics:
        services = Services(http, urls)
        with Progress(*columns, console=notes, disable=not notes.is_terminal, transient=True) as progress:
            bar = progress.add_task(in_one_line("Histoire fictive", "Made history"), total=None)

            def told(month: str, done: int, of: int) -> None:
                progress.update(bar, description=month or in_one_line("Rapports", "Reports"), completed=done, total=of)

            published = await Filling(history, topics, services, logs).fill(told)
        figures = await read_figures(services, topics)
    seconds = f"{time.monotonic() - began:.0f} s"
    if published:
        tell(
            f"{published} événements d'une histoire fictive publiés et traités en {seconds}.",
            f"{published} events of a made history published and taken in within {seconds}.",
        )
    else:
        tell("L'histoire fictive est déjà là : rien d'ajouté.", "The made history is there already: nothing added.")
    return figures


def _said() -> dict[str, str]:
    """Who asks, where the services want to know."""
    token = os.environ.get("RECOUVRA_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _show_next(urls: Mapping[str, str], *, runs: bool) -> None:
    """Print where everything answers and, while it `runs`, what to try."""
    output.print(table(("", heading("adresse", "address")), list(urls.items()), numbers_from=2))
    if not runs:
        tell(
            "Pour l'explorer : « recouvra demo » dans un terminal, ou « recouvra up --clock event ».",
            "To explore it: “recouvra demo” in a terminal, or “recouvra up --clock event”.",
        )
        return
    show_dashboard(urls["reporting"])
    tell("À essayer :", "To try:")
    for tried in (
        "recouvra report collection-rates --group-by region --as-of 2025-03-31",
        "recouvra dead-letters list contributions",
        f"{urls['reporting']}/v1/payers?payer_kind=local_authority",
        f"{urls['contributions']}/v1/waiting",
        f"{urls['contributions']}/v1/double-declarations",
        f"{urls['registration']}/v1/possible-duplicates",
    ):
        output.print(f"  {tried}", markup=False, soft_wrap=True)
