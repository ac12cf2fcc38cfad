"""The record that carries a declaration: keyed, and under an id that is the same whenever it is sent again."""

from datetime import datetime
from uuid import UUID, uuid5

from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.event import Event
from recouvra.contracts.record import Record

_IDENTITIES = UUID("5f0c3e0e-7a52-5d5b-9a0c-9d2f5a0f6a11")


def event_id(source: str, event: Event) -> str:
    """An id that follows from source and content: the same event for ever, whoever sends it again (DEF-027)."""
    return str(uuid5(_IDENTITIES, f"{source}\n{event.event_type()}\n{event.content().hex()}"))


def record_of(event: Event, source: str, at: datetime, traceparent: str | None = None) -> Record:
    """An event's record in binary mode, not yet at any place of its topic."""
    envelope = Envelope(event_id(source, event), source, event.event_type(), at, traceparent)
    return Record(event.topic, 0, 0, event.key.encode(), event.to_json(), tuple(binary_headers(envelope)))
