"""What the database says of a till's relays: who of them publishes, and what it does."""

from __future__ import annotations

import asyncpg

from tests.servers.till.at_work import Till, until


async def sessions(it: Till) -> list[asyncpg.Record]:
    """The relays' sessions: id, the statement made last, and whether it stands for election."""
    return await it.rows(
        "select pid, query, query like '%try_advisory_lock%' as stands from pg_stat_activity "
        "where datname = $1 and application_name = 'recouvra-relay'",
        it.name,
    )


async def of_the_elected(it: Till) -> asyncpg.Record | None:
    """The session of the one relay that publishes."""
    return next((session for session in await sessions(it) if not session["stands"]), None)


async def one_publishes(it: Till) -> bool:
    """Whether of two relays one is elected."""
    return sorted(session["stands"] for session in await sessions(it)) == [False, True]


async def waits_for_the_broker(it: Till) -> bool:
    """Whether it speaks to its database only so that the server knows that it lives."""
    session = await of_the_elected(it)
    return session is not None and session["query"] == "select 1"


async def refused_or_emptied(it: Till) -> None:
    """Waits until the relay has begun anew, as it does when the broker refuses; or until the outbox is empty."""
    first = await until(lambda: of_the_elected(it))

    async def either() -> bool:
        session = await of_the_elected(it)
        return await it.count("outbox") == 0 or (session is not None and session["pid"] != first["pid"])

    await until(either)
