"""Rows as PostgreSQL's binary COPY reads them, for tables with columns of integer arrays, and such arrays read again.

asyncpg encodes and decodes an array element by element, which takes longer than all else that is done with it; here an
array of numpy's goes over whole. The format: https://www.postgresql.org/docs/current/sql-copy.html, and of each type
what its `…recv` function reads and its `…send` function writes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recouvra.chassis.database import Connection

_HEAD = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TAIL = struct.pack(">h", -1)
_NULL = struct.pack(">i", -1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EMPTY_ARRAY = struct.Struct(">iii")
_ARRAY = struct.Struct(">iiiii")
_INT4, _INT8, _TEXT = 23, 20, 25  # the types' oids, the same in every database
_ELEMENTS = {
    _INT4: np.dtype([("length", ">i4"), ("value", ">i4")]),
    _INT8: np.dtype([("length", ">i4"), ("value", ">i8")]),
}

Encode = Callable[[Any], bytes]


def text(value: str) -> bytes:
    """A `text`."""
    return value.encode()


def bytea(value: bytes) -> bytes:
    """A `bytea`."""
    return value


def int4(value: int) -> bytes:
    """An `int`."""
    return value.to_bytes(4, signed=True)


def int8(value: int) -> bytes:
    """A `bigint`."""
    return value.to_bytes(8, signed=True)


def timestamptz(value: datetime) -> bytes:
    """A `timestamptz`, of an aware instant."""
    since = value - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds).to_bytes(8, signed=True)


def int4_array(values: Any) -> bytes:
    """An `int[]`, of what numpy makes an array of, without nulls."""
    return _integers(values, _INT4)


def int8_array(values: Any) -> bytes:
    """A `bigint[]`, of what numpy makes an array of, without nulls."""
    return _integers(values, _INT8)


def text_array(values: Sequence[str]) -> bytes:
    """A `text[]`, without nulls."""
    if not values:
        return _EMPTY_ARRAY.pack(0, 0, _TEXT)
    encoded = [value.encode() for value in values]
    elements = b"".join(len(value).to_bytes(4) + value for value in encoded)
    return _ARRAY.pack(1, 0, _TEXT, len(values), 1) + elements


def int4s(sent: bytes) -> NDArray[np.int64]:
    """The elements of an `int[]` without nulls, as `array_send` gives it."""
    return np.frombuffer(sent, _ELEMENTS[_INT4], offset=_elements_at(sent))["value"].astype(np.int64)


def int8s(sent: bytes) -> NDArray[np.int64]:
    """The elements of a `bigint[]` without nulls, as `array_send` gives it."""
    return np.frombuffer(sent, _ELEMENTS[_INT8], offset=_elements_at(sent))["value"].astype(np.int64)


def _elements_at(sent: bytes) -> int:
    """Where elements begin: an empty array has no dimension, and ends before one."""
    return min(len(sent), _ARRAY.size)


def _integers(values: Any, oid: int) -> bytes:
    if not len(values):
        return _EMPTY_ARRAY.pack(0, 0, oid)
    elements = np.empty(len(values), _ELEMENTS[oid])
    elements["length"] = elements.dtype["value"].itemsize
    elements["value"] = values
    return _ARRAY.pack(1, 0, oid, len(values), 1) + elements.tobytes()


async def copy_rows(
    connection: Connection, table: str, columns: Sequence[tuple[str, Encode]], rows: Iterable[Sequence[Any]]
) -> None:
    """Adds rows by COPY.

    Args:
        columns: their names and what encodes each; a value that is None is null.
        rows: any number, each with a value a column.
    """
    count = len(columns).to_bytes(2)
    written = [_HEAD]
    for row in rows:
        written.append(count)
        for (_, encode), value in zip(columns, row, strict=True):
            if value is None:
                written.append(_NULL)
            else:
                encoded = encode(value)
                written += (len(encoded).to_bytes(4), encoded)
    written.append(_TAIL)
    # No file: for each, asyncpg makes a class, whose cycle holds all that was copied until cycles are looked for, which
    # a worker seldom does; and bytes would be taken for a path.
    source: Any = memoryview(b"".join(written))  # its types forget buffers
    await connection.copy_to_table(table, source=source, columns=[name for name, _ in columns], format="binary")
