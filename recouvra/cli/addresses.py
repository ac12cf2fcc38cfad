"""Where things are: by option, else by environment, else as the data folder of a local stack says."""

import os
from pathlib import Path
from typing import Annotated

import typer

from recouvra.cli.terminal import tell, wrong_use
from recouvra.local.folder import running_stack

DEFAULT_FOLDER = Path("var/stack")

DataOption = Annotated[Path, typer.Option("--data", help="Dossier de la pile locale / the local stack's folder")]
BootstrapOption = Annotated[
    str | None, typer.Option("--bootstrap", help="Adresse de Kafka, host:port / address of Kafka", show_default=False)
]
UrlOption = Annotated[
    str | None, typer.Option("--url", help="Adresse du service / address of the service", show_default=False)
]


def broker(bootstrap: str | None, folder: Path) -> str:
    """Kafka's address; raises LocalError when nothing tells it."""
    if found := bootstrap or os.environ.get("RECOUVRA_KAFKA"):
        return found
    if stack := running_stack(folder):
        return str(stack["kafka"])
    raise wrong_use(
        f"Où est Kafka ? Donnez --bootstrap ou RECOUVRA_KAFKA, ou lancez « recouvra up » ({folder} est à l'arrêt).",
        f"Where is Kafka? Give --bootstrap or RECOUVRA_KAFKA, or start “recouvra up” (nothing runs in {folder}).",
    )


def service_url(service: str, url: str | None, folder: Path) -> str:
    """A service's address, without a slash at its end; raises LocalError when nothing tells it."""
    variable = f"RECOUVRA_{service.upper()}_URL"
    found = url or os.environ.get(variable)
    if not found and (stack := running_stack(folder)):
        found = stack["services"].get(service)
    if not found:
        raise wrong_use(
            f"Où est {service} ? Donnez --url ou {variable}, ou lancez « recouvra up » ({folder} est à l'arrêt).",
            f"Where is {service}? Give --url or {variable}, or start “recouvra up” (nothing runs in {folder}).",
        )
    return found.rstrip("/")


def show_dashboard(reporting: str) -> None:
    """Print where a browser shows the figures."""
    tell(f"Tableau de bord : {reporting}/", f"Dashboard: {reporting}/?lang=en")
