"""From bytes to an event, or to the reason code of its dead letter: the table of events.md, in its order."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.recount.schemas import SCHEMAS, Mismatch
from tests.recount.state import DeadLetter, PublishedRecord

OVERSIZED = 1_048_576
SERVICE = {
    "affiliation-requested": "registration",
    "registration-requested": "registration",
    "payroll-declared": "contributions",
    "payment-reported": "contributions",
    "care-form-submitted": "liquidation",
}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


class Refused(Exception):
    """A record that goes to the dead letters."""

    def __init__(self, reason: str, source: str | None = None, event_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.source, self.event_id = reason, source, event_id

    def letter(self, topic: str) -> DeadLetter:
        """Return the dead letter as its service announces it."""
        return DeadLetter(SERVICE[topic], self.reason, self.source, self.event_id)


@dataclass(frozen=True)
class Envelope:
    """The CloudEvents attributes that matter."""

    source: str
    event_id: str
    type: str
    at: datetime


@dataclass(frozen=True)
class Reading:
    """A record that was understood: `body` holds the known fields only, an absent one as None (DEF-027).

    `again`: it had been set aside, and is a replay (DEF-036).
    """

    record: PublishedRecord
    envelope: Envelope
    body: dict[str, Any]
    again: bool = False

    @property
    def content(self) -> str:
        """What makes two readings the same (DEF-027)."""
        return self.envelope.type + json.dumps(self.body, sort_keys=True)

    def refused(self, reason: str) -> DeadLetter:
        """Return the dead letter of this reading."""
        return DeadLetter(SERVICE[self.record.topic], reason, self.envelope.source, self.envelope.event_id)


def read(record: PublishedRecord) -> Reading:
    """Return what a record of an inbound topic says, or raise `Refused` with the first reason that holds."""
    value = record.value or b""
    if len(value) > OVERSIZED:
        raise Refused("oversized")
    envelope, body = open_envelope(record)
    named = envelope.source, envelope.event_id
    if envelope.type != f"ml.recouvra.{record.topic}.v1":
        raise Refused("unsupported-type", *named)
    if isinstance(body, bytes):
        try:
            body = parse(body)
        except ValueError as fault:
            raise Refused("invalid-json", *named) from fault
    try:
        known = SCHEMAS[record.topic](body)
        if record.key != key_of(record.topic, known).encode():
            raise Mismatch("key")
    except Mismatch as fault:
        raise Refused("schema-mismatch", *named) from fault
    return Reading(record, envelope, known)


def open_envelope(record: PublishedRecord) -> tuple[Envelope, Any]:
    """Return the envelope and the body: bytes still to parse, or in structured mode the JSON value itself."""
    try:
        headers = {name.encode().decode(): value for name, value in record.headers}
    except UnicodeError as fault:
        raise Refused("missing-envelope") from fault
    if (headers.get("content-type") or b"").lower().startswith(b"application/cloudevents+json"):
        try:
            document = parse(record.value or b"")
        except ValueError as fault:
            raise Refused("invalid-json") from fault
        if not isinstance(document, dict):
            raise Refused("missing-envelope")
        envelope = envelope_of(document)
        if "data_base64" in document:
            try:
                return envelope, base64.b64decode(document["data_base64"], validate=True)
            except (binascii.Error, TypeError, ValueError) as fault:
                raise Refused("invalid-json", envelope.source, envelope.event_id) from fault
        return envelope, document.get("data", b"")
    try:
        attributes = {n[3:]: v.decode() for n, v in headers.items() if n.startswith("ce_") and v is not None}
    except UnicodeError as fault:
        raise Refused("missing-envelope") from fault
    return envelope_of(attributes), record.value or b""


def envelope_of(attributes: Mapping[str, Any]) -> Envelope:
    """Check the required attributes, or raise `Refused("missing-envelope")`."""
    named = [attributes.get(name) for name in ("specversion", "id", "source", "type", "time")]
    if not all(isinstance(value, str) and value for value in named):
        raise Refused("missing-envelope")
    version, event_id, source, kind, time = map(str, named)
    at = instant(time)
    if version != "1.0" or len(event_id) > 64 or not event_id.isprintable() or at is None or re.search(r"\s", source):
        raise Refused("missing-envelope")
    return Envelope(source, event_id, kind, at)


def instant(text: str) -> datetime | None:
    """Return an RFC 3339 instant with a zone, of the years 2000 to 2099, in UTC; None for anything else."""
    if not INSTANT.fullmatch(text.upper()):
        return None
    try:
        at = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if 2000 <= at.year <= 2099 else None


def parse(value: bytes) -> Any:
    """Parse strict JSON in UTF-8, or raise ValueError (an empty value and NaN too)."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        return json.loads(value.decode(), parse_constant=refuse)
    except RecursionError as fault:
        raise ValueError("too deep") from fault


def key_of(topic: str, body: Mapping[str, Any]) -> str:
    """Return the partition key that events.md names for a topic."""
    if topic == "payment-reported" and body["payer_id"] is None:
        return str(body["reference"])
    return str(body["insured_number" if topic == "care-form-submitted" else "payer_id"])
