"""Ends in order: SIGTERM of every role under load, whatever is away or frozen; and new workers beside old ones."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from tests.builders import declaration, split
from tests.faults.fault import fault
from tests.faults.own import Own
from tests.faults.trial import SERVICES, Trial
from tests.standing.polling import eventually

DRAIN_SECONDS = 10
PARTS, PART_LINES = 60, 1_000
Role = tuple[str, str]
WORKERS: Sequence[Role] = [(name, "worker") for name in SERVICES]
APIS: Sequence[Role] = [(name, "api") for name in SERVICES]


@fault("ended in order", times=2)
async def ended_in_order(trial: Trial) -> None:
    """SIGTERM of all workers and APIs at once, while they work; they are started again."""
    await eventually(lambda: _at_work(trial.stack))
    async with ended(trial.stack, [*WORKERS, *APIS]):
        await trial.moment()


@fault("ended amid large batches", times=2)
async def ended_amid_large_batches(trial: Trial) -> None:
    """SIGTERM of the worker that reads a declaration of sixty parts of a thousand lines each."""
    tag = trial.dice.randrange(1 << 30)
    lines = [(f"{10**11 + n}", 40_000 + n % 1_000) for n in range(PARTS * PART_LINES)]
    whole = declaration("P0000", "2026-04", lines, declaration_id=f"LARGE-{tag}")
    await trial.load.send(split(whole, PARTS))

    async def begun() -> None:
        rows = await trial.stack.sql("contributions", "select from part where declaration_id = $1", f"LARGE-{tag}")
        assert rows, "nothing of it was read"

    await eventually(begun)
    await eventually(lambda: _at_work(trial.stack))
    async with ended(trial.stack, [("contributions", "worker")]):
        await trial.moment()


async def ended_without(name: str, role: str, by: int, trial: Trial) -> None:
    """SIGTERM of all workers while broker or database is stopped, and again while it lives and does nothing."""
    await eventually(lambda: _at_work(trial.stack))
    async with trial.stack.away(name, role, by), ended(trial.stack, WORKERS):
        await trial.moment()
    await trial.stack.ready()
    await eventually(lambda: _at_work(trial.stack))
    with trial.stack.frozen(name, role):
        await trial.moment()
        async with ended(trial.stack, WORKERS):
            pass


@fault("ended without database", server=True, times=1)
async def ended_without_database(trial: Trial) -> None:
    """SIGTERM while nothing can be committed."""
    await ended_without("postgres", "database", signal.SIGINT, trial)  # its SIGTERM waits for us


@fault("ended without broker", server=True, times=1)
async def ended_without_broker(trial: Trial) -> None:
    """SIGTERM while nothing can be read or published."""
    await ended_without("kafka", "broker", signal.SIGTERM, trial)


@fault("rolled", times=2)
async def rolled(trial: Trial) -> None:
    """An upgrade: beside each worker a new one, then the old one is ended in order; the same for each API in turn."""
    await eventually(lambda: _at_work(trial.stack))
    for name, role in WORKERS:
        async with trial.stack.another(name, replica="next"):
            await trial.moment(2, 4)
            async with ended(trial.stack, [(name, role)]):
                await trial.moment(2, 4)
    for api in APIS:
        async with ended(trial.stack, [api]):
            pass


async def _at_work(stack: Own) -> None:
    """Each worker that runs now has told its pulse; one that still starts would end by the signal itself."""
    for service in SERVICES:
        since = os.stat(f"/proc/{stack.part(service, 'worker').pid}").st_ctime
        rows = await stack.sql(service, "select from pulse where at > to_timestamp($1)", since)
        assert rows, f"the worker of {service} is not at work yet"


@asynccontextmanager
async def ended(stack: Own, roles: Sequence[Role]) -> AsyncIterator[None]:
    """Roles ended by SIGTERM, all at once, and not started again for as long as the block lasts.

    Raises AssertionError for one that is not gone within ten seconds, or whose exit code is not 0.
    """
    async with AsyncExitStack() as away:
        began, taken = time.monotonic(), dict[Role, float]()

        async def end(role: Role) -> None:
            await away.enter_async_context(stack.away(*role, signal.SIGTERM))
            taken[role] = time.monotonic() - began

        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await asyncio.gather(*map(end, roles))
        except TimeoutError:
            raise AssertionError(f"{DRAIN_SECONDS} s on, these run: {set(roles) - set(taken)}") from None
        codes = {role: await stack.part(*role).ended() for role in roles}
        assert set(codes.values()) == {0}, codes
        print(f"ended in order: {len(roles)} roles, the last after {max(taken.values()):.1f} s")
        yield
