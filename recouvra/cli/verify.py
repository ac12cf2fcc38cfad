"""`recouvra verify [SERVICE…]`: every invariant of every service, live; each service looks at its own data."""

import asyncio
import json
import os
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Annotated, Any

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, DataOption
from recouvra.cli.run_service import environment_of
from recouvra.cli.terminal import heading, notes, output, table, tell, wrong_use
from recouvra.local.errors import in_the_readers_language

_LINE_BYTES = 64 << 20  # of a report


def verify(
    services: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SERVICE…",
            show_default=False,
            help="registration, contributions, liquidation, reporting (tous sinon / all otherwise)",
        ),
    ] = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Pour les machines / for machines")] = False,
) -> int:
    """Vérifie tous les invariants, sans rien arrêter / Check every invariant, without stopping anything.

    Code 1 si l'un ne tient pas, et lequel, où, depuis quand / exit code 1 where one does not hold: which, where, since.
    """
    from recouvra.local.roles import SERVICES

    named = list(dict.fromkeys(services or SERVICES))
    if len(named) > 1 and "RECOUVRA_DATABASE_URL" in os.environ:
        raise wrong_use(
            "RECOUVRA_DATABASE_URL est la base d'un service : dites lequel.",
            "RECOUVRA_DATABASE_URL is one service's database: say which.",
        )
    environments = {name: _environment(name, data) for name in named}
    reports = asyncio.run(_all(environments, shows=not as_json))
    if as_json:
        print(
            json.dumps({"holds": all(r["holds"] for r in reports), "services": reports}, ensure_ascii=False, indent=2)
        )
    else:
        for report in reports:
            _show(report)
    return 0 if all(report["holds"] for report in reports) else 1


def _environment(name: str, data: Path) -> dict[str, str]:
    """The settings of a service; where each one's database is named, as for a backup, they are those."""
    url = os.environ.get(f"RECOUVRA_{name.upper()}_DATABASE_URL")
    if url and "RECOUVRA_KAFKA" in os.environ:
        return os.environ | {"RECOUVRA_DATABASE_URL": url}
    return environment_of(name, "verify", data)


async def _all(environments: dict[str, dict[str, str]], shows: bool) -> list[dict[str, Any]]:
    """All services at once: most of the time each waits for its own database."""
    asked = (_one(name, environment, shows) for name, environment in environments.items())
    return list(await asyncio.gather(*asked))


async def _one(name: str, environment: dict[str, str], shows: bool) -> dict[str, Any]:
    from recouvra.local.roles import command

    child = await asyncio.create_subprocess_exec(
        *command(name, "--verify"), "--json", env=environment, stdout=PIPE, stderr=PIPE, limit=_LINE_BYTES
    )
    try:
        assert child.stdout is not None
        (last, said) = await asyncio.gather(_progress(child, shows), child.stdout.read())
        await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()
    try:
        report: dict[str, Any] = json.loads(said)
    except ValueError:
        # It could not even begin: no database, or one that is not up to date.
        report = {"service": name, "holds": False, "seconds": 0.0, "invariants": [], "failed": last}
    return report


async def _progress(child: asyncio.subprocess.Process, shows: bool) -> str:
    """Passes on what the service says as it goes; returns the last of it."""
    assert child.stderr is not None
    last = ""
    async for line in child.stderr:
        last = line.decode(errors="replace").rstrip()
        if shows:
            notes.print(last, markup=False, soft_wrap=True)
    return last


def _show(report: dict[str, Any]) -> None:
    name, invariants = report["service"], report["invariants"]
    if report.get("failed") is not None:
        tell(f"{name} : pas vérifié. {report['failed']}", f"{name}: not verified. {report['failed']}")
        return
    broken = [one for one in invariants if not one["holds"]]
    if not broken:
        tell(
            f"{name} : les {len(invariants)} invariants tiennent ({report['seconds']:.1f} s).",
            f"{name}: all {len(invariants)} invariants hold ({report['seconds']:.1f} s).",
        )
    for one in broken:
        output.print(f"{name} · {one['name']} · {one['broken']}", style="bold", markup=False)
        output.print(in_the_readers_language(one["says"]["fr"], one["says"]["en"]), markup=False, soft_wrap=True)
        if one["failed"] is not None:
            tell(f"Pas vérifié : {one['failed']}", f"Not verified: {one['failed']}")
        if one["findings"]:
            output.print(_findings(one["findings"]))
        if one["broken"] > len(one["findings"]):
            more = one["broken"] - len(one["findings"])
            tell(f"… et {more} de plus.", f"… and {more} more.")


def _findings(findings: list[dict[str, Any]]) -> Any:
    headings = (heading("où", "where"), heading("trouvé", "found"), heading("attendu", "expected"))
    rows = [
        (
            " ".join(f"{name}={value}" for name, value in one["where"].items()),
            _cell(one["found"]),
            _cell(one["expected"]),
            one["since"] or "–",
        )
        for one in findings
    ]
    return table((*headings, heading("depuis", "since")), rows, numbers_from=4)


def _cell(value: Any) -> str:
    return "∅" if value is None else str(value)
