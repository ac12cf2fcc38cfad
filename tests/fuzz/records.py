"""One record of a topic, as anyone may publish it: about half are sound, the others spoilt in one way or several."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from recouvra.contracts.reading import VALUE_BYTES
from tests.fuzz.spoiling import BYTES, ODD_VALUES, as_json, oversized, with_one_thing_changed
from tests.fuzz.values import World, fitting

Headers = tuple[tuple[str, bytes | None], ...]
STRUCTURED = [
    b"application/cloudevents+json",
    b"application/cloudevents+json; charset=UTF-8",
    b" Application/CloudEvents+JSON ;x",
]
SOURCES = ["/payroll/sage-ml/acme", "/treasury", "/bank", "urn:x:1", "https://fund.example/é", "s" * 1_024]
_ODD_TIMES = [
    "2000-01-01T00:00:00Z",
    "2099-12-31T23:59:59.999999999Z",
    "2026-06-30T23:59:60Z",
    "2026-03-01t08:00:00.5z",
    "2026-03-01T23:59:59+23:59",
    "2026-03-01T00:00:00-23:59",
]
_BAD_TIMES = ["1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-03-01T08:00:00", "0", ""]
_TRACES = [b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", b"00-0-0-0", b"\xff", b"x" * 9_000, None]


@dataclass(frozen=True, slots=True)
class Made:
    """A record before it has an offset; `sound` where nothing was spoilt."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    headers_readable: bool = True
    sound: bool = True


def made(topic: str, world: World, chance: Random) -> Made:
    """One record of a topic."""
    if world.said and chance.random() < 0.05:
        return _said_again(chance.choice(world.said), chance)
    record = _new(topic, world, chance)
    if len(record.value or b"") < 10_000:
        world.said.append(record)
    return record


def _said_again(record: Made, chance: Random) -> Made:
    """A record that was published before: as it is, or under another event id."""
    other = f"{chance.getrandbits(80):x}".encode() if chance.random() < 0.5 else None
    headers = tuple((name, other if other and name == "ce_id" else value) for name, value in record.headers)
    return replace(record, headers=headers)


def _new(topic: str, world: World, chance: Random) -> Made:
    body: Any = fitting(topic, world, chance)
    key = _key(topic, body, chance)
    attributes = _attributes(topic, chance)
    spoilt = chance.random() < 0.5
    ways = chance.choice([1, 1, 1, 2]) if spoilt else 0
    chosen = [chance.choice(_SPOILING) for _ in range(ways)]
    if "body" in chosen:
        body = with_one_thing_changed(body, chance)
    if "attributes" in chosen:
        attributes = _odd_attributes(attributes, chance)
    record = _carried(topic, key, body, attributes, chance)
    for way in chosen:
        record = _RAW[way](record, chance) if way in _RAW else record
    return replace(record, sound=not spoilt and len(record.value or b"") <= VALUE_BYTES)


_SPOILING = ["body"] * 8 + ["attributes"] * 3 + ["bytes"] * 3 + ["headers"] * 3 + ["key"] * 2


def _key(topic: str, body: Any, chance: Random) -> bytes:
    """The key that events.md names; where the value names none, any."""
    for name in ("payer_id", "reference"):
        if topic in _BY_PERSON:
            break
        if isinstance(body.get(name), str):
            return str(body[name]).encode()
    number = body.get("insured_number")
    return number.encode() if isinstance(number, str) else chance.choice([b"K1", b"\xff", b"virement 3"])


_BY_PERSON = ("person-registered", "care-form-submitted", "form-liquidated", "rights-changed")


def _attributes(topic: str, chance: Random) -> dict[str, Any]:
    """A sound envelope; now and then with an event id that others have too."""
    first = datetime(2025, 1, 1, tzinfo=UTC)
    at = (first + timedelta(seconds=chance.randrange(540 * 86_400))).isoformat()
    return {
        "specversion": "1.0",
        "id": f"{chance.getrandbits(80):x}" if chance.random() < 0.97 else chance.choice(["e1", "é" * 64, "a b"]),
        "source": chance.choice(SOURCES[:3] if chance.random() < 0.9 else SOURCES),
        "type": f"ml.recouvra.{topic}.v1",
        "time": at if chance.random() < 0.95 else chance.choice(_ODD_TIMES),
    }


def _odd_attributes(attributes: dict[str, Any], chance: Random) -> dict[str, Any]:
    name = chance.choice(sorted(attributes))
    odd: list[Any] = {"time": _BAD_TIMES, "type": ["ml.recouvra.payment-reported.v1", "ml.recouvra.x.v2"]}.get(name, [])
    return attributes | {name: chance.choice([*odd, *odd, *ODD_VALUES])}


def _carried(topic: str, key: bytes, body: Any, attributes: dict[str, Any], chance: Random) -> Made:
    """The record in binary mode or, one time in four, in structured mode."""
    if chance.random() < 0.25:
        data: dict[str, Any] = {"data": body}
        if chance.random() < 0.2:
            data = {"data_base64": base64.b64encode(as_json(body, chance)).decode()}
        whole = attributes | data
        if chance.random() < 0.1:
            whole["traceparent"] = chance.choice(ODD_VALUES)
        return Made(topic, key, as_json(whole, chance), (("content-type", chance.choice(STRUCTURED)),))
    headers = [(f"ce_{name}", _header(value)) for name, value in attributes.items()]
    headers.append(("content-type", b"application/json"))
    if chance.random() < 0.1:
        headers.append(("traceparent", chance.choice(_TRACES)))
    return Made(topic, key, as_json(body, chance), tuple(headers))


def _header(value: Any) -> bytes | None:
    return None if value is None else str(value)[:100_000].encode(errors="surrogatepass")


def _other_headers(record: Made, chance: Random) -> Made:
    headers = list(record.headers)
    place = chance.randrange(len(headers) or 1)
    drawn = chance.randrange(8)
    if drawn == 0:
        del headers[place : place + 1]
    elif drawn == 1:
        headers += headers[place : place + 1] * 2
    elif drawn == 2 and headers:
        headers[place] = headers[place][0], chance.choice([None, b"", b"\xff\xfe", b"x" * 2_000, b"\x00"])
    elif drawn == 3:
        headers += [("content-type", chance.choice([*STRUCTURED, b"text/plain", None, b"\xff"]))]
    elif drawn == 4:
        headers += [("x", b"y")] * chance.choice([1, 30, 1_000])
    elif drawn == 5:
        headers += [(chance.choice(["", "\x00", "é", "CE_ID", "ce_data", "x" * 3_000]), b"1")]
    elif drawn == 6:
        headers.reverse()
    else:
        return replace(record, headers=(), headers_readable=False)
    return replace(record, headers=tuple(headers))


def _other_key(record: Made, chance: Random) -> Made:
    keys = [None, b"", b"somebody-else", b"\xff\xfe", b"\x00", b"k" * 5_000, (record.key or b"") + b" "]
    return replace(record, key=chance.choice(keys))


def _other_bytes(record: Made, chance: Random) -> Made:
    if chance.random() < 0.004:
        return replace(record, value=oversized(record.value or b"", chance))
    return replace(record, value=chance.choice(BYTES)(record.value or b"", chance))


_RAW: dict[str, Callable[[Made, Random], Made]] = {
    "bytes": _other_bytes,
    "headers": _other_headers,
    "key": _other_key,
}
