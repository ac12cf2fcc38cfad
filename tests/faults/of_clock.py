"""Faults of the clock: the database's, which is the services' own, steps back and forth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.faults.fault import fault
from tests.faults.trial import SERVICES, Trial
from tests.standing.polling import eventually

_STEPS_SECONDS = (-86_400, -3_600, -60, -5, -1, -0.3, 0.3, 1, 3)
_AHEAD_SECONDS = 120
_MADE = """
create schema if not exists stepped;
create table if not exists stepped.by as select 0::float8 as seconds;
grant usage on schema stepped to public;
grant select on stepped.by to public;
create or replace function stepped.clock_timestamp() returns timestamptz language sql volatile as
'select pg_catalog.clock_timestamp() + (select seconds from stepped.by) * interval ''1 second''';
"""
_SEARCHED_FIRST = "alter role {0} set search_path = stepped, pg_catalog, public;"
_AS_BEFORE = "alter role {0} reset search_path;"
_END_SESSIONS = "select pg_terminate_backend(pid) from pg_stat_activity where usename = '{0}'"


@fault("clock stepped", times=3)
async def clock_stepped(trial: Trial) -> None:
    """The clock steps back and forth, many times and between any two batches, and ends where it began."""
    async with _ours(trial):
        for _ in range(trial.dice.randint(15, 30)):
            await _set(trial, trial.dice.choice(_STEPS_SECONDS))
            await trial.moment(0.05, 0.6)


@fault("clock set right", times=1)
async def clock_set_right(trial: Trial) -> None:
    """The clock was two minutes ahead for some seconds, and is set right: nothing may wait until it is there again."""
    async with _ours(trial):
        await _set(trial, _AHEAD_SECONDS)
        await eventually(lambda: _is_felt(trial))
        await trial.moment(1, 3)


@asynccontextmanager
async def _ours(trial: Trial) -> AsyncIterator[None]:
    """The services ask a clock of ours for as long as the block lasts: the name is found before the system's own."""
    for service in SERVICES:
        await trial.stack.script(service, _MADE)
        await trial.stack.script(service, (_SEARCHED_FIRST + _END_SESSIONS).format(service))
    try:
        yield
    finally:
        await _set(trial, 0)
        for service in SERVICES:
            await trial.stack.script(service, (_AS_BEFORE + _END_SESSIONS).format(service))


async def _set(trial: Trial, seconds: float) -> None:
    """All services' databases stand on one server, and are ahead by so much."""
    for service in SERVICES:
        await trial.stack.sql(service, "update stepped.by set seconds = $1", float(seconds))


async def _is_felt(trial: Trial) -> None:
    """Every service that publishes marks has read the clock that is ahead."""
    for service in ("registration", "contributions", "liquidation"):
        (row,) = await trial.stack.sql(service, "select floor_at > now() + interval '1 minute' as ahead from clock")
        assert row["ahead"], f"{service} does not read the clock that was stepped"
