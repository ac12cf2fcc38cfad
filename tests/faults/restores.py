"""`python -m tests.faults.restores`: backups of random moments put back into random services, killed at random.

On one stack under a random country, turn by turn: publish, act, back up; kill; put some of the databases back to one of
the backups, killed by SIGKILL on the way or not; start, killed while catching up as often as the dice say; then all
that our services ever told must be what it was, and everything exact. Some minutes; exit code 1 where it is not.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from recouvra.contracts.topics import WRITES
from recouvra.local.ports import free_ports
from tests.stack.fund import Fund
from tests.stack.restored import TooLateError, backed_up, killed_while_it_catches_up, restore_killed, restored
from tests.standing.processes import LocalUp


async def suffer(folder: Path, seed: int, turns: int) -> None:
    """So many restores of one country; AssertionError where something is told twice, or is not what must be."""
    dice, stack = random.Random(f"restores {seed}"), LocalUp(folder / "stack", "system", free_ports().first)
    backups: list[Path] = []
    try:
        fund = await Fund.begun(stack, seed, waves=turns + 1)
        for turn in range(turns):
            publishing = asyncio.create_task(fund.publishes())
            backups.append(folder / f"backup-{turn}")
            await backed_up(stack, backups[-1])
            await publishing
            await fund.acts()
            before = await fund.exact()
            await stack.end(dice.choice((signal.SIGKILL, signal.SIGTERM)))
            await put_back(stack, dice.choice(backups), dice)
            await stack.start(180)
            await fund.unchanged(before)
        await fund.publishes()
        await fund.goes_on(before)
    finally:
        await stack.clear()


async def put_back(stack: LocalUp, backup: Path, dice: random.Random) -> None:
    """Some databases or all, on the way or not killed, and again while their services catch up."""
    services = dice.sample(list(WRITES), dice.randint(1, len(WRITES)))
    if dice.random() < 0.5:
        services = list(WRITES)
        await _unless_too_late(restore_killed(stack, backup, dice.choice(services)))
    print(f"{backup.name}: {', '.join(sorted(services))}", flush=True)
    await restored(stack, backup, *(service for service in WRITES if service in services))
    for service in dice.choices([name for name in services if WRITES[name]] or [""], k=dice.randint(0, 2)):
        if service:
            await _unless_too_late(killed_while_it_catches_up(stack, service))


async def _unless_too_late(killing: Coroutine[Any, Any, None]) -> None:
    """A kill that may find all done already: then it is one less."""
    try:
        await killing
    except TooLateError as done:
        print(f"not killed: {done}", flush=True)


def main(words: Sequence[str] | None = None) -> int:
    """The command; exit code 0: all was exact."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="recouvra-restores-"))
    try:
        asyncio.run(suffer(folder, asked.seed, asked.turns))
    except Exception:
        print(f"{traceback.format_exc()}\nsee {folder}")
        return 1
    shutil.rmtree(folder)
    print("exact")
    return 0


if __name__ == "__main__":
    sys.exit(main())
