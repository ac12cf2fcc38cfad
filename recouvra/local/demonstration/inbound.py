"""One event of the history, as an upstream system publishes it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from random import Random
from typing import Protocol

from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.event import Event
from recouvra.contracts.record import Record

SEED = "recouvra 2"
"""The seed of all dice. The history must stay as it is for ever: its event ids do not tell one seed from another."""

EVERY_ROOT = "/demonstration/"
"""What every source of every history that was ever made begins with."""

ROOT = f"{EVERY_ROOT}2"
"""What every source of this history begins with; another history, under the same ids, has another."""

Identity = tuple[str, str]
"""(source, event id): names an event for ever."""

HireKey = tuple[str, str]
"""(payer_id, request_id) of a hire: by it an insured number is known."""

NumberOf = Callable[[HireKey], str]
"""The insured number that a hire was answered with."""


def dice(*names: str | int) -> Random:
    """Dice of one's own for what is named, so that one part of the history does not shift another."""
    return Random(" ".join([SEED, *map(str, names)]))


def instant(day: date, roll: Random) -> datetime:
    """An instant of office hours on that day, in UTC (which is Bamako's time)."""
    return datetime.combine(day, time(roll.randrange(7, 17), roll.randrange(60), roll.randrange(60)), UTC)


class Upstream(Protocol):
    """What is published: an event, or a record that is none."""

    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def identity(self) -> Identity: ...  # noqa: D102
    def record(self) -> Record: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Inbound:
    """An event with its envelope; `at` is its `ce_time`."""

    event: Event
    source: str
    event_id: str
    at: datetime

    @property
    def identity(self) -> Identity:
        """What names it for ever."""
        return self.source, self.event_id

    def record(self) -> Record:
        """The record to publish, in binary mode; where it will stand is for the broker to say."""
        envelope = Envelope(self.event_id, self.source, self.event.event_type(), self.at)
        headers = tuple(binary_headers(envelope))
        return Record(self.event.topic, -1, -1, self.event.key.encode(), self.event.to_json(), headers)


def in_order(records: Iterable[Upstream]) -> list[Upstream]:
    """As they happened; of one instant in the order given."""
    return sorted(records, key=lambda one: one.at)
