"""`python -m bench [line_rate | reports]`: runs a bench and writes what it measured."""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from bench.line_rate import line_rate
from bench.reports import reports


def main() -> None:
    """Runs, prints, and writes `var/bench/NAME.json`."""
    parser = argparse.ArgumentParser(description="Recouvra's measured comparisons")
    parser.add_argument("name", nargs="?", choices=["line_rate", "reports"], default="line_rate")
    parser.add_argument("--lines", type=int, default=200_000, help="of line_rate")
    parser.add_argument("--payers", type=int, default=20_000, help="of reports")
    parser.add_argument("--periods", type=int, default=36, help="of reports")
    parser.add_argument("--repeats", type=int, help="3 of line_rate, 200 of each question of reports")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recouvra-bench-") as folder:
        if asked.name == "reports":
            found = asyncio.run(reports(Path(folder), asked.payers, asked.periods, asked.repeats or 200))
        else:
            found = asyncio.run(line_rate(Path(folder), asked.lines, asked.repeats or 3))
    out = Path("var/bench")
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{asked.name}.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


main()
