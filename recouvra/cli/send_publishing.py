"""Publishing what `recouvra send` has ready, and listening for what is made of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from recouvra.cli.kafka import Reach
from recouvra.cli.kafka_clients import Positions, ends, in_a_sentence, listening, producing, stand_at
from recouvra.cli.send_answers import ANSWERED_ON, Awaited
from recouvra.cli.terminal import progress
from recouvra.local.errors import in_the_readers_language

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer
    from rich.progress import Progress

    from recouvra.cli.send_records import Ready

_IN_FLIGHT = 2000
_SILENCE_SECONDS = 5.0
"""So long without a word, and an answer is looked for among those of earlier sendings."""


async def publish(reach: Reach, sending: Iterator[Ready], count: int, awaited: Awaited, wait: float | None) -> int:
    """Publish in order, then listen for `wait` seconds at most, or not at all; how many records were acknowledged.

    Raises LocalError, saying how many were published, when Kafka does not answer or refuses.
    """
    sent = _Sent(awaited, count)
    with progress() as bar:
        try:
            if wait is None:
                await sent.all(reach, sending, bar)
            else:
                async with listening(reach) as consumer:
                    positions = await ends(reach, consumer, awaited.reads)
                    await sent.all(reach, sending, bar)
                    await _listen(reach, consumer, positions, awaited, wait, bar)
        except Exception as error:
            raise in_a_sentence(reach, error, *_so_far(sent)) from error
    return sent.acknowledged


class _Sent:
    """How far a sending is; each acknowledged record's place is noted with whoever awaits its answer."""

    def __init__(self, awaited: Awaited, count: int) -> None:
        self.acknowledged, self.count, self._awaited = 0, count, awaited

    async def all(self, reach: Reach, sending: Iterator[Ready], bar: Progress) -> None:
        """Publish every record, each key to the partition that Kafka's murmur2 gives it."""
        task = bar.add_task(in_the_readers_language("publication", "publishing"), total=self.count)
        async with producing(reach) as producer:
            waiting = []
            for ready in sending:
                record = ready.record
                future = await producer.send(record.topic, record.value, record.key, headers=list(record.headers))
                waiting.append((ready, future))
                if len(waiting) == _IN_FLIGHT:
                    await self._acknowledged(waiting)
                    bar.update(task, completed=self.acknowledged)
                    waiting = []
            await self._acknowledged(waiting)
        bar.remove_task(task)

    async def _acknowledged(self, waiting: Sequence[tuple[Ready, Any]]) -> None:
        for ready, future in waiting:
            told = await future
            self._awaited.places[told.topic, told.partition, told.offset] = self._awaited.identity(ready.event)
            self.acknowledged += 1


async def _listen(
    reach: Reach, consumer: AIOKafkaConsumer, positions: Positions, awaited: Awaited, wait: float, bar: Progress
) -> None:
    """Hear what is published behind these positions until nothing more is due, or nothing came for so long.

    Where nothing is answered only a refusal can come, and whoever asked to wait for one waits out the time.
    """
    due = of = len(awaited.due)
    silence = min(_SILENCE_SECONDS, wait / 2)
    task = bar.add_task(in_the_readers_language("réponses", "answers"), total=of or None)
    heard_at, looked_back = time.monotonic(), False
    stand_at(consumer, positions)
    while (due or not of) and (left := heard_at + wait - time.monotonic()) > 0:
        for batch in (await consumer.getmany(timeout_ms=int(min(left, 0.5) * 1000) + 1)).values():
            for record in batch:
                awaited.hear(record.topic, json.loads(record.value))
        # What others are answered says nothing of ours.
        if len(awaited.due) < due:
            due, heard_at = len(awaited.due), time.monotonic()
            bar.update(task, completed=of - due)
        elif of and not looked_back and time.monotonic() - heard_at > silence:
            await _look_back(reach, positions, awaited, heard_at + wait)
            due, looked_back = len(awaited.due), True
    bar.remove_task(task)


async def _look_back(reach: Reach, until: Positions, awaited: Awaited, deadline: float) -> None:
    """Hear what was answered before: where a file is sent again nothing new is said of it.

    Only the partitions of the payers are read, by a consumer of their own: the other one goes on from where it is.
    """
    from aiokafka.partitioner import DefaultPartitioner

    topic, chosen = ANSWERED_ON[awaited.topic], DefaultPartitioner()
    every = sorted(place.partition for place in until if place.topic == topic)
    keyed = {chosen(payer.encode(), every, every) for payer, _ in awaited.due}
    places = [place for place in until if place.topic == topic and place.partition in keyed]
    async with listening(reach) as consumer:
        begun = await consumer.beginning_offsets(places)
        reading = {place for place in places if begun[place] < until[place]}
        if reading:
            stand_at(consumer, {place: begun[place] for place in reading})
        while reading and time.monotonic() < deadline:
            for place, batch in (await consumer.getmany(timeout_ms=500)).items():
                for record in batch:
                    if record.offset < until[place]:
                        awaited.hear(topic, json.loads(record.value), earlier=True)
                if batch[-1].offset + 1 >= until[place]:
                    reading.discard(place)


def _so_far(sent: _Sent) -> tuple[str, str]:
    done, count = sent.acknowledged, sent.count
    return (
        f"{done} événements sur {count} publiés, relancez sans crainte.",
        f"{done} of {count} events published, send again without fear.",
    )
