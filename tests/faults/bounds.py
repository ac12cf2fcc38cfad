"""`python -m tests.faults.bounds`: the memory that each process takes at a backlog, and at a ten-fold one.

Each kind of backlog is made whole before a worker starts, drained by fresh workers on a fresh broker and databases, and
then asked about at fresh APIs. Printed is the peak of each process (VmHWM, MB) at one and at ten, and their ratio: what
a batch holds is bounded, so it should stay below 1.2 however much waits. Exit code 1 where it does not.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from recouvra.local.children import Child
from recouvra.local.roles import SERVICES
from tests.faults.backlogs import KINDS, fill
from tests.faults.ground import Ground, ground

MOST = 1.2
ONE = 300_000
_WRITERS, _REPORTING = SERVICES[:3], SERVICES[3:]
_ASKED = {
    "reporting": ("/v1/collection-rates?group_by=payer&group_by=period&limit=500", "/v1/money", "/v1/freshness"),
    "contributions": ("/v1/waiting?limit=500", "/v1/suspense?limit=500", "/v1/dead-letters?limit=500"),
    "registration": ("/v1/dead-letters?limit=500",),
    "liquidation": ("/v1/waiting?limit=500", "/v1/dead-letters?limit=500"),
}
_AS_FILES = ("text/csv", "application/vnd.apache.parquet")
Process = tuple[str, str]


async def peaks(folder: Path, kind: str, count: int) -> dict[Process, int]:
    """Fills, drains and asks; the kilobytes at the peak of each process."""
    async with ground(folder) as it:
        began = time.monotonic()
        records = await asyncio.to_thread(fill, it.bootstrap, KINDS[kind](count))
        filled = time.monotonic()
        found: dict[Process, int] = {}
        for services in (_WRITERS, _REPORTING):
            workers = {(name, "worker"): it.role(name, "worker") for name in services}
            found |= await _measured(workers, it.drained(services))
        drained = time.monotonic()
        for name in SERVICES:
            found |= await _measured({(name, "api"): it.role(name, "api")}, _asked(it, name))
        print(
            f"{kind} {count:,}: {records:,} records in {filled - began:.0f} s, out in {drained - filled:.0f} s",
            flush=True,
        )
        return found


async def _asked(it: Ground, service: str) -> None:
    """Asks an API for its long lists, and for files of a report."""
    async with it.ready(service) as http:
        for path in _ASKED[service]:
            (await http.get(path)).raise_for_status()
        for kind in _AS_FILES if service == "reporting" else ():
            (await http.get(_ASKED[service][0], headers={"Accept": kind})).raise_for_status()


async def _measured(children: Mapping[Process, Child], work: Coroutine[Any, Any, None]) -> dict[Process, int]:
    """The peaks of children that run for as long as the work takes."""
    for child in children.values():
        child.start()
    try:
        await work
        return {name: _peak(child.pid) for name, child in children.items()}
    finally:
        await asyncio.gather(*(child.stop(within=10) for child in children.values()))


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


async def bounded(kinds: Sequence[str], one: int) -> bool:
    """Measures each kind at one and at ten, and prints its table; whether every ratio is within the bound."""
    fine = True
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="recouvra-bounds-") as folder:
            at_one = await peaks(Path(folder) / "one", kind, one)
            at_ten = await peaks(Path(folder) / "ten", kind, 10 * one)
        print(f"{kind:10} {'process':24} {'one MB':>7} {'ten MB':>7} {'ratio':>6}")
        for name in at_one:
            ratio = at_ten[name] / at_one[name]
            fine = fine and ratio <= MOST
            said = f"{at_one[name] / 1024:7.0f} {at_ten[name] / 1024:7.0f} {ratio:6.2f}{'' if ratio <= MOST else ' !'}"
            print(f"{'':10} {' '.join(name):24} {said}", flush=True)
    return fine


def main() -> int:
    """Reads what is asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.bounds", description=__doc__)
    parser.add_argument("--one", type=int, default=ONE, help="the size of a backlog, in lines")
    parser.add_argument("--kind", choices=list(KINDS), action="append", help="of these kinds only")
    asked = parser.parse_args()
    return 0 if asyncio.run(bounded(asked.kind or list(KINDS), asked.one)) else 1


if __name__ == "__main__":
    sys.exit(main())
