"""What a worker did, and whether it still gets what waits for it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from recouvra.chassis import positions
from recouvra.chassis.clock import DatabaseBehind
from recouvra.chassis.database import Connection
from recouvra.chassis.deciding import Tally
from recouvra.chassis.positions import Place


class TopicReplaced(RuntimeError):
    """A stored position lies beyond its partition's end: the topic was deleted and made again."""


class ClientStuck(RuntimeError):
    """The client polls and gets nothing although records wait: only a new process helps."""


@dataclass(slots=True)
class Counters:
    """What a worker did since it started."""

    batches: int = 0
    records: int = 0
    effects: int = 0
    duplicates: int = 0
    retries: int = 0
    positions_lost: int = 0
    read_aside: int = 0
    rebalances: int = 0
    dead_letters: dict[str, int] = field(default_factory=dict)

    def add(self, tally: Tally) -> None:
        """Counts a batch that was committed."""
        self.batches += 1
        self.records += tally.records
        self.effects += tally.effects
        self.duplicates += tally.duplicates
        for reason, count in tally.dead_letters.items():
            self.dead_letters[reason] = self.dead_letters.get(reason, 0) + count


class Progress:
    """Compares stored positions with the topics' ends, time after time.

    Args:
        tells: whether its service publishes; one that does not may read again what it likes.

    Attributes:
        polled_at: when the client was last asked for records, or a batch tried, by `time.monotonic()`.
    """

    def __init__(self, tells: bool = True) -> None:
        self._tells = tells
        self.polled_at = time.monotonic()
        self._behind: dict[Place, int] = {}
        self._furthest: dict[Place, int] = {}
        self._batches = 0

    def committed(self, moved: Mapping[Place, int]) -> None:
        """This process has committed that these places are read up to there."""
        self._furthest.update(moved)

    async def stored(self, connection: Connection) -> dict[Place, int]:
        """The positions that the database has.

        Raises:
            DatabaseBehind: one went back behind what this process committed: what is decided anew would be told twice.
        """
        furthest = dict(self._furthest)  # before the positions are read: a batch may move both meanwhile
        known = await positions.stored(connection)
        if self._tells and any(known.get(place, 0) < at for place, at in furthest.items()):
            raise DatabaseBehind
        return known

    def suspected(self, known: Mapping[Place, int], ends: Mapping[Place, int], batches: int) -> list[tuple[Place, int]]:
        """Places that are behind where they were the last time, with their position, if no batch was taken since.

        Whether records really wait there, another client has to say: what lies before an end may be markers of
        transactions, or what retention took.

        Raises:
            TopicReplaced: a position lies beyond its end; new records there would be skipped silently.
        """
        for place, end in ends.items():
            if known.get(place, 0) > end:
                raise TopicReplaced(
                    f"{place.topic}/{place.partition}: lu jusqu'à / read up to {known[place]}, fin / end {end}: "
                    "le sujet a été recréé / the topic was made again"
                )
        behind = {place: known.get(place, 0) for place, end in ends.items() if known.get(place, 0) < end}
        same = sorted(item for item in behind.items() if self._behind.get(item[0]) == item[1])
        idle = batches == self._batches
        self._behind, self._batches = behind, batches
        return same if idle else []
