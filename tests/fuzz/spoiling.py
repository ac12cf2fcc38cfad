"""What publishers get wrong: values, bytes, headers and keys, spoilt one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

ODD_VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.0,
    1.5,
    1e308,
    10**12 + 1,
    -(10**12) - 1,
    2**31,
    2**63,
    10**30,
    10**4_200,
    "",
    " ",
    "1",
    "1000",
    "a\x00b",
    "\ud800",
    "\udc00\ud800",
    "x" * 65,
    "é" * 1_001,
    "2026-02-30",
    "2026-2-3",
    "0000-01-01",
    "10000-01-01",
    "2026-13",
    "2026-00",
    "0000-12",
    "1577836800",
    "2026-01-01T00:00:00Z",
    "NaN",
    "٢٠٢٦-٠١",
    "P1\n",
    [],
    [[]],
    {},
    {"": None},
    {"\x00": 1},
]
ODD_JSON = [
    b"",
    b" ",
    b"null",
    b"[]",
    b"{}",
    b'""',
    b"0",
    b"-",
    b"1e400",
    b"-0",
    b"NaN",
    b"Infinity",
    b"{",
    b'{"a":}',
    b'{"a":1,}',
    b"{}{}",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\x00",
    b"\xef\xbb\xbf{}",
    b'{"a": NaN}',
    b'{"a": "\\ud800"}',
    b'{"a": "\\u0000"}',
    b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
]


def with_one_thing_changed(value: Any, chance: Random) -> Any:
    """The value with one thing in it replaced, left out, or added."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        name = chance.choice(sorted(value))
        drawn = chance.random()
        if drawn < 0.15:
            return {other: value[other] for other in value if other != name}
        if drawn < 0.25:
            return value | {chance.choice(["x", "", "\x00", "\ud800", name.upper()]): chance.choice(ODD_VALUES)}
        return value | {name: with_one_thing_changed(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.7:
        place = chance.randrange(len(value))
        return [*value[:place], with_one_thing_changed(value[place], chance), *value[place + 1 :]]
    return chance.choice(ODD_VALUES)


def as_json(value: Any, chance: Random) -> bytes:
    """JSON as some publisher writes it: escaped or not, compact or not; unpaired surrogates are always escaped."""
    text = json.dumps(value, ensure_ascii=True, indent=chance.choice([None, None, None, 1]))
    if chance.random() < 0.5:
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:
            pass
    return text.encode()


def _flipped(value: bytes, chance: Random) -> bytes:
    place = chance.randrange(len(value) or 1)
    return value[:place] + bytes([chance.randrange(256)]) + value[place + 1 :]


def _cut(value: bytes, chance: Random) -> bytes:
    return value[: chance.randrange(len(value) or 1)]


def _twice_the_same_name(value: bytes, chance: Random) -> bytes:
    inner = value.strip()[1:]
    return b'{"payer_id": "P0", "lines": 0, "data": 1, ' + inner


def _other_number(value: bytes, chance: Random) -> bytes:
    """One digit becomes a number as only some parsers read it."""
    digits = [place for place, byte in enumerate(value) if 48 <= byte <= 57]
    if not digits:
        return value
    place = chance.choice(digits)
    odd = chance.choice([b"1e3", b"1.0", b"-0", b"01", b"0x1", b"9" * 4_301, b"1E400", b"-", b"+1", b"1_0"])
    return value[:place] + odd + value[place + 1 :]


Bytes = Callable[[bytes, Random], bytes | None]
BYTES: list[Bytes] = [
    _flipped,
    _flipped,
    _cut,
    _twice_the_same_name,
    _other_number,
    _other_number,
    lambda value, chance: b"\xef\xbb\xbf" + value,
    lambda value, chance: value + chance.choice([b"x", b"\x00", b" ", b"}", b"\n{}"]),
    lambda value, chance: value.decode(errors="replace").encode("utf-16"),
    lambda value, chance: value.decode(errors="replace").encode("latin-1", errors="replace"),
    lambda value, chance: chance.choice(ODD_JSON),
    lambda value, chance: chance.randbytes(chance.choice([1, 7, 60])),
    lambda value, chance: None,
]


def oversized(value: bytes, chance: Random) -> bytes:
    """The value with white space up to the limit, one byte beyond it, or far beyond."""
    return value.ljust(chance.choice([1_048_576, 1_048_577, 3_000_000]))
