"""The suite on one copy, in a session of processes of its own that is ended when its time is over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutants.copies import Copy


@dataclass(slots=True)
class Ran:
    """How it went: tests that passed, the names of those that failed, and of those that could not even start."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0
    output: str = ""


def run_suite(copy: Copy, paths: Sequence[str], *, within: float, to_first: bool) -> Ran:
    """Runs these test files on the copy, and there alone, for so many seconds at most; or only to the first failure."""
    report = copy.root / "report.xml"
    command = [sys.executable, "-m", "pytest", *paths, "-p", "no:cacheprovider", f"--junitxml={report}"]
    command += ["--exitfirst"] if to_first else []
    # The project is installed from the work tree; what PYTHONPATH names comes before that, in every child process.
    environment = os.environ | {"PYTHONPATH": str(copy.root)}
    started = time.monotonic()
    with (copy.root / "output.txt").open("w+b") as output:
        process = subprocess.Popen(
            command, cwd=copy.root, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            process.wait(within)
            ran = _read(report)
        except subprocess.TimeoutExpired:
            ran = Ran(broken=[f"not done within {within:.0f} s"])
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        output.seek(0)
        ran.output = output.read().decode(errors="replace")
    ran.seconds = time.monotonic() - started
    return ran


def _read(report: Path) -> Ran:
    ran = Ran()
    if not report.exists():
        return Ran(broken=["no report"])
    for case in xml.parse(report).iter("testcase"):
        name = case.get("name", "?")
        if case.find("error") is not None:
            ran.broken.append(name)
        elif case.find("failure") is not None:
            ran.failed.append(name)
        elif case.find("skipped") is None:
            ran.passed += 1
    return ran
