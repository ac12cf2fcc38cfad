"""The partitions that a worker's client holds: where each stands, is read on from, and what the client did not give."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from aiokafka import TopicPartition

from recouvra.chassis.positions import Place
from recouvra.chassis.progress import Counters, Progress
from recouvra.chassis.rereading import read_aside
from recouvra.contracts.record import Record

log = logging.getLogger(__name__)


class Partitions:
    """What the reader and its lanes ask of the client, and tell of what they did.

    Attributes:
        subscriber: FastStream's, whose consumer there is from its start on.
    """

    def __init__(self, bootstrap: str, tells: bool) -> None:
        self._bootstrap = bootstrap
        self.counters, self.progress = Counters(), Progress(tells)
        self.subscriber: Any = None

    async def positions(self, connection: asyncpg.Connection, places: Sequence[Place]) -> dict[Place, int]:
        """Stored positions; a partition never read starts at its beginning, whatever the group's offsets say.

        Raises:
            DatabaseBehind: they went back behind what this process committed: the database was restored under it.
        """
        known = await self.progress.stored(connection)
        if fresh := [TopicPartition(*place) for place in places if place not in known]:
            for tp, at in (await self.subscriber.consumer.beginning_offsets(fresh)).items():
                known[Place(tp.topic, tp.partition)] = at
        return {place: known[place] for place in places}

    def seek(self, place: Place, at: int) -> None:
        """Has the client read on from there."""
        tp = TopicPartition(*place)
        if tp in self.subscriber.consumer.assignment():  # else it was revoked meanwhile, and seek raises
            self.subscriber.consumer.seek(tp, at)

    async def aside(self, place: Place, start: int, stop: int) -> tuple[list[Record], bool]:
        """What another client finds from offset `start` up to before `stop`, as `read_aside` tells it."""
        if start >= stop:
            return [], True
        self.counters.read_aside += 1
        return await asyncio.to_thread(read_aside, self._bootstrap, place, start, stop)

    async def tell_group(self, at: Mapping[Place, int]) -> None:
        """Commits to Kafka where its partitions are read up to: for lag tools only, any failure is harmless."""
        consumer = self.subscriber.consumer
        try:
            held = {tp: at[place] for tp in consumer.assignment() if (place := Place(*tp)) in at}
            await asyncio.wait_for(consumer.commit(held), 3)
        except Exception as error:
            log.info("group offsets not committed: %r", error)
