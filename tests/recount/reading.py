"""From bytes to an event, or to the reason code of its dead letter: the table of events.md, in its order."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from tests.recount.state import DeadLetter, PublishedRecord

OVERSIZED = 1_048_576
SERVICE = {
    "affiliation-requested": "registration",
    "registration-requested": "registration",
    "payroll-declared": "contributions",
    "payment-reported": "contributions",
}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
Check = Callable[[Any], Any]


class Refused(Exception):
    """A record that goes to the dead letters."""

    def __init__(self, reason: str, source: str | None = None, event_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.source, self.event_id = reason, source, event_id

    def letter(self, topic: str) -> DeadLetter:
        """Return the dead letter as its service announces it."""
        return DeadLetter(SERVICE[topic], self.reason, self.source, self.event_id)


class Mismatch(Exception):
    """A JSON value that does not fit its schema."""


@dataclass(frozen=True)
class Envelope:
    """The CloudEvents attributes that matter."""

    source: str
    event_id: str
    type: str
    at: datetime


@dataclass(frozen=True)
class Reading:
    """A record that was understood: `body` holds the known fields only, an absent one as None (DEF-027)."""

    record: PublishedRecord
    envelope: Envelope
    body: dict[str, Any]

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
    return str(body["payer_id"])


def text(pattern: str | None = None) -> Check:
    """Check a text, without U+0000 or an unpaired surrogate."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or "\0" in value or re.search("[\ud800-\udfff]", value):
            raise Mismatch(value)
        if pattern is not None and not re.fullmatch(pattern, value):
            raise Mismatch(value)
        return value

    return check


def integer(low: int, high: int) -> Check:
    """Check a JSON integer between two bounds, both allowed."""

    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise Mismatch(value)
        return value

    return check


def day(value: Any) -> str:
    """Check a calendar date."""
    found = str(text("[0-9]{4}-[0-9]{2}-[0-9]{2}")(value))
    try:
        date.fromisoformat(found)
    except ValueError as fault:
        raise Mismatch(value) from fault
    return found


def one_of(*values: str) -> Check:
    """Check a closed set of texts."""
    return text("|".join(values))


def maybe(check: Check) -> Check:
    """Let a field be null or left out."""
    return lambda value: None if value is None else check(value)


def fields(**checks: Check) -> Check:
    """Check an object by its known fields."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Mismatch(value)
        return {name: inner(value.get(name)) for name, inner in checks.items()}

    return check


def some(inner: Check, most: int) -> Check:
    """Check an array of at most so many."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            raise Mismatch(value)
        return [inner(item) for item in value]

    return check


def also(inner: Check, holds: Callable[[dict[str, Any]], bool]) -> Check:
    """Check an object, then what its fields owe one another."""

    def check(value: Any) -> Any:
        found = inner(value)
        if not holds(found):
            raise Mismatch(value)
        return found

    return check


IDENTIFIER = text("[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
PERIOD = text("[0-9]{4}-(0[1-9]|1[0-2])")
AMOUNT, TOTAL = 10**12, 10**15

SCHEMAS: dict[str, Check] = {
    "affiliation-requested": fields(
        request_id=IDENTIFIER,
        payer_id=IDENTIFIER,
        payer_kind=one_of("state", "local_authority", "private_employer", "pension_body", "self_employed"),
        name=text(),
        territory_code=text("[0-9]{2}([0-9]{2}([0-9]{3})?)?"),
        filing_frequency=one_of("monthly", "quarterly"),
        affiliated_on=day,
        closed_on=maybe(day),
    ),
    "registration-requested": fields(
        request_id=IDENTIFIER,
        payer_id=IDENTIFIER,
        person=fields(
            family_name=text(),
            given_names=text(),
            birth_date=day,
            sex=one_of("F", "M"),
            nina=maybe(text("[0-9]{14}[A-Z]")),
        ),
        hired_on=day,
        category=one_of("civil_servant", "military", "worker", "pensioner", "voluntary"),
    ),
    "payroll-declared": also(
        fields(
            declaration_id=IDENTIFIER,
            payer_id=IDENTIFIER,
            period=PERIOD,
            part=integer(1, 1000),
            parts=integer(1, 1000),
            replaces=maybe(IDENTIFIER),
            totals=fields(lines=integer(0, TOTAL), base_xof=integer(-TOTAL, TOTAL)),
            lines=some(
                fields(line_no=integer(1, TOTAL), insured_number=IDENTIFIER, base_xof=integer(-AMOUNT, AMOUNT)), 1000
            ),
        ),
        lambda body: body["part"] <= body["parts"],
    ),
    "payment-reported": also(
        fields(
            payment_id=IDENTIFIER,
            payer_id=maybe(IDENTIFIER),
            reference=maybe(text()),
            amount_xof=integer(1, AMOUNT),
            paid_on=day,
            channel=one_of("treasury", "bank", "mobile_money", "cash", "cheque"),
            period=maybe(PERIOD),
            reverses=maybe(IDENTIFIER),
        ),
        lambda body: body["payer_id"] is not None or body["reference"] is not None,
    ),
}
