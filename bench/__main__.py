"""`python -m bench NAME…`: runs parts, each on servers of its own; `all` of them; `page` writes docs/performance.md.

A part writes `var/bench/NAME.json` when it has come to its end, and only then: one that fails says why, and leaves no
figure. Whatever ends the bench, no server and no worker of it is left.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bench import page
from bench.failing import BenchFailed
from bench.ground import ground
from bench.machine import machine
from bench.parts import PARTS, TRIALS, Part
from bench.reports import reports
from recouvra.local.errors import LocalError

_OUT = Path("var/bench")
_KNOWN = PARTS | TRIALS


def main() -> None:
    """Exit code 1 where a part failed; the others run all the same."""
    parser = argparse.ArgumentParser(description="Recouvra's measured comparisons")
    names = [*_KNOWN, "reports", "all", "page"]
    parser.add_argument("name", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it runs, not how fast it is")
    for size in sorted({size for part in _KNOWN.values() for size in part.sizes}):
        having = [name for name, part in _KNOWN.items() if size in part.sizes]
        parser.add_argument(f"--{size}", type=int, help=f"instead of the own size of {', '.join(having)}")
    parser.add_argument("--periods", type=int, default=36, help="of reports")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: all that was started is ended in order
    wanted = list(PARTS) if "all" in asked.name else asked.name
    failed = [name for name in wanted if name != "page" and not _run(name, asked)]
    if {"all", "page"} & set(asked.name):
        print(page.write(_OUT))
    sys.exit(1 if failed else 0)


def _run(name: str, asked: argparse.Namespace) -> bool:
    print(f"{name}:", flush=True)
    out = _OUT / f"{name}.json"
    out.unlink(missing_ok=True)
    began, at = time.monotonic(), datetime.now(UTC)
    try:
        with tempfile.TemporaryDirectory(prefix="recouvra-bench-") as folder:
            if name == "reports":
                found = asyncio.run(reports(Path(folder), asked.payers or 20_000, asked.periods, asked.repeats or 200))
            else:
                given = {size: value for size, value in vars(asked).items() if value is not None}
                sizes = _KNOWN[name].sized(given, quick=asked.quick)
                found = asyncio.run(_part(_KNOWN[name], sizes, Path(folder)))
                found |= {"sizes": sizes, "own_sizes": sizes == _KNOWN[name].sizes}
    except (BenchFailed, LocalError) as error:
        print(f"{name}: no figure. {error}", file=sys.stderr, flush=True)
        return False
    except Exception as error:
        print(f"{name}: no figure. {error!r}", file=sys.stderr, flush=True)
        return False
    seconds = round(time.monotonic() - began)
    told = {"part": name, "quick": asked.quick, "at": at.isoformat(timespec="seconds"), "took_seconds": seconds}
    _OUT.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(told | {"machine": machine()} | found, indent=1, ensure_ascii=False) + "\n")
    page.show(found)
    print(f"{name}: {seconds} s", flush=True)
    return True


async def _part(part: Part, sizes: Mapping[str, int], folder: Path) -> dict[str, object]:
    async with asyncio.timeout(part.deadline_seconds), ground(folder) as here:
        return await part.run(here, **sizes)


try:
    main()
except KeyboardInterrupt:
    sys.exit("ended before its time: no figure")
