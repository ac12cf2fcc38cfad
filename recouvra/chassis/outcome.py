"""What taking in one event led to: the words that a service's rules and the batch share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from recouvra.chassis.database import Connection
from recouvra.contracts.event import Event
from recouvra.contracts.reading import Received
from recouvra.contracts.record import Record


class Fact(NamedTuple):
    """An event to publish: its record key (None: no key) and its knowledge time (DEF-015)."""

    event: Event
    known_at: datetime
    key: str | None


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record to put with the dead letters as `conflicting-duplicate`.

    It may be an earlier record that waited and had claimed its event id: then `claimed` says so and the claim ends.
    """

    record: Record
    source: str
    event_id: str
    claimed: bool = False


@dataclass(slots=True)
class Outcome:
    """The effect of one event: facts in the order to publish, records set aside, or nothing because it is a repeat."""

    facts: list[Fact] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    duplicate: bool = False


class Work(Protocol):
    """All that a batch can touch, locked and loaded; events are applied in memory, in order, and saved in sets."""

    @property
    def weight(self) -> int:
        """About how many rows any one of these events may have the rules look at; for many they are given a thread."""

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Takes one event in; `reading` is the clock's. Raises only what nobody foresaw."""

    async def save(self, connection: Connection) -> None:
        """Writes every change, set by set."""


class Opens(Protocol):
    """How a service locks and loads: accounts in key order, then everything that these events can touch."""

    async def __call__(self, connection: Connection, events: Sequence[Received]) -> Work:
        """Returns the work; raises `Retry` where what is locked turned out not to be all that is needed."""


class Plain(Protocol):
    """Takes the records of one topic that carries no CloudEvents (the marks of the relays).

    They have no envelope and so no identity, the inbox does not count them, and they cause no facts: taking one again
    must change nothing.
    """

    def read(self, record: Record) -> Any:
        """One record alone; raises `Refusal` where it can't be read: it is then a dead letter like any other."""

    async def take(self, connection: Connection, read: Sequence[Any]) -> None:
        """Saves what was read, any number, in the batch's own transaction, before the work is saved."""


class Begins(Protocol):
    """What a worker does each time it starts, before it reads: repeating it changes nothing."""

    async def __call__(self, connection: Connection) -> None:
        """In transactions of its own."""


class RuleFailed(ValueError):
    """A rule raised on one event, whatever it raised: a rule asks nothing of the machine, so it fails again."""


class Retry(Exception):
    """Another transaction came between: undo, and take the batch again as things now stand."""
