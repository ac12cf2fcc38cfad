"""From a file to the records that `recouvra send` publishes: each made, keyed and read as the services will read it.

An event's id follows from its source and content: the same line is the same event for ever (DEF-027), so that whoever
sends a file twice, or again after an accident, changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from recouvra.cli.terminal import wrong_use
from recouvra.local.errors import LocalError

if TYPE_CHECKING:
    from recouvra.contracts.envelope import Envelope
    from recouvra.contracts.event import Event
    from recouvra.contracts.record import Record

_STRUCTURED = b"application/cloudevents+json; charset=utf-8"


class Mode(StrEnum):
    """The two content modes of CloudEvents."""

    BINARY = "binary"
    STRUCTURED = "structured"


@dataclass(frozen=True, slots=True)
class Sending:
    """What all records of one sending have in common: topic, `ce_source`, `ce_time`, content mode."""

    topic: str
    source: str
    at: datetime
    mode: Mode = Mode.BINARY


@dataclass(frozen=True, slots=True)
class Ready:
    """A record that a service will read, and the event that it reads there."""

    record: Record
    event: Event


def records(file: Path, sending: Sending) -> Iterator[Ready]:
    """The records of a file of JSON lines, in its order, blank lines left out.

    Raises LocalError, naming the line, for the first that a reader would refuse.
    """
    for number, line in _lines(file):
        yield _ready(file, number, line, sending)


def record_of(event: Event, sending: Sending, value: bytes | None = None, envelope: Envelope | None = None) -> Record:
    """An event's record; `value` and `envelope` are its JSON and its envelope as they came, where they did."""
    from recouvra.contracts.envelope import binary_headers
    from recouvra.contracts.record import Record

    envelope = envelope or _envelope(event, sending)
    body = event.to_json() if value is None else value
    if sending.mode is Mode.BINARY:
        return Record(sending.topic, 0, 0, event.key.encode(), body, tuple(binary_headers(envelope)))
    document = structured_document(envelope, body)
    return Record(sending.topic, 0, 0, event.key.encode(), document, (("content-type", _STRUCTURED),))


def _envelope(event: Event, sending: Sending) -> Envelope:
    from recouvra.contracts.envelope import Envelope
    from recouvra.vendor.records import event_id

    return Envelope(event_id(sending.source, event), sending.source, event.event_type(), sending.at)


def structured_document(envelope: Envelope, body: bytes) -> bytes:
    """The envelope as one JSON document with the event's JSON as its `data`, byte for byte."""
    from recouvra.contracts.envelope import binary_headers

    headers = dict(binary_headers(envelope))
    attributes = {name.removeprefix("ce_"): text.decode() for name, text in headers.items() if name.startswith("ce_")}
    head = json.dumps(attributes | {"datacontenttype": "application/json"}, ensure_ascii=False)
    return head[:-1].encode() + b', "data": ' + body + b"}"


def _ready(file: Path, number: int, line: bytes, sending: Sending) -> Ready:
    from pydantic import ValidationError

    from recouvra.contracts.reading import Refusal, read
    from recouvra.contracts.topics import INBOUND

    try:
        record = record_of(INBOUND[sending.topic].model_validate_json(line), sending, line)
    except (ValidationError, LookupError):
        record = _unfit(line, sending)
    try:
        return Ready(record, read(record).event)
    except Refusal as refusal:
        raise LocalError(
            f"{file}, ligne {number} : {refusal.message.fr} Rien n'a été publié.",
            f"{file}, line {number}: {refusal.message.en} Nothing was published.",
        ) from refusal


def _unfit(line: bytes, sending: Sending) -> Record:
    """A line that is no event, as a record, so that reading it says what is wrong with it."""
    from recouvra.contracts.envelope import Envelope, binary_headers
    from recouvra.contracts.record import Record
    from recouvra.contracts.topics import INBOUND

    envelope = Envelope("unfit", sending.source, INBOUND[sending.topic].event_type(), sending.at)
    return Record(sending.topic, 0, 0, None, line, tuple(binary_headers(envelope)))


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with file.open("rb") as opened:
            for number, line in enumerate(opened, 1):
                if value := line.strip():
                    yield number, value
    except OSError as error:
        raise wrong_use(
            f"{file} ne peut pas être lu ({error.strerror}).", f"{file} cannot be read ({error.strerror})."
        ) from error
