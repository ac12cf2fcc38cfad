"""What one record did, before its facts have a knowledge time. Source: DEF-015, DEF-027."""

from dataclasses import dataclass, field

from recouvra.chassis.outcome import SetAside
from recouvra.contracts.event import Event
from recouvra.contracts.reading import Received
from services.contributions.domain.account import Account

Keyed = tuple[str, Event]
"""A fact with its record key, which not every fact tells itself."""


@dataclass(slots=True)
class Effect:
    """Facts in the order to publish, the accounts that the cause touched, the records to set aside, or a repeat."""

    facts: list[Keyed] = field(default_factory=list)
    touched: list[Account] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    duplicate: bool = False


def conflict(received: Received) -> Effect:
    """Nothing, but that this record is set aside as `conflicting-duplicate`."""
    return Effect(set_aside=[SetAside(received.record, received.envelope.source, received.envelope.event_id)])


def repeat(received: Received, content: bytes) -> Effect:
    """An identity seen again: no effect where the content is the same, else a conflict. Source: DEF-027."""
    return Effect(duplicate=True) if received.content == content else conflict(received)
