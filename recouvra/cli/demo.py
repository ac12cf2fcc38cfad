"""`recouvra demo`: the whole stack with a made history, then the figures and the addresses."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, BootstrapOption, DataOption, broker, service_url
from recouvra.cli.terminal import francs, heading, notes, output, percent, table, tell
from recouvra.cli.up import PortsOption, show
from recouvra.local.errors import in_the_readers_language

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

_KINDS = {
    "state": ("État", "State"),
    "local_authority": ("Collectivités", "Local authorities"),
    "private_employer": ("Employeurs privés", "Private employers"),
    "pension_body": ("Caisses de retraite", "Pension bodies"),
    "self_employed": ("Indépendants", "Self-employed"),
}

_HEADINGS = (
    ("Cotisants", "Payers"),
    ("Constaté", "Assessed"),
    ("Reçu", "Received"),
    ("Reste dû", "Outstanding"),
    ("Taux", "Rate"),
)


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
        _show_figures(asyncio.run(_filled(broker(bootstrap, data), urls, None)))
        output.print(table(("", heading("adresse", "address")), list(urls.items()), numbers_from=2))
        return

    from recouvra.local.stack import Stack, run_until_signalled

    stack = Stack(data, "event", ports_from, tell=tell)
    stays = not once and sys.stdin.isatty() and sys.stdout.isatty()

    async def fill_and_show() -> None:
        urls = {name: stack.ports.url(name) for name in stack.services}
        _show_figures(await _filled(stack.bootstrap, urls, stack.folder.logs))
        show(stack, data)
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
            bar = progress.add_task(_line("Histoire fictive", "Made history"), total=None)

            def told(month: str, done: int, of: int) -> None:
                progress.update(bar, description=month or _line("Rapports", "Reports"), completed=done, total=of)

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


def _show_figures(figures: "Figures") -> None:
    """Print the rates by kind and by region, where the money stands, and what is left aside."""
    from recouvra.local.demonstration.territories import region_name

    _title("Taux de recouvrement par type de cotisant", "Collection rates by payer kind")
    _draw_rates(figures.by_kind, lambda row: in_the_readers_language(*_KINDS[row["payer_kind"]]))
    _title("Taux de recouvrement par région", "Collection rates by region")
    _draw_rates(figures.by_region, lambda row: f"{row['region']} {region_name(row['region'])}")
    _title("Où est l'argent", "Where the money is")
    total = figures.money["total"]
    places = (
        ("affecté à des périodes", "placed on periods", "received_xof"),
        ("en crédit", "in credit", "credit_xof"),
        ("en attente d'affectation", "in suspense", "suspense_xof"),
        ("Total", "Total", "total_xof"),
    )
    rows = [(_line(fr, en), francs(total[key])) for fr, en, key in places]
    output.print(table(("", "FCFA / XOF"), rows, numbers_from=1, total=True))
    as_of = figures.by_kind["as_of"]
    output.print(f"{_line('Tel que connu au', 'as known at')} {as_of}", style="dim")
    _title("Ce qui attend, ce qui a été mis de côté", "What waits, what was set aside")
    left = [(aside.service, str(aside.waiting), str(aside.dead_letters)) for aside in figures.aside]
    output.print(table(("", _line("attend", "waiting"), _line("mis de côté", "set aside")), left, numbers_from=1))
    output.print()


def _draw_rates(answer: dict[str, Any], name: Callable[[dict[str, Any]], str]) -> None:
    """Print one row each, the total last, within 80 columns."""
    headings = [in_the_readers_language(*heading) for heading in _HEADINGS]
    rows = [(name(row), *_amounts(row)) for row in answer["rows"]]
    output.print(
        table(["FCFA / XOF", *headings], [*rows, ("Total", *_amounts(answer["total"]))], numbers_from=1, total=True)
    )


def _amounts(row: dict[str, Any]) -> tuple[str, ...]:
    amounts = (francs(row[key]) for key in ("assessed_xof", "received_xof", "outstanding_xof"))
    return str(row["payers"]), *amounts, percent(row["collection_rate"])


def _title(fr: str, en: str) -> None:
    output.print(f"\n[bold]{_line(fr, en)}[/bold]")


def _line(fr: str, en: str) -> str:
    """Both languages on one line where the reader's is not known."""
    return " / ".join(dict.fromkeys(in_the_readers_language(fr, en).splitlines()))
