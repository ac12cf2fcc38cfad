"""What records say: each is decoded alone, so that what is wrong with one never costs its neighbours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from recouvra.chassis.database import is_of_the_record
from recouvra.chassis.outcome import Plain
from recouvra.chassis.slices import by_bytes
from recouvra.chassis.sources import Sources, unauthorised_source
from recouvra.contracts.codes import Reason, reason_message
from recouvra.contracts.envelope import header_attributes, time_told, told
from recouvra.contracts.event import Event
from recouvra.contracts.reading import VALUE_BYTES, Plainly, Quick, Received, Refusal, read
from recouvra.contracts.record import Record
from recouvra.contracts.topics import EVENTS

log = logging.getLogger(__name__)

At = tuple[str, int, int]
"""Topic, partition, offset."""

Decoded = Mapping[At, Received | Refusal | Any]
"""What each record says, or why it is refused; of a topic without events, what its own reader made of it."""

NOTHING: Decoded = MappingProxyType({})

_STEP_BYTES = 512 << 10  # what is made of them stays near the processor; plain lines take some milliseconds …
_STEP_RECORDS = 100  # … and a hundred records of any kind seldom more than a fiftieth of a second


def at(record: Record) -> At:
    """Where a record stands."""
    return record.topic, record.partition, record.offset


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes records, in the event loop: a thread would take the interpreter from it, and give it back, all the time.

    Attributes:
        sources: who may publish for whom, as it holds when a record is decoded.
        plain: by topic, who reads the records that are no events.
        quickly: by event class, what reads its topic's plain values faster than the contract does.
    """

    sources: Sources
    plain: Mapping[str, Plain]
    quickly: Mapping[type[Event], Quick]

    async def decode(self, records: Sequence[Record], unauthorised: Collection[Any] | None = None) -> Decoded:
        """Decodes any number of records, some at a time: so it is done while others wait for the database or a broker.

        Args:
            unauthorised: where those stand whose source was not allowed to publish; None: by the rules that hold now.
        """
        decoded: dict[At, Received | Refusal | Any] = {}
        for some in by_bytes(records, _STEP_BYTES, _STEP_RECORDS):
            try:
                plainly = self._read_plainly(some)
            except Exception as error:
                if not is_of_the_record(error):
                    raise
                plainly = {}  # which of them it was shows when each is read alone
            decoded |= {at(record): self._decoded(record, plainly, unauthorised) for record in some}
            await asyncio.sleep(0)
        return decoded

    def _read_plainly(self, records: Sequence[Record]) -> Mapping[At, Plainly]:
        """What each record's value says where it is plain, topic by topic."""
        found: dict[At, Plainly] = dict.fromkeys(map(at, records))
        by_topic: dict[str, list[Record]] = {}
        for record in records:
            by_topic.setdefault(record.topic, []).append(record)
        for topic in by_topic.keys() & EVENTS.keys():
            if EVENTS[topic] in self.quickly:
                said = self.quickly[EVENTS[topic]]([_bounded(record.value) for record in by_topic[topic]])
                found.update(zip(map(at, by_topic[topic]), said, strict=True))
        return found

    def _decoded(
        self, record: Record, plainly: Mapping[At, Plainly], unauthorised: Collection[Any] | None
    ) -> Received | Refusal | Any:
        try:
            if record.topic in self.plain:
                return self.plain[record.topic].read(record)
            received = read(record, (plainly or self._read_plainly([record]))[at(record)])
            if unauthorised is None:
                self.sources.check(received)
            elif at(record) in unauthorised:
                raise unauthorised_source(received)
            return received
        except Refusal as why:
            why.__context__ = None  # which would keep all that led to it
            return why.with_traceback(None)
        except Exception as error:
            if not is_of_the_record(error):
                raise
            attributes = header_attributes(dict(record.headers))
            return internal(record, error, *told(attributes), time_told(attributes))


def _bounded(value: bytes | None) -> bytes:
    """A value that is worth reading; nothing of one that is refused for its size."""
    return b"" if value is None or len(value) > VALUE_BYTES else value


def internal(
    record: Record, error: Exception, source: str | None, event_id: str | None, time: datetime | None
) -> Refusal:
    """The refusal of a record that failed for a reason that nobody foresaw."""
    log.error("set aside as internal: %s/%d@%d", *at(record), exc_info=error)
    return Refusal(Reason.INTERNAL, reason_message(Reason.INTERNAL), source, event_id, time=time)


@dataclass(slots=True)
class Said:
    """What a batch's records say, in their order, and by topic what is no event."""

    events: list[Received | tuple[Record, Refusal]] = field(default_factory=list)
    plain: dict[str, list[Any]] = field(default_factory=dict)
    unauthorised: list[At] = field(default_factory=list)

    @classmethod
    def by(cls, records: Sequence[Record], decoded: Decoded) -> Said:
        """Sorts what was decoded of these records; raises KeyError where one was not."""
        said = cls()
        for record in records:
            found = decoded[at(record)]
            if isinstance(found, Received):
                said.events.append(found)
            elif isinstance(found, Refusal):
                said.events.append((record, found))
                if found.reason is Reason.UNAUTHORISED_SOURCE:
                    said.unauthorised.append(at(record))
            else:
                said.plain.setdefault(record.topic, []).append(found)
        return said

    @property
    def received(self) -> list[Received]:
        """The events that could be read."""
        return [event for event in self.events if isinstance(event, Received)]
