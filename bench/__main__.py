"""`python -m bench [line_rate] [--lines N] [--repeats N]`: runs the benches and writes what they measured."""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from bench.line_rate import line_rate


def main() -> None:
    """Runs, prints, and writes `var/bench/line_rate.json`."""
    parser = argparse.ArgumentParser(description="Recouvra's measured comparisons, as ratios in one run")
    parser.add_argument("name", nargs="?", choices=["line_rate"], default="line_rate")
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recouvra-bench-") as folder:
        found = asyncio.run(line_rate(Path(folder), asked.lines, asked.repeats))
    out = Path("var/bench")
    out.mkdir(parents=True, exist_ok=True)
    (out / "line_rate.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


main()
