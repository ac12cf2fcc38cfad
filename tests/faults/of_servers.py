"""Faults of broker and database: killed, frozen, away, full, crowded, slow, cut off."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack, suppress

import asyncpg
import httpx

from tests.faults.fault import fault
from tests.faults.own import Own
from tests.faults.trial import SERVICES, Trial
from tests.standing.polling import eventually

AWAY_SECONDS = 60


@fault("broker killed", server=True)
async def broker_killed(trial: Trial) -> None:
    """SIGKILL of the broker."""
    await trial.stack.kill_one("kafka", "broker")


@fault("broker frozen", server=True)
async def broker_frozen(trial: Trial) -> None:
    """The broker lives and answers nothing, for longer than a client waits."""
    with trial.stack.frozen("kafka", "broker"):
        await trial.moment(8, 15)


@fault("broker away", server=True, times=1)
async def broker_away(trial: Trial) -> None:
    """No broker for a minute."""
    async with trial.stack.away("kafka", "broker", signal.SIGTERM):
        await trial.moment(AWAY_SECONDS, AWAY_SECONDS)


@fault("database killed", server=True)
async def database_killed(trial: Trial) -> None:
    """SIGKILL of PostgreSQL's first process."""
    await trial.stack.kill_one("postgres", "database")


@fault("database stopped at once", server=True)
async def database_stopped_at_once(trial: Trial) -> None:
    """PostgreSQL's immediate stop: no session is told, nothing is written down."""
    await trial.stack.send(signal.SIGQUIT, "postgres", "database")


@fault("backend killed", server=True)
async def backend_killed(trial: Trial) -> None:
    """SIGKILL of one session's process: PostgreSQL ends all others and recovers."""
    os.kill(trial.dice.choice(await sessions(trial.stack)), signal.SIGKILL)


@fault("sessions ended", server=True)
async def sessions_ended(trial: Trial) -> None:
    """Every session of the services ended by an operator, three times in a row."""
    for _ in range(3):
        await trial.stack.sql("postgres", f"select pg_terminate_backend(pid) {_OURS}")
        await trial.moment(0.2, 1)


@fault("database frozen", server=True)
async def database_frozen(trial: Trial) -> None:
    """PostgreSQL and all its sessions live and do nothing."""
    with trial.stack.frozen("postgres", "database"):
        await trial.moment(5, 12)


@fault("database away", server=True, times=1)
async def database_away(trial: Trial) -> None:
    """No database for a minute."""
    async with trial.stack.away("postgres", "database", trial.dice.choice((signal.SIGINT, signal.SIGKILL))):
        await trial.moment(AWAY_SECONDS, AWAY_SECONDS)


@fault("disk full", server=True, times=2)
async def disk_full(trial: Trial) -> None:
    """The database's file system is full, for long enough that a segment of its log cannot be made; then there is room.

    PostgreSQL may end itself, and end again at each start: it comes back when there is room.
    """
    assert trial.stack.disk is not None, "the trial's stack has no disk of its own"
    with trial.stack.disk.full():
        await eventually(lambda: _hurts(trial.stack), 60)
        await trial.moment(5, 15)


@fault("crowded", server=True, times=2)
async def crowded(trial: Trial) -> None:
    """Every connection that the database takes is held by somebody else, and ours are ended: none comes back in."""
    (row,) = await trial.stack.sql("postgres", "select current_setting('max_connections')::int as most")
    url = (await trial.stack.ready())["postgres"]
    async with AsyncExitStack() as held, asyncio.timeout(60):
        for turn_ in range(row["most"]):
            with suppress(asyncpg.TooManyConnectionsError):
                other = await asyncpg.connect(url, timeout=10)
                held.push_async_callback(other.close)
                if turn_ == 0:
                    first = other
        await first.execute(f"select pg_terminate_backend(pid) {_OURS}")
        for _ in range(row["most"]):
            try:
                held.push_async_callback((await asyncpg.connect(url, timeout=10)).close)
            except asyncpg.TooManyConnectionsError:
                break
        await trial.moment(5, 10)


@fault("api flooded", times=2)
async def api_flooded(trial: Trial) -> None:
    """More requests at a time than there are connections in the pools, for as long as recovery is measured in."""
    addresses = (await trial.stack.ready())["services"]
    paths = {
        "reporting": (
            "/v1/collection-rates?group_by=payer&group_by=period&limit=500",
            "/v1/liquidation?group_by=payer",
        ),
        "contributions": ("/v1/waiting?limit=500", "/v1/double-declarations", "/v1/suspense?limit=500"),
        "registration": ("/v1/dead-letters?limit=500",),
        "liquidation": ("/v1/waiting?limit=500",),
    }
    asked = [addresses[name] + path for name in SERVICES for path in paths[name]]
    limits = httpx.Limits(max_connections=120)

    async def flood(http: httpx.AsyncClient) -> None:
        for _ in range(6):
            with suppress(httpx.HTTPError):
                await http.get(trial.dice.choice(asked))

    async with httpx.AsyncClient(timeout=30, trust_env=False, limits=limits) as http:
        await asyncio.gather(*(flood(http) for _ in range(100)))


@fault("slow database", server=True, times=2)
async def slow_database(trial: Trial) -> None:
    """Each answer late, then few bytes a second."""
    with trial.stack.proxy.slowed(latency_seconds=trial.dice.uniform(0.02, 0.2)):
        await trial.moment(5, 8)
    with trial.stack.proxy.slowed(bytes_per_second=trial.dice.randrange(20_000, 200_000)):
        await trial.moment(5, 8)


@fault("connections cut", server=True)
async def connections_cut(trial: Trial) -> None:
    """Connections to the database break at any byte, again and again: whether a commit took place is not known."""
    for _ in range(trial.dice.randint(5, 15)):
        trial.stack.proxy.cut(trial.dice.choice((0.2, 0.5, 1.0)), trial.dice)
        await trial.moment(0.05, 1.5)


_OURS = "from pg_stat_activity where application_name like 'recouvra-%'"


async def sessions(stack: Own) -> list[int]:
    """The database's processes that serve ours."""
    return [row["pid"] for row in await stack.sql("postgres", f"select pid {_OURS}")]


async def _hurts(stack: Own) -> None:
    """Nothing more can be written."""
    try:
        await stack.sql(
            "postgres", "create temporary table more as select repeat('x', 100) from generate_series(1, 1000)"
        )
    except (asyncpg.PostgresError, OSError):
        return
    raise AssertionError("the disk is not full yet")
