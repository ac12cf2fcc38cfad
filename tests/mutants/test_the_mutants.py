"""The wrong builds fit the tree as it is, and what runs them can tell that they ran."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.builds import WrongBuild, wrong_builds
from tests.mutants.copies import ROOT, Copy
from tests.mutants.places import added, telling

BUILDS = wrong_builds()
ASKED = {  # the roadmap's twelve and one
    "auto_commit",
    "no_inbox",
    "published_before_commit",
    "published_from_memory",
    "no_compare_and_set",
    "position_first",
    "position_last",
    "handler_raises",
    "deleted_before_acknowledged",
    "no_key_order",
    "outbox_by_highest_id",
    "new_id_at_each_try",
    "no_account_lock",
    "mark_is_now",
}


def test_the_wrong_builds_that_everybody_thinks_of_are_there() -> None:
    assert ASKED - {build.name for build in BUILDS} == set()


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_a_wrong_build_fits_the_tree_and_names_tests_that_there_are(build: WrongBuild) -> None:
    fits = subprocess.run(
        ["git", "apply", "--check", str(build.path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (fits.returncode, fits.stderr) == (0, "")
    assert build.suite
    assert [path for path in build.suite if not (ROOT / path).is_file()] == []


def test_of_a_wrong_build_the_copy_runs_and_tells_so(tmp_path: Path) -> None:
    build = next(build for build in BUILDS if build.name == "no_compare_and_set")
    copy = Copy.made(tmp_path / "copy", build)
    assert (copy.places, copy.run()) == (1, 0)
    program = (
        "import asyncio, recouvra.chassis.positions as p, services; print(p.__file__, services.__file__)\n"
        "class Session:\n"
        "    async def fetchval(self, sql, *values): return 0 if 'next_offset = w.at' in sql else len(values[0])\n"
        "asyncio.run(p.move(Session(), {p.Place('t', 0): (0, 1)}))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(copy.root)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.stderr == ""
        assert all(Path(name).is_relative_to(copy.root) for name in done.stdout.split())
    assert copy.run() == 1


BEFORE = """
def f(a):
    if a:
        return 1
    b()
    try:
        c()
    except ValueError:
        return 2
    return 3
"""


@pytest.mark.parametrize(
    ("line", "instead", "ran"),
    [
        ("    if a:", "    if not a:", "if not a"),
        ("        return 1", "        return 10", "return 10"),
        ("    b()", "    pass", "pass"),
        ("    except ValueError:", "    except KeyError:", "return 2"),
        ("def f(a):", "def f(a=1):", "if a"),
        ("    return 3", "    return (\n        3,\n    )", "return (3,)"),
    ],
)
def test_a_call_stands_right_before_the_statement_that_a_patch_changed(line: str, instead: str, ran: str) -> None:
    after = BEFORE.replace(line, instead)
    told = telling(after, added(BEFORE, after), 7).splitlines()
    [place] = [number for number, text in enumerate(told) if ".ran(7)" in text]
    assert told[place + 1].strip().startswith(ran)


def test_lines_that_do_nothing_are_no_place() -> None:
    assert added(BEFORE, BEFORE.replace("    b()", "    b()\n\n    # a remark")) == []
    assert added(BEFORE, BEFORE.replace("    b()\n", "")) == []
