"""`python -m tests.faults.at_size`: the oracle's scenarios and a million lines beside them, with kills all the while.

What `python -m tests.faults --minutes` does to a made country is done here to one that also has large payers, with 36
months of 500 workers each: every role is killed at random while all of it is published, and at the end everything is
compared with the independent recomputation. Exit code 1 where anything was inexact or did not come back.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.builders import Draft, affiliation, declaration, hire, interleave, repeated
from tests.faults.killing import kill_at_random
from tests.faults.load import Load
from tests.faults.own import Own
from tests.faults.trial import Trial, trial_on
from tests.oracle import facts_of
from tests.recount.facts import TOPICS as FACTS
from tests.stack.countries import Known, caught_up
from tests.stack.running import read_all, stack_kafka

_WORKERS = 500  # of a payer, told in one part
_MONTHS = [f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)]
_AT_ONCE = 2_000  # hires that are waited for


def _payer_ids(lines: int) -> list[str]:
    return [f"SIZE-{number:04}" for number in range(max(1, round(lines / _WORKERS / len(_MONTHS))))]


def _hires(payer_id: str) -> list[Draft]:
    """People who look like nobody else."""
    return [hire(payer_id, f"H-{n}", family_name=f"Nom {payer_id}", given_names=f"Prénom {n}") for n in range(_WORKERS)]


async def _enlarge(trial: Trial, lines: int) -> None:
    """Makes large payers and their workers known to a trial, and puts their months into its load."""
    bootstrap = stack_kafka(await trial.stack.ready())
    payer_ids = _payer_ids(lines)
    people = [draft for payer_id in payer_ids for draft in (affiliation(payer_id), *_hires(payer_id))]
    for at in range(0, len(people), _AT_ONCE):
        await trial.load.send(people[at : at + _AT_ONCE])
        await caught_up(trial.stack)
    facts = await read_all(bootstrap, FACTS)
    await caught_up(trial.stack)  # what is told is read, too
    trial.known = Known(trial.known.country, facts)
    numbers: dict[str, list[str]] = {payer_id: [] for payer_id in payer_ids}
    for fact in facts_of(facts):
        if fact.topic == "person-registered" and fact.body["payer_id"] in numbers:
            numbers[fact.body["payer_id"]].append(fact.body["insured_number"])
    assert all(len(some) == _WORKERS for some in numbers.values()), "not every worker is known"
    months = [_month(payer_id, numbers[payer_id], period) for payer_id in payer_ids for period in _MONTHS]
    seed = trial.dice.randrange(1 << 30)
    drafts = repeated(interleave([*trial.known.country.rest, *months], seed), seed)
    trial.load = Load(bootstrap, drafts, trial.dice)


def _month(payer_id: str, numbers: Sequence[str], period: str) -> Draft:
    dice = Random(f"{payer_id} {period}")
    return declaration(payer_id, period, [(number, dice.randrange(40_000, 900_000)) for number in numbers])


async def run(lines: int, minutes: float, seed: int, folder: Path) -> None:
    """Kills for so long, publishes what is left, and compares; AssertionError says what differs."""
    began = time.monotonic()
    async with trial_on(Own(folder), seed, payers=20 + int(12 * minutes)) as trial:
        await _enlarge(trial, lines)
        print(f"known after {time.monotonic() - began:.0f} s", flush=True)
        killed = await kill_at_random(trial, minutes)
        print(f"{killed.total()} SIGKILLs after {time.monotonic() - began:.0f} s", flush=True)
        await trial.load.rest()
        _, facts = await trial.exact(last=True)
        months = [fact for fact in facts_of(facts) if fact.topic == "contribution-assessed"]
        declared = sum(int(fact.body["line_count"]) for fact in months)
        print(f"{declared:,} lines, {len(facts):,} facts, exact after {time.monotonic() - began:.0f} s", flush=True)


def main() -> int:
    """Reads what is asked."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # our own clients say at length that a broker is away
    parser = argparse.ArgumentParser(prog="python -m tests.faults.at_size", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000, help="beside those of the made country")
    parser.add_argument("--minutes", type=float, default=10, help="of random SIGKILLs of every role")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"seed {asked.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="recouvra-faults-"))
    try:
        asyncio.run(run(asked.lines, asked.minutes, asked.seed, folder / "stack"))
    except AssertionError as error:
        print(f"INEXACT: {error}\nsee {folder}", flush=True)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
