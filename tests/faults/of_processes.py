"""Faults of the services' processes: killed, frozen, doubled, more and fewer of them."""

from __future__ import annotations

import os
import signal
from contextlib import AsyncExitStack

from tests.builders import affiliation, care_form
from tests.faults.fault import fault
from tests.faults.own import frozen
from tests.faults.owners import relay_pid, writing
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
        os.kill(await eventually(lambda: relay_pid(trial.stack, service)), signal.SIGKILL)


@fault("relay frozen")
async def relay_frozen(trial: Trial) -> None:
    """SIGSTOP of the relay's process until its session is ended and the other worker was elected; then SIGCONT."""
    service = trial.some_writer()
    async with trial.stack.another(service):
        await trial.moment(2, 4)
        victim = await eventually(lambda: relay_pid(trial.stack, service))

        async def another_is_elected() -> None:
            assert await relay_pid(trial.stack, service) != victim, "the frozen relay is elected for good"

        with frozen(victim):
            await trial.moment(*BEYOND_A_SESSION_SECONDS)
            await eventually(another_is_elected)


@fault("zombie")
async def zombie(trial: Trial) -> None:
    """A worker frozen beyond its session while a second one takes its partitions over, and let go on beside it."""
    service = trial.some_service()
    async with trial.stack.another(service):
        await trial.moment(2, 4)
        with trial.stack.frozen(service, "worker"):
            await trial.moment(*BEYOND_A_SESSION_SECONDS)
            await _all_is_read_on(trial, service)
        await trial.moment(1, 3)


@fault("frozen alone")
async def frozen_alone(trial: Trial) -> None:
    """The only worker frozen beyond its session, perhaps within a transaction that the server then ends."""
    service = trial.some_service()
    with trial.stack.frozen(service, "worker"):
        await trial.moment(*BEYOND_A_SESSION_SECONDS)
        await eventually(lambda: _lost_its_sessions(trial, service), 120)
        stood = await _positions(trial, service)
        await trial.moment(1, 2)
        assert await _positions(trial, service) == stood, "it was not alone"


@fault("twins", times=2)
async def twins(trial: Trial) -> None:
    """Two workers under one name: each believes that it owns every partition, and nobody fences them."""
    service = trial.some_service()
    async with trial.stack.another(service, replica="local"):
        await trial.moment(8, 12)
        await eventually(lambda: _two_take_in(trial, service))


@fault("two groups", times=2)
async def two_groups(trial: Trial) -> None:
    """Two workers in a consumer group of their own each: both own every partition, for good."""
    service = trial.some_service()
    async with trial.stack.another(service, program="tests.faults.apart"):
        await trial.moment(8, 12)
        await eventually(lambda: _two_take_in(trial, service))


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
        assert added[1].is_running, "the one to be killed has ended by itself"
        os.kill(added[1].pid, signal.SIGKILL)


# Of each service a topic on whose every partition something new stands soon after it is published.
_TOPICS = {
    "registration": "affiliation-requested",
    "contributions": "payer-affiliated",
    "liquidation": "care-form-submitted",
    "reporting": "payer-affiliated",
}


async def _all_is_read_on(trial: Trial, service: str) -> None:
    """Whoever lives owns what the frozen one had: every partition of a topic moves on."""
    before = await _positions(trial, service, _TOPICS[service])
    assert before, f"{service} has read nothing yet"
    once = trial.load.published
    some = range(10 * len(before))
    people = [affiliation(f"NEWS-{once}-{number}") for number in some]
    await trial.load.send([*people, *(care_form(f"{10**11 + n}", form_serial=f"N-{once}-{n}") for n in some)])

    async def moved() -> None:
        now = await _positions(trial, service, _TOPICS[service])
        stand = [place for place, at in before.items() if now[place] <= at]
        assert not stand, f"nobody took over from the frozen worker of {service}: {stand}"

    await eventually(moved)


async def _positions(trial: Trial, service: str, topic: str = "%") -> dict[tuple[str, int], int]:
    rows = await trial.stack.sql(
        service, "select topic, partition, next_offset from position where topic like $1", topic
    )
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def _lost_its_sessions(trial: Trial, service: str) -> None:
    """The server has ended what a frozen worker held: the election, and the transaction that it was in.

    But for one in the midst of a COPY or of a large answer: that only another worker ends, which is not there.
    """
    held = await trial.stack.sql(
        service,
        "select application_name, state from pg_stat_activity where datname = current_database() and "
        "(application_name = 'recouvra-relay' or application_name = 'recouvra-worker' and xact_start is not null) "
        "and not (state = 'active' and wait_event in ('ClientRead', 'ClientWrite'))",
    )
    assert not held, f"the frozen worker of {service} still holds {held}"


async def _two_take_in(trial: Trial, service: str) -> None:
    """Neither is fenced, neither is idle: both have records to take in."""
    assert len(await writing(trial.stack, service)) > 1, f"only one worker of {service} is at work"
