"""Faults of the clock: the database's, which is the services' own, steps back and forth."""

from __future__ import annotations

from tests.faults.fault import fault
from tests.faults.trial import SERVICES, Trial

_STEPS_SECONDS = (-86_400, -3_600, -60, -1, 1, 60, 300)
_MADE = """
create schema if not exists stepped;
create table if not exists stepped.by as select 0::float8 as seconds;
grant usage on schema stepped to public;
grant select on stepped.by to public;
create or replace function stepped.clock_timestamp() returns timestamptz language sql volatile as
'select pg_catalog.clock_timestamp() + (select seconds from stepped.by) * interval ''1 second''';
"""
_END_SESSIONS = "select pg_terminate_backend(pid) from pg_stat_activity where usename = '{0}'"


@fault("clock stepped", times=2)
async def clock_stepped(trial: Trial) -> None:
    """The clock of every service's database steps back and forth under load, and ends where it began.

    The name `clock_timestamp` is found in a schema before the system's own: what the services ask is answered by it.
    """
    for service in SERVICES:
        await trial.stack.script(service, _MADE)
        paths = f"alter role {service} set search_path = stepped, pg_catalog, public"
        await trial.stack.script(service, f"{paths}; {_END_SESSIONS.format(service)}")
    try:
        for _ in range(trial.dice.randint(4, 8)):
            service, seconds = trial.some_service(), trial.dice.choice(_STEPS_SECONDS)
            await trial.stack.sql(service, "update stepped.by set seconds = $1", float(seconds))
            await trial.moment(0.3, 2)
    finally:
        for service in SERVICES:
            await trial.stack.script(
                service, f"alter role {service} reset search_path; {_END_SESSIONS.format(service)}"
            )
