"""Facts come in: each is kept as it came, in the room of its topic; of the others only their progress is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Outcome
from recouvra.contracts.reading import Received
from services.reporting.projections import marks, progress, standing
from services.reporting.projections.kept import KEPT

_LEDGERS = {ledger.event.topic: ledger for ledger in KEPT}


class Facts:
    """The facts of one batch. Nothing is loaded: what they are added to never changes."""

    def __init__(self) -> None:
        self._by_topic: dict[str, list[Received]] = {}

    @property
    def weight(self) -> int:
        """Nothing is loaded."""
        return 0

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Keeps the fact; its knowledge time is the publisher's, whatever our clock reads (DEF-007)."""
        self._by_topic.setdefault(received.record.topic, []).append(received)
        return Outcome()

    @property
    def told(self) -> list[Received]:
        """All of them, topic after topic."""
        return [fact for each in self._by_topic.values() for fact in each]

    async def save(self, connection: Connection) -> None:
        """Appends the facts to their ledgers, makes what is read of them, then tells how far that is complete."""
        for topic, kept in self._by_topic.items():
            if topic in _LEDGERS:
                await _LEDGERS[topic].append(connection, kept)
        await standing.save(connection, self.told)
        await progress.save(connection, self.told)
        await marks.advance(connection)


async def opens(connection: Connection, events: Sequence[Received]) -> Facts:
    """What a batch of facts works on (the chassis's `Opens`)."""
    return Facts()
