"""From a record's bytes to an event, or to a refusal that says why not."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError, create_model
from pydantic_core import from_json

from recouvra.contracts.codes import Message, Reason, reason_message
from recouvra.contracts.envelope import (
    Envelope,
    MalformedEnvelope,
    header_attributes,
    header_text,
    is_structured,
    read_envelope,
    time_told,
    told,
)
from recouvra.contracts.event import Event
from recouvra.contracts.mending import NotJson, is_suspect, mended
from recouvra.contracts.mismatch import Mismatch, mismatches
from recouvra.contracts.record import Record
from recouvra.contracts.topics import EVENTS

VALUE_BYTES = 1_048_576
"""The largest value that is read."""


class Received(NamedTuple):
    """A record that could be read: its envelope, its event, and the hash of what it says (DEF-027)."""

    record: Record
    envelope: Envelope
    event: Event
    content: bytes


class Refusal(Exception):
    """A record that goes to the dead letters: why, in a code and in a sentence; whose it is and of when, if it tells.

    `faults` are all that can be placed, where the sentence names the first; `time` is its `ce_time`.
    """

    def __init__(
        self,
        reason: Reason,
        message: Message,
        source: str | None = None,
        event_id: str | None = None,
        faults: Sequence[Mismatch] = (),
        time: datetime | None = None,
    ) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.message = message
        self.source = source
        self.event_id = event_id
        self.faults = faults
        self.time = time


Plainly = tuple[Event, bytes] | None
"""What a plain value says, the event and its content, the very ones that the contract gives; None for whatever the
contract might refuse, or read otherwise."""

Quick = Callable[[Sequence[bytes]], Sequence[Plainly]]
"""Reads the values of one event's topic, each for itself, faster than the contract does."""


def read(record: Record, plainly: Plainly = None) -> Received:
    """Read one record, in binary or structured mode.

    `plainly`: what its value says, where that is known already: that of a record in binary mode is believed.

    Raises Refusal, and nothing else whatever the bytes, for the first of `oversized` to `schema-mismatch` that holds;
    in structured mode the envelope's own JSON is checked right after the size. Source: events.md, Envelope.
    """
    headers = dict(record.headers)
    structured = is_structured(headers)
    attributes: Mapping[str, Any] = {} if structured else header_attributes(headers)
    value = record.value or b""
    try:
        if len(value) > VALUE_BYTES:
            raise _Fault(Reason.OVERSIZED)
        if structured:
            value, document = _document(value)
            attributes = document if isinstance(document, dict) else {}
        if not record.headers_readable:
            raise _Fault(Reason.MISSING_ENVELOPE)
        envelope = _envelope(attributes, header_text(headers, "traceparent"))
        event_class = _event_class(record.topic, envelope.type)
        if plainly is not None and not structured:
            event, content = plainly
        else:
            event = _structured_event(event_class, value, attributes) if structured else _validated(event_class, value)
            content = event.content()
        _check_key(record.key, event)
    except _Fault as fault:
        place, expected = fault.faults[0] if fault.faults else ("", None)
        message = reason_message(fault.reason, place=place, expected=expected)
        raise Refusal(fault.reason, message, *told(attributes), fault.faults, time_told(attributes)) from None
    return Received(record, envelope, event, content)


class _Fault(Exception):
    """What is wrong, before it is known whose record it is."""

    def __init__(self, reason: Reason, *faults: Mismatch) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.faults = faults


def _document(value: bytes) -> tuple[bytes, Any]:
    """Parse the JSON of a structured record; the bytes that come back are those to validate."""
    try:
        return value, from_json(value, allow_inf_nan=False)
    except ValueError:
        pass
    try:
        value = mended(value)
        return value, from_json(value)
    except ValueError:
        raise _Fault(Reason.INVALID_JSON) from None


def _envelope(attributes: Mapping[str, Any], traceparent: str | None) -> Envelope:
    try:
        return read_envelope(attributes, traceparent or attributes.get("traceparent"))
    except MalformedEnvelope as malformed:
        raise _Fault(Reason.MISSING_ENVELOPE, Mismatch(f"ce_{malformed.attribute}", malformed.expected)) from None


def _event_class(topic: str, event_type: str) -> type[Event]:
    event_class = EVENTS.get(topic)
    if event_class is None:
        raise _Fault(Reason.UNSUPPORTED_TYPE)
    carried = event_class.event_type()
    if event_type != carried:
        raise _Fault(Reason.UNSUPPORTED_TYPE, Mismatch("ce_type", Message(fr=carried, en=carried)))
    return event_class


def _structured_event(event_class: type[Event], value: bytes, document: Mapping[str, Any]) -> Event:
    """Read the event from `data`, or from the bytes that `data_base64` encodes."""
    encoded = document.get("data_base64")
    if encoded is None:
        if "data" not in document:
            raise _Fault(Reason.INVALID_JSON)
        return _validated(event_class, value, depth=1)
    if "data" in document:
        either = Message(fr="data ou data_base64, pas les deux", en="data or data_base64, not both")
        raise _Fault(Reason.SCHEMA_MISMATCH, Mismatch("", either))
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (TypeError, ValueError):
        raise _Fault(Reason.INVALID_JSON) from None
    return _validated(event_class, decoded)


@cache
def _adapter(event_class: type[Event], depth: int) -> TypeAdapter[Any]:
    """Make what validates an event's JSON (depth 0), or that of a document with the event as its `data` (depth 1)."""
    if depth == 0:
        return TypeAdapter(event_class)
    return TypeAdapter(create_model("Structured", data=(event_class, ...)))


def _validated(event_class: type[Event], value: bytes, depth: int = 0) -> Event:
    try:
        fitting = _fitted(_adapter(event_class, depth), value)
    except NotJson:
        raise _Fault(Reason.INVALID_JSON) from None
    except ValidationError as error:
        raise _Fault(Reason.SCHEMA_MISMATCH, *mismatches(error, depth)) from None
    event: Event = fitting.data if depth else fitting
    return event


E = TypeVar("E", bound=Event)


def fitted(event_class: type[E], value: bytes) -> E:
    """Read an event's JSON as a record's value is read. Raises NotJson, ValidationError."""
    event: E = _fitted(_adapter(event_class, 0), value)
    return event


def _fitted(adapter: TypeAdapter[Any], value: bytes) -> Any:
    """Validate JSON bytes, in one pass unless they hold what pydantic's parser does not take."""
    try:
        return adapter.validate_json(mended(value) if is_suspect(value) else value)
    except ValidationError as error:
        if not _is_unparsed(error):
            raise
    try:
        return adapter.validate_json(mended(value))
    except ValidationError as error:
        if _is_unparsed(error):
            raise NotJson from None
        raise


def _is_unparsed(error: ValidationError) -> bool:
    return error.error_count() == 1 and error.errors(include_input=False)[0]["type"] == "json_invalid"


def _check_key(key: bytes | None, event: Event) -> None:
    """Insist on the key that the value names; where it names none, the publisher alone knew it."""
    named = event.named_key
    if named is not None and key != named.encode():
        field = next(name for name in event.key_fields if getattr(event, name) is not None)
        expected = Message(fr=f"une clé d'enregistrement égale à {field}", en=f"a record key equal to {field}")
        raise _Fault(Reason.SCHEMA_MISMATCH, Mismatch("", expected))
