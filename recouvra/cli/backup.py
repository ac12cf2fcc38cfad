"""`recouvra backup DIR` and `recouvra restore DIR`: the services' databases, copied while all runs, and put back."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER
from recouvra.cli.terminal import heading, output, table, tell, wrong_use

if TYPE_CHECKING:
    from recouvra.local.backups import Manifest

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Dossier de la sauvegarde / the backup's folder")]
StackOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Dossier de la pile locale (sinon RECOUVRA_…_DATABASE_URL, sinon var/stack) / the local stack's folder",
        show_default=False,
    ),
]
ServiceOption = Annotated[
    list[str] | None,
    typer.Option("--service", help="Seulement ce service ; répétable / this service only", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Pour les machines / for machines")]
_TELLS_SECONDS = 5.0


def backup(folder: FolderArgument, data: StackOption = None, as_json: JsonOption = False) -> None:
    """Copie les bases des quatre services, sans rien arrêter / Copy the four services' databases, stopping nothing.

    Le dossier contient des données personnelles / the folder holds personal data.
    """
    from recouvra.local.backups import write_backup
    from recouvra.local.roles import SERVICES

    async def copied() -> "Manifest":
        async with _databases(data, SERVICES, stopped=False) as urls:
            return await write_backup(folder, urls, _Telling("copié", "copied"))

    _show(asyncio.run(copied()), as_json)
    tell(f"Sauvegardé dans {folder}.", f"Backed up into {folder}.")


def restore(
    folder: FolderArgument,
    service: ServiceOption = None,
    data: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remet les bases d'une sauvegarde à la place des leurs, services arrêtés / Put a backup's databases in place.

    Au démarrage suivant, chaque service rattrape ce que les sujets savent de plus / at the next start each service
    catches up with what the topics know beyond it.
    """
    from recouvra.local.backups import read_backup, restore_backup
    from recouvra.local.roles import SERVICES

    if unknown := sorted(set(service or ()) - set(SERVICES)):
        raise wrong_use(f"Il n'y a pas de service « {unknown[0]} ».", f"There is no service “{unknown[0]}”.")
    chosen = [name for name in SERVICES if not service or name in service]

    async def put_back() -> "Manifest":
        manifest = read_backup(folder, chosen, _Telling("vérifié", "checked"))
        async with _databases(data, chosen, stopped=True) as urls:
            await restore_backup(folder, manifest, urls, _Telling("remis", "put back"))
        return manifest.model_copy(update={"databases": {name: manifest.databases[name] for name in chosen}})

    _show(asyncio.run(put_back()), as_json)
    tell(
        "Remis en place ; démarrez les services : ils rattrapent ce qui a suivi.",
        "Put back; start the services: they catch up with what came since.",
    )


@asynccontextmanager
async def _databases(data: Path | None, services: Sequence[str], *, stopped: bool) -> AsyncIterator[dict[str, str]]:
    """Where they are: the stack that was named; else as the environment tells; else the usual stack."""
    from recouvra.local.databases import of_local_stack, told_by_environment

    if data is None and (told := told_by_environment(services)):
        yield told
        return
    async with of_local_stack(data or DEFAULT_FOLDER, services, stopped=stopped) as urls:
        yield urls


def _show(manifest: "Manifest", as_json: bool) -> None:
    rows: list[dict[str, Any]] = [
        {
            "service": service,
            "taken_at": copy.taken_at.isoformat(),
            "tables": len(copy.tables),
            "rows": sum(table.rows for table in copy.tables),
            "bytes": sum(table.bytes for table in copy.tables),
        }
        for service, copy in manifest.databases.items()
    ]
    if as_json:
        print(json.dumps({"made_by": manifest.made_by, "databases": rows}, indent=2))
        return
    titles = (("à l'instant", "as of"), ("tables", "tables"), ("lignes", "rows"), ("octets", "bytes"))
    cells = [
        (row["service"], row["taken_at"], str(row["tables"]), _grouped(row["rows"]), _grouped(row["bytes"]))
        for row in rows
    ]
    output.print(table(("", *(heading(*title) for title in titles)), cells, numbers_from=2))


class _Telling:
    """Says every few seconds how far it is; small databases are done before there is anything to say."""

    def __init__(self, fr: str, en: str) -> None:
        self._fr, self._en = fr, en
        self._told_at, self._bytes = time.monotonic(), 0

    def __call__(self, service: str, table: str, count: int) -> None:
        """Takes note of bytes of a table's file."""
        self._bytes += count
        if time.monotonic() - self._told_at > _TELLS_SECONDS:
            self._told_at = time.monotonic()
            done = _grouped(self._bytes >> 20)
            tell(f"{service}, {table} : {done} Mio {self._fr}", f"{service}, {table}: {done} MiB {self._en}")


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
