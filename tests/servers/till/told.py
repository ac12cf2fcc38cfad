"""What the tests of the journal publish, and what comes of it."""

from __future__ import annotations

from tests.builders import Draft
from tests.servers.till.at_work import Till, until


def payments(it: Till, first: int, last: int) -> list[Draft]:
    """Payments of five keys, from one number up to before another."""
    return [it.payment(number, 1_000 + number, f"K{number % 5}") for number in range(first, last)]


def told(it: Till) -> list[Draft]:
    """All that is published in these tests, in three waves of forty."""
    return payments(it, 0, 120)


async def counted(it: Till, payments: int) -> None:
    """Waits until so many payments are counted and all that they cause is published."""
    await until(lambda: it.connection.fetchval("select count(*) = $1 from counted", payments))
    await until(lambda: it.connection.fetchval("select count(*) = 0 from outbox"))
    await until(lambda: it.connection.fetchval("select count(*) = 0 from journal"))


async def places(it: Till, topic: str = "payment-held") -> list[tuple[int, int, bytes]]:
    """Every record that this till published on a topic: its partition, its offset, what it says."""
    return sorted((one.partition, one.offset, one.value) for one in await it.facts(topic))
