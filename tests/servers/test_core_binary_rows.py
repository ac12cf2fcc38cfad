"""Rows by binary COPY on a real database: what is written is what is read, and nothing of it stays in memory."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from recouvra.chassis.binary_rows import (
    bytea,
    copy_rows,
    int4,
    int4_array,
    int4s,
    int8,
    int8_array,
    int8s,
    text,
    text_array,
    timestamptz,
)
from recouvra.chassis.database import WRITER, connect
from tests.servers.conftest import CreateDatabase

_MIB = 1 << 20
_AT = datetime(2026, 2, 5, 11, 12, 13, 456_789, tzinfo=UTC)
_ROW = ("é", b"\0\xff", -(2**31), 2**63 - 1, _AT, np.array([1, -2]), np.array([2**40]), ["a", ""])
_NULLS: tuple[Any, ...] = (None, None, 0, -1, None, np.array([], np.int64), np.array([], np.int64), [])
_COLUMNS = (
    ("a_text", text),
    ("a_bytea", bytea),
    ("an_int", int4),
    ("a_bigint", int8),
    ("an_instant", timestamptz),
    ("ints", int4_array),
    ("bigints", int8_array),
    ("texts", text_array),
)


async def test_rows_are_read_as_they_were_written(postgres: CreateDatabase) -> None:
    connection = await connect(await postgres(f"rows_{uuid4().hex[:12]}"), WRITER)
    try:
        await connection.execute(
            "create table kept (a_text text, a_bytea bytea, an_int int, a_bigint bigint, an_instant timestamptz, "
            "ints int[], bigints bigint[], texts text[])"
        )
        await copy_rows(connection, "kept", _COLUMNS, [_ROW, _NULLS])
        kept = await connection.fetch(
            "select a_text, a_bytea, an_int, a_bigint, an_instant, array_send(ints), array_send(bigints), texts "
            "from kept order by an_int"
        )
    finally:
        await connection.close()
    read = [(*row[:5], int4s(row[5]).tolist(), int8s(row[6]).tolist(), row[7]) for row in kept]
    assert read == [(*row[:5], row[5].tolist(), row[6].tolist(), row[7]) for row in (_ROW, _NULLS)]


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
    """A backlog's lines once stayed in memory so, 33 bytes of each."""
    connection = await connect(await postgres(f"rows_{uuid4().hex[:12]}"), WRITER)
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
