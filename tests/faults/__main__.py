"""`python -m tests.faults`: every fault under load, three times each; how soon it was over, and whether all is exact.

`--only NAME` (repeatable): these faults. `--minutes 10`: instead, random SIGKILLs of every role for so long. A seed
gives the same scenario, victims and pauses. Recovery above the goal is marked and is no failure: the machine may be
loaded. Exit code 1 where anything was inexact or did not come back.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import json
import logging
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults.fault import Fault, all_faults
from tests.faults.killing import kill_at_random
from tests.faults.of_points import mortal
from tests.faults.own import Own, may_mount
from tests.faults.recovery import Recovery
from tests.faults.trial import trial_on

OUT = Path("var/faults.json")
_DISK_BYTES = 2 << 30


@dataclass
class Findings:
    """What a run found, and where it lies."""

    recoveries: list[Recovery] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)

    def tell(self, seed: int) -> None:
        """Prints the table, and writes it as JSON."""
        print(f"\n{'fault':28} {'goal s':>6}  seconds until something new was seen")
        for name in dict.fromkeys([r.fault for r in self.recoveries] + list(self.wrong)):
            of_it = [r for r in self.recoveries if r.fault == name]
            seconds = "  ".join(f"{r.seconds:6.1f}{'!' if r.late else ' '}" for r in of_it)
            goal = of_it[0].goal_seconds if of_it else 0
            print(f"{name:28} {goal:>6}  {seconds:44} {'INEXACT' if name in self.wrong else 'exact'}")
        late = sum(recovery.late for recovery in self.recoveries)
        print(f"{len(self.recoveries)} recoveries, {late} above the goal (!); {len(self.wrong)} faults left it inexact")
        OUT.parent.mkdir(exist_ok=True)
        rows = [asdict(recovery) | {"late": recovery.late} for recovery in self.recoveries]
        OUT.write_text(json.dumps({"seed": seed, "recoveries": rows, "wrong": self.wrong}, indent=1) + "\n")


async def suffer_all(faults: Sequence[Fault], seed: int, times: int | None, keep: bool, findings: Findings) -> None:
    """Does faults in turn to one stack, and compares after each; after one that leaves it inexact, to a new one."""
    left = [fault for fault in faults if fault.name != "disk full" or may_mount()]
    if len(left) < len(faults):
        print("disk full: left out, this machine lets nobody mount a file system", flush=True)
    while left:
        folder = Path(tempfile.mkdtemp(prefix="recouvra-faults-"))
        spoiled = False
        own = mortal(folder / "stack", disk_bytes=_DISK_BYTES if may_mount() else 0)
        async with trial_on(own, seed, payers=min(20 + 5 * len(left), 80)) as trial:
            trial.recoveries = findings.recoveries
            while left and not spoiled:
                fault = left.pop(0)
                began = time.monotonic()
                try:
                    await trial.suffer(fault, times or fault.times)
                    await trial.exact(last=not left)
                except Exception:
                    spoiled = True
                    findings.wrong[fault.name] = traceback.format_exc()
                    print(f"{findings.wrong[fault.name]}\n{fault.name}: see {folder}", flush=True)
                took = [recovery.seconds for recovery in trial.recoveries if recovery.fault == fault.name]
                said = "INEXACT" if spoiled else "exact"
                out = f"{trial.load.published} records so far, {time.monotonic() - began:.0f} s"
                print(f"{fault.name:28} {said}  recovered in {took}  ({out})", flush=True)
        if not spoiled and not keep:
            shutil.rmtree(folder, ignore_errors=True)


async def kill_for(minutes: float, seed: int, keep: bool, findings: Findings) -> None:
    """Kills every role at random for so long, then compares everything."""
    folder = Path(tempfile.mkdtemp(prefix="recouvra-faults-"))
    async with trial_on(Own(folder / "stack"), seed, payers=20 + int(12 * minutes)) as trial:
        trial.recoveries = findings.recoveries
        name = f"random SIGKILLs, {minutes:g} min"
        try:
            killed = await kill_at_random(trial, minutes)
            print(", ".join(f"{' '.join(who)} {count}" for who, count in sorted(killed.items())))
            print(f"{killed.total()} SIGKILLs, {trial.load.published} records", flush=True)
            await trial.exact(last=True)
        except Exception:
            findings.wrong[name] = traceback.format_exc()
            print(f"{findings.wrong[name]}\n{name}: see {folder}", flush=True)
    if not keep and name not in findings.wrong:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Reads what is asked."""
    faulthandler.register(signal.SIGUSR1)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # our own clients say at length that a broker is away
    faults = all_faults()
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, help="random SIGKILLs of every role for so long")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--only", action="append", choices=list(faults), metavar="NAME", help=", ".join(faults))
    parser.add_argument("--times", type=int, help="how often each fault is done")
    parser.add_argument("--keep", action="store_true", help="leave folders and logs of what was exact, too")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whatever was mounted or started is taken away
    print(f"seed {asked.seed}", flush=True)
    findings = Findings()
    try:
        if asked.minutes:
            asyncio.run(kill_for(asked.minutes, asked.seed, asked.keep, findings))
        else:
            chosen = [faults[name] for name in asked.only or faults]
            asyncio.run(suffer_all(chosen, asked.seed, asked.times, asked.keep, findings))
    finally:
        findings.tell(asked.seed)
    return 1 if findings.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
