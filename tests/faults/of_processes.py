"""Faults of the services' processes: killed, frozen, doubled, more and fewer of them."""

from __future__ import annotations

import os
import signal
from contextlib import AsyncExitStack

from tests.faults.fault import fault
from tests.faults.own import frozen
from tests.faults.trial import Trial
from tests.standing.polling import eventually

BEYOND_A_SESSION_SECONDS = (8.0, 10.0)  # a member's session at the broker is 6 s, the relay's at the database 4 s


@fault("worker killed", times=5)
async def worker_killed(trial: Trial) -> None:
    """SIGKILL of any service's worker."""
    await trial.stack.kill_one(trial.some_service(), "worker")


@fault("api killed")
async def api_killed(trial: Trial) -> None:
    """SIGKILL of any service's API."""
    await trial.stack.kill_one(trial.some_service(), "api")


@fault("relay killed")
async def relay_killed(trial: Trial) -> None:
    """SIGKILL of whichever of two workers holds the relay's election: the other one takes over."""
    service = trial.some_writer()
    async with trial.stack.another(service):
        await trial.moment(2, 4)
        os.kill(await eventually(lambda: trial.stack.relay_pid(service)), signal.SIGKILL)


@fault("relay frozen")
async def relay_frozen(trial: Trial) -> None:
    """SIGSTOP of the relay's process until its session is ended and the other worker was elected; then SIGCONT."""
    service = trial.some_writer()
    async with trial.stack.another(service):
        await trial.moment(2, 4)
        with frozen(await eventually(lambda: trial.stack.relay_pid(service))):
            await trial.moment(*BEYOND_A_SESSION_SECONDS)


@fault("zombie")
async def zombie(trial: Trial) -> None:
    """A worker frozen beyond its session while a second one takes its partitions over, and let go on beside it."""
    service = trial.some_service()
    async with trial.stack.another(service):
        await trial.moment(2, 4)
        with frozen(trial.stack.part(service, "worker").pid):
            await trial.moment(*BEYOND_A_SESSION_SECONDS)
        await trial.moment(1, 3)


@fault("frozen alone")
async def frozen_alone(trial: Trial) -> None:
    """The only worker frozen beyond its session, perhaps within a transaction that the server then ends."""
    with trial.stack.frozen(trial.some_service(), "worker"):
        await trial.moment(*BEYOND_A_SESSION_SECONDS)


@fault("twins", times=2)
async def twins(trial: Trial) -> None:
    """Two workers under one name: each believes that it owns every partition, and nobody fences them."""
    async with trial.stack.another(trial.some_service(), replica="local"):
        await trial.moment(8, 12)


@fault("two groups", times=2)
async def two_groups(trial: Trial) -> None:
    """Two workers in a consumer group of their own each: both own every partition, for good."""
    async with trial.stack.another(trial.some_service(), program="tests.faults.apart"):
        await trial.moment(8, 12)


@fault("more and fewer", times=2)
async def more_and_fewer(trial: Trial) -> None:
    """One worker, then three, then one again: of the two one leaves in order, one is killed."""
    service = trial.some_service()
    async with AsyncExitStack() as both:
        added = [await both.enter_async_context(trial.stack.another(service)) for _ in range(2)]
        await trial.moment(4, 7)
        trial.dice.shuffle(added)
        await added[0].stop(within=10)
        await trial.moment(0, 2)
        os.kill(added[1].pid, signal.SIGKILL)
