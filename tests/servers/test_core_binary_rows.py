"""Rows that are copied in the database's own format, and what a worker keeps of them: nothing."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator

import pytest

from recouvra.chassis.binary_rows import bytea, copy_rows
from recouvra.chassis.database import WRITER, connect
from tests.servers.conftest import CreateDatabase

_MIB = 1 << 20


@pytest.fixture
def no_cycles_looked_for() -> Iterator[None]:
    """As in a worker between two collections, which are far from one another."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_what_was_copied_is_not_held_until_cycles_are_looked_for(
    postgres: CreateDatabase, no_cycles_looked_for: None
) -> None:
    connection = await connect(await postgres("binary_rows"), WRITER)
    try:
        await connection.execute("create table copied (said bytea)")
        tracemalloc.start()
        for _ in range(20):
            await copy_rows(connection, "copied", [("said", bytea)], [(bytes(_MIB),)])
        held, most = tracemalloc.get_traced_memory()
        assert await connection.fetchval("select count(*) from copied where length(said) = $1", _MIB) == 20
    finally:
        tracemalloc.stop()
        await connection.close()
    assert held < 2 * _MIB < most
