"""Rebuild, verify, backup: how many facts a second an administrator's commands get through, on a fund that runs."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

from bench.commands import timed
from bench.declaring import Declaring, both_know, learn, taken
from bench.ground import Fund, Ground
from bench.made import alike, log_normal
from bench.payments import with_a_history
from bench.publishing import ends
from bench.telling import Told, spread, table
from recouvra.contracts.topics import READS
from recouvra.local.roles import SERVICES, command

_WORKERS, _MONTHS, _PAID = 5, 36, 6


async def upkeep(ground: Ground, *, lines: int, payers: int, repeats: int) -> Told:
    """`lines` of payers of log-normal size, and so many payers of five with six payments each; the commands in turn."""
    large = log_normal(lines // _MONTHS, first=payers * _WORKERS)
    async with ground.fund(*SERVICES) as fund:
        small = alike(payers, _WORKERS)
        await learn(fund, small + large)
        for service in ("contributions", "reporting"):
            await fund.start(service)
        await both_know(fund)
        await with_a_history(fund, small, _PAID)
        await taken(fund, what := Declaring(large, reported=True))
        stored = what.lines + payers * _WORKERS * _MONTHS
        facts = sum((await ends(ground.kafka.bootstrap, list(READS["reporting"]))).values())
        took: dict[str, list[float]] = {}
        rows = size = 0
        for repeat in range(repeats):
            for name, told in _commands(fund).items():
                seconds, _ = await timed(told, fund.environment(name.rpartition(" ")[2]))
                took.setdefault(name, []).append(seconds)
            seconds, said = await timed(_backup(ground.folder / f"backup-{repeat}"), _databases(fund))
            took.setdefault("backup", []).append(seconds)
            rows, size = (sum(one[of] for one in json.loads(said)["databases"]) for of in ("rows", "bytes"))
            print(
                f"  {repeat + 1}/{repeats}: { {name: round(some[-1], 1) for name, some in took.items()} }", flush=True
            )
    of = {"rebuild reporting": (facts, "facts"), "verify contributions": (stored, "lines")}
    of |= {"verify reporting": (facts, "facts"), "backup": (rows, "rows")}
    table_rows = [
        [name, *of[name], round(statistics.median(some), 1), spread(some), round(of[name][0] / statistics.median(some))]
        for name, some in took.items()
    ]
    return {
        "title": "Rebuild, verify, backup",
        "says": [
            f"{stored:,} lines and {facts:,} facts on the topics; the commands' own starts count. The workers run and "
            f"have nothing to do. A backup of all four databases is {size / 2**20:,.0f} MiB.",
        ],
        "tables": [table("Medians", ["", "count", "of", "seconds", "of its runs", "a second"], table_rows)],
        "goals": [],
        "raw": {"seconds": took, "lines": stored, "facts": facts, "rows": rows, "bytes": size},
    }


def _commands(fund: Fund) -> dict[str, tuple[str, ...]]:
    """What is run, by a name that ends with its service."""
    return {
        "rebuild reporting": (*command("reporting", "--rebuild"), "--json"),
        "verify contributions": (*command("contributions", "--verify"), "--json"),
        "verify reporting": (*command("reporting", "--verify"), "--json"),
    }


def _backup(folder: Path) -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name("recouvra")), "backup", str(folder), "--json")


def _databases(fund: Fund) -> dict[str, str]:
    return {f"RECOUVRA_{service.upper()}_DATABASE_URL": url for service, url in fund.urls.items()}
