"""Minutes of random SIGKILLs of every role under a random scenario, at any moment, ready or not."""

from __future__ import annotations

import signal
import time
from collections import Counter
from random import Random

from tests.faults.recovery import SERVER_GOAL_SECONDS
from tests.faults.trial import SERVICES, Trial
from tests.making import chaos

VICTIMS = [("kafka", "broker"), ("postgres", "database")]
VICTIMS += [(service, role) for service in SERVICES for role in ("api", "worker", "worker", "worker")]
_BETWEEN_SECONDS = (0.2, 8.0)


async def kill_at_random(trial: Trial, minutes: float) -> Counter[tuple[str, str]]:
    """Kills for so long; who was killed how often. Records whose names meet in every way are published beside."""
    killed: Counter[tuple[str, str]] = Counter()
    seed = trial.dice.randrange(1 << 30)
    numbers = sorted({str(f.body["insured_number"]) for f in trial.known_people()})[:6]
    wild = [*chaos.people(seed), *chaos.records(seed, numbers, count=150)]
    Random(seed).shuffle(wild)
    until = time.monotonic() + minutes * 60
    async with trial.load:
        while time.monotonic() < until:
            await trial.moment(*_BETWEEN_SECONDS)
            for victim in trial.dice.sample(VICTIMS, trial.dice.choice((1, 1, 1, 2, 3))):
                await trial.stack.send(signal.SIGKILL, *victim)
                killed[victim] += 1
            wave, wild = wild[:20], wild[20:]
            await trial.load.send(wave)
        await trial.recovered(f"random SIGKILLs, {minutes:g} min", SERVER_GOAL_SECONDS)
    return killed
