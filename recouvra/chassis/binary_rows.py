"""Rows as PostgreSQL's binary COPY reads them, for tables with columns of integer arrays, and such arrays read again.

asyncpg encodes and decodes an array element by element, which takes longer than all else that is done with it; here an
array of numpy's goes over whole. The format: https://www.postgresql.org/docs/current/sql-copy.html, and of each type
what its `…recv` function reads and its `…send` function writes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recouvra.chassis.database import Connection

_HEAD = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TAIL = struct.pack(">h", -1)
_NULL = struct.pack(">i", -1)
_EPOCH, _MICROSECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_EMPTY_ARRAY = struct.Struct(">iii")
_ARRAY = struct.Struct(">iiiii")
_INT4, _INT8, _TEXT = 23, 20, 25  # the types' oids, the same in every database
_ELEMENTS = {
    _INT4: np.dtype([("length", ">i4"), ("value", ">i4")]),
    _INT8: np.dtype([("length", ">i4"), ("value", ">i8")]),
}

Encode = Callable[[Sequence[Any]], Sequence[bytes]]
"""Encodes a column's values, each with its length before it; a value that is None is null."""


def text(values: Sequence[str | None]) -> list[bytes]:
    """A column of `text`."""
    return bytea([None if value is None else value.encode() for value in values])


def bytea(values: Sequence[bytes | None]) -> list[bytes]:
    """A column of `bytea`."""
    return [_NULL if value is None else len(value).to_bytes(4) + value for value in values]


def int4(values: Sequence[int | None]) -> list[bytes]:
    """A column of `int`."""
    return bytea([None if value is None else value.to_bytes(4, signed=True) for value in values])


def int8(values: Sequence[int | None]) -> list[bytes]:
    """A column of `bigint`."""
    return bytea([None if value is None else value.to_bytes(8, signed=True) for value in values])


def timestamptz(values: Sequence[datetime | None]) -> list[bytes]:
    """A column of `timestamptz`, of aware instants."""
    return int8([None if value is None else (value - _EPOCH) // _MICROSECOND for value in values])


def int4_array(values: Sequence[Any]) -> list[bytes]:
    """A column of `int[]`, of arrays or lists of integers that fit; none is null, nor has one."""
    return _integers(values, _INT4)


def int8_array(values: Sequence[Any]) -> list[bytes]:
    """A column of `bigint[]`, of arrays or lists of integers that fit; none is null, nor has one."""
    return _integers(values, _INT8)


def text_array(values: Sequence[Sequence[str] | None]) -> list[bytes]:
    """A column of `text[]`, without nulls in them."""
    return bytea([None if value is None else _texts(value) for value in values])


def _texts(values: Sequence[str]) -> bytes:
    if not values:
        return _EMPTY_ARRAY.pack(0, 0, _TEXT)
    return _ARRAY.pack(1, 0, _TEXT, len(values), 1) + b"".join(text(values))


def _integers(arrays: Sequence[Any], oid: int) -> list[bytes]:
    """The elements of all arrays are encoded at once: there may be hundreds, of a few integers each."""
    elements = np.empty(sum(map(len, arrays)), _ELEMENTS[oid])
    elements["length"] = elements.dtype["value"].itemsize
    np.concatenate(arrays, out=elements["value"], casting="unsafe")
    encoded, at, found = elements.tobytes(), 0, []
    for count in map(len, arrays):
        size = count * elements.itemsize
        head = _ARRAY.pack(1, 0, oid, count, 1) if count else _EMPTY_ARRAY.pack(0, 0, oid)
        found.append((len(head) + size).to_bytes(4) + head + encoded[at : at + size])
        at += size
    return found


def int4s(sent: bytes) -> NDArray[np.int64]:
    """The elements of an `int[]` without nulls, as `array_send` gives it."""
    return np.frombuffer(sent, _ELEMENTS[_INT4], offset=_elements_at(sent))["value"].astype(np.int64)


def int8s(sent: bytes) -> NDArray[np.int64]:
    """The elements of a `bigint[]` without nulls, as `array_send` gives it."""
    return np.frombuffer(sent, _ELEMENTS[_INT8], offset=_elements_at(sent))["value"].astype(np.int64)


def _elements_at(sent: bytes) -> int:
    """Where elements begin: an empty array has no dimension, and ends before one."""
    return min(len(sent), _ARRAY.size)


async def copy_rows(
    connection: Connection, table: str, columns: Sequence[tuple[str, Encode]], rows: Sequence[Sequence[Any]]
) -> None:
    """Adds rows by COPY.

    Args:
        columns: their names and what encodes each.
        rows: any number, each with a value a column.
    """
    if not rows:
        return
    values = zip(*rows, strict=True)
    encoded = [encode(column) for (_, encode), column in zip(columns, values, strict=True)]
    count = len(columns).to_bytes(2)
    written = b"".join([_HEAD, *(count + b"".join(row) for row in zip(*encoded, strict=True)), _TAIL])
    # No file: asyncpg would have a thread read it, and makes a class for each, whose cycle holds all that was copied
    # until cycles are looked for, which a worker seldom does. And bytes would be taken for a path.
    source: Any = memoryview(written)  # its types forget buffers
    await connection.copy_to_table(table, source=source, columns=[name for name, _ in columns], format="binary")
