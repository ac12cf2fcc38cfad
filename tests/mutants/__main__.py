"""`python -m tests.mutants [--only NAME …] [--quick]`: the wrong builds, and which test catches each.

Exit code 0 only where every patch applies, every place that it changed ran, a test failed on it, and none of those
tests fails on the tree as it is.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.mutants.builds import PatchError, WrongBuild, wrong_builds
from tests.mutants.copies import Copy
from tests.mutants.suite import Ran, run_suite

_QUICK = 3
_SECONDS = 300.0
_SECONDS_AS_IT_IS = 900.0


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; `ok` where it is as it must be."""

    name: str
    applied: str
    ran: str
    caught_by: str
    seconds: float
    ok: bool
    what: str = ""
    output: str = ""

    def told(self) -> str:
        """The line, and what it was about."""
        mark = "ok " if self.ok else "NOT"
        return (
            f"{mark} {self.name:34} {self.applied:8} {self.ran:>6} {self.seconds:6.1f} s  {self.caught_by}\n"
            f"    {self.what}"
        )


def _as_it_is(folder: Path, paths: Sequence[str]) -> Row:
    ran = run_suite(Copy.made(folder / "as-it-is"), paths, within=_SECONDS_AS_IT_IS, to_first=False)
    ok = ran.passed > 0 and not ran.failed and not ran.broken
    said = f"{ran.passed} passed" if ok else f"FAILED: {_names(ran)}"
    return Row("(the tree as it is)", "-", "-", said, ran.seconds, ok, " ".join(paths), "" if ok else ran.output)


def _wrong(folder: Path, build: WrongBuild, every_test: bool) -> Row:
    what = f"{build.what} — {build.breaks}"
    try:
        copy = Copy.made(folder / build.name, build)
    except PatchError as error:
        return Row(build.name, "NO", "-", str(error), 0, False, what)
    ran = run_suite(copy, build.suite, within=_SECONDS, to_first=not every_test)
    came_by = copy.run()
    ok = bool(ran.failed) and not ran.broken and came_by == copy.places
    caught_by = _names(ran) or f"NOBODY ({ran.passed} passed)"
    output = "" if ok else ran.output
    return Row(build.name, "yes", f"{came_by}/{copy.places}", caught_by, ran.seconds, ok, what, output)


def _names(ran: Ran) -> str:
    broken = [f"{name} (could not start)" for name in ran.broken]
    return ", ".join([*ran.failed, *broken])


def _chosen(builds: Sequence[WrongBuild], only: Iterable[str] | None, quick: bool, turn: int) -> list[WrongBuild]:
    if only is not None:
        by_name = {build.name: build for build in builds}
        return [by_name[name] for name in only]
    if quick:
        return [builds[(turn * _QUICK + n) % len(builds)] for n in range(_QUICK)]
    return list(builds)


def main() -> int:
    """Runs them and prints the table as it comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK} of them, others each day")
    parser.add_argument("--turn", type=int, help="which ones --quick takes; by default the number of the day")
    parser.add_argument("--every-test", action="store_true", help="does not stop at the first test that catches one")
    parser.add_argument("--at-once", type=int, default=2, metavar="N", help="so many copies at once")
    asked = parser.parse_args()
    turn = datetime.now(UTC).toordinal() if asked.turn is None else asked.turn
    builds = _chosen(wrong_builds(), asked.only, asked.quick, turn)
    paths = sorted({path for build in builds for path in build.suite})
    if asked.quick:
        print(f"--quick --turn {turn}")
    # Each copy's servers and temporary files go with the folder.
    with tempfile.TemporaryDirectory(prefix="mutants-") as name, ThreadPoolExecutor(asked.at_once) as lanes:
        folder = Path(name)
        os.chmod(folder, 0o755)
        first = lanes.submit(_as_it_is, folder, paths)
        running = [first, *(lanes.submit(_wrong, folder, build, asked.every_test) for build in builds)]
        for each in as_completed(running):
            print(each.result().told(), flush=True)
    wrong = [row for row in (each.result() for each in running) if not row.ok]
    for row in wrong:
        print(f"\n=== {row.name}\n{row.output[-6_000:]}")
    caught = sum(each.result().ok for each in running[1:])
    as_it_is = "passes" if first.result().ok else "FAILS"
    print(f"{caught} of {len(builds)} wrong builds caught; the tree as it is {as_it_is}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
