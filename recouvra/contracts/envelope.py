"""The CloudEvents 1.0 envelope: read from a record's headers (binary mode) or from its value (structured mode)."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeGuard

from recouvra.contracts.codes import Message

Headers = Mapping[str, bytes | None]
"""A record's headers by their names, `dict(record.headers)`: of a repeated one the last counts, as in Kafka."""

REQUIRED = ("specversion", "id", "source", "type", "time")
_HEADER_OF = {name: f"ce_{name}" for name in REQUIRED}
_SPECVERSION = ("ce_specversion", b"1.0")
_JSON = ("content-type", b"application/json")
SOURCE_BYTES = 1024
"""The longest `ce_source`: it is half of an event's identity, which a database must be able to index."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII)
_SECOND = slice(17, 19)
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]{1,200})?")

_WANTED: dict[str, Message] = {
    "specversion": Message(fr="la version 1.0", en="version 1.0"),
    "id": Message(fr="1 à 64 caractères imprimables", en="1 to 64 printable characters"),
    "source": Message(fr="une URI de référence sans espaces", en="a URI-reference without blanks"),
    "type": Message(fr="le type de l'événement", en="the type of the event"),
    "time": Message(
        fr="un instant RFC 3339 avec fuseau, des années 2000 à 2099", en="an RFC 3339 instant with zone, 2000 to 2099"
    ),
}


class Envelope(NamedTuple):
    """Who says what kind of thing, and when; `time` is an aware datetime in UTC."""

    event_id: str
    source: str
    type: str
    time: datetime
    traceparent: str | None = None


class MalformedEnvelope(Exception):
    """A required attribute is absent or malformed: which one, and what should stand there."""

    def __init__(self, attribute: str) -> None:
        super().__init__(attribute)
        self.attribute = attribute
        self.expected = _WANTED[attribute]


HeadersOf = Callable[[str, datetime, str | None], list[tuple[str, bytes]]]
"""Writes the headers of one event, given its id, its time and its traceparent."""


def binary_headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """Write an envelope as the headers of a record in binary mode."""
    event_id, source, event_type, time, traceparent = envelope
    return headers_of(source, event_type)(event_id, time, traceparent)


def headers_of(source: str, event_type: str) -> HeadersOf:
    """Make what writes the headers of events of one source and type, whose share of them is encoded once."""
    source_header, type_header = ("ce_source", source.encode()), ("ce_type", event_type.encode())

    def headers(event_id: str, time: datetime, traceparent: str | None) -> list[tuple[str, bytes]]:
        instant = time.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")
        written = [
            _SPECVERSION,
            ("ce_id", event_id.encode()),
            source_header,
            type_header,
            ("ce_time", f"{instant}Z".encode()),
            _JSON,
        ]
        if traceparent is not None:
            written.append(("traceparent", traceparent.encode()))
        return written

    return headers


def header_text(headers: Headers, name: str) -> str | None:
    """Read one header, None where it is absent, null or not UTF-8."""
    value = headers.get(name)
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def is_structured(headers: Headers) -> bool:
    """Whether the value holds the envelope too: `content-type: application/cloudevents+json`, parameters aside."""
    if headers.get("content-type") == _JSON[1]:
        return False
    media_type = (header_text(headers, "content-type") or "").partition(";")[0]
    return media_type.strip().lower() == "application/cloudevents+json"


def header_attributes(headers: Headers) -> dict[str, object]:
    """Gather the envelope's attributes from the headers of a record in binary mode, unchecked."""
    try:
        return {
            name: None if (value := headers.get(header)) is None else value.decode()
            for name, header in _HEADER_OF.items()
        }
    except UnicodeDecodeError:
        return {name: header_text(headers, header) for name, header in _HEADER_OF.items()}


def told(attributes: Mapping[str, object]) -> tuple[str | None, str | None]:
    """Read source and event id where they are well formed, whatever else is wrong: a refusal can then be addressed."""
    source, event_id = attributes.get("source"), attributes.get("id")
    return source if _is_source(source) else None, event_id if _is_event_id(event_id) else None


def time_told(attributes: Mapping[str, object]) -> datetime | None:
    """Read the time where it is well formed, whatever else is wrong: a refusal is then dated as its record is."""
    return read_instant(attributes.get("time"))


def read_envelope(attributes: Mapping[str, object], traceparent: object) -> Envelope:
    """Check the attributes and make an envelope of them.

    A traceparent that is not one is left out, as W3C asks. Raises MalformedEnvelope for the first required attribute
    that is absent or malformed, in the table's order.
    """
    if attributes.get("specversion") != "1.0":
        raise MalformedEnvelope("specversion")
    event_id, source = attributes.get("id"), attributes.get("source")
    if not _is_event_id(event_id):
        raise MalformedEnvelope("id")
    if not _is_source(source):
        raise MalformedEnvelope("source")
    event_type = attributes.get("type")
    if not isinstance(event_type, str) or not event_type:
        raise MalformedEnvelope("type")
    time = read_instant(attributes.get("time"))
    if time is None:
        raise MalformedEnvelope("time")
    if not isinstance(traceparent, str) or not _TRACEPARENT.fullmatch(traceparent):
        traceparent = None
    return Envelope(event_id, source, event_type, time, traceparent)


def _is_event_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 1 <= len(value) <= 64 and value.isprintable()


def _is_source(value: object) -> TypeGuard[str]:
    # isprintable refuses controls, surrogates and every blank but U+0020.
    return (
        isinstance(value, str)
        and value != ""
        and value.isprintable()
        and " " not in value
        and len(value.encode()) <= SOURCE_BYTES
    )


def read_instant(value: object, first_year: int = 2000, last_year: int = 2099) -> datetime | None:
    """Read an RFC 3339 instant in UTC, None where it is none of these years; digits beyond microseconds are cut."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    # Python has no leap second: it counts as the first instant of the next minute, as Unix time has it.
    is_leap = value[_SECOND] == "60"
    if is_leap:
        value = f"{value[: _SECOND.start]}59{value[_SECOND.stop :]}"
    try:
        instant = datetime.fromisoformat(value.upper()).astimezone(UTC)
        if is_leap:
            if (instant.hour, instant.minute) != (23, 59):
                return None
            instant = instant.replace(microsecond=0) + timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return instant if first_year <= instant.year <= last_year else None
