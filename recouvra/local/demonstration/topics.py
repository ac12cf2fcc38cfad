"""The topics as the demonstration uses them: what of the history is there, publishing the rest, and the answers."""

import asyncio
import json
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from recouvra.chassis.rereading import RereadError, extents, reread
from recouvra.contracts.envelope import header_attributes, told
from recouvra.contracts.registration_answered import RegistrationAnswered
from recouvra.contracts.topics import EVENTS, INBOUND
from recouvra.local.demonstration.inbound import EVERY_ROOT, ROOT, HireKey, Identity, Upstream
from recouvra.local.errors import LocalError


class Topics:
    """Open connections to one broker, for as long as the block lasts; every refusal of Kafka's is a LocalError."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._answers: dict[HireKey, RegistrationAnswered] = {}
        self._declarations: dict[tuple[str, str], dict[str, Any]] = {}
        self._known: dict[str, list[TopicPartition]] = {}

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            acks="all",
            linger_ms=5,
            max_request_size=4 << 20,
        )
        self._reader = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, auto_offset_reset="earliest")
        try:
            await asyncio.gather(self._producer.start(), self._reader.start())
            # All are assigned, though two are read: asked where others end, the client would look for them singly.
            every = await self._partitions(EVENTS)
            self._reader.assign(every)
            self._reader.pause(*every)
        except BaseException as error:
            await self._close()
            if isinstance(error, (KafkaError, OSError)):
                raise self._refused(error) from error
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self._close()
        if isinstance(error, (KafkaError, RereadError)):
            raise self._refused(error) from error

    async def _close(self) -> None:
        # A broker that is away must not keep us: what was not acknowledged is published again the next time.
        clients = {asyncio.ensure_future(client.stop()) for client in (self._producer, self._reader)}
        await asyncio.wait(clients, timeout=1)

    def _refused(self, error: BaseException) -> LocalError:
        said = str(error) or type(error).__name__
        return LocalError(
            f"Kafka ({self._bootstrap}) : {said} ; relancez « recouvra demo » sans crainte.",
            f"Kafka ({self._bootstrap}): {said}; start “recouvra demo” again without fear.",
        )

    async def ends(self, topics: Collection[str]) -> dict[TopicPartition, int]:
        """Where each partition of these topics ends now."""
        ends: dict[TopicPartition, int] = await self._reader.end_offsets(await self._partitions(topics))
        return ends

    async def _partitions(self, topics: Collection[str]) -> list[TopicPartition]:
        # All at once: each topic that the client does not know yet costs it a round of metadata.
        unknown = [topic for topic in topics if topic not in self._known]
        for topic, found in zip(
            unknown, await asyncio.gather(*map(self._producer.partitions_for, unknown)), strict=True
        ):
            self._known[topic] = [TopicPartition(topic, partition) for partition in sorted(found)]
        return [tp for topic in topics for tp in self._known[topic]]

    async def published(self) -> set[Identity]:
        """The identities of the history's records that the inbound topics hold.

        Raises LocalError where they hold another history's, which would disagree with this one.
        """
        return await asyncio.to_thread(_identities, self._bootstrap)

    async def publish(self, records: Sequence[Upstream]) -> None:
        """Publish any number of records in the order given, and wait until all are acknowledged."""
        sent = []
        for one in records:
            record = one.record()
            sent.append(await self._producer.send(record.topic, record.value, record.key, headers=list(record.headers)))
        await asyncio.gather(*sent)

    async def answers(self) -> dict[HireKey, RegistrationAnswered]:
        """The last answer to every hire that was ever answered, up to what the topic holds now."""
        for value in await self._unread("registration-answered"):
            answer = RegistrationAnswered.model_validate_json(value)
            self._answers[answer.payer_id, answer.request_id] = answer
        return self._answers

    async def declaration_answers(self) -> list[dict[str, Any]]:
        """The last answer to every declaration that was ever answered, up to what the topic holds now."""
        for value in await self._unread("declaration-answered"):
            answer = json.loads(value)
            self._declarations[answer["payer_id"], answer["declaration_id"]] = answer
        return list(self._declarations.values())

    async def _unread(self, topic: str) -> list[bytes]:
        """The values of a topic of ours from where we stopped reading it up to its ends now."""
        ends = {tp: end for tp, end in (await self.ends([topic])).items() if end}
        self._reader.resume(*ends)
        values: list[bytes] = []
        while any([await self._reader.position(tp) < end for tp, end in ends.items()]):
            for records in (await self._reader.getmany(timeout_ms=200)).values():
                values += [record.value for record in records]
        self._reader.pause(*ends)
        return values


def _identities(bootstrap: str) -> set[Identity]:
    found: set[Identity] = set()
    # Not by aiokafka: a foreign record may carry headers that it loses others over.
    for records in reread(bootstrap, extents(bootstrap, INBOUND)):
        for record in records:
            source, event_id = told(header_attributes(dict(record.headers)))
            if source and event_id and source.startswith(EVERY_ROOT):
                if not source.startswith(f"{ROOT}/"):
                    raise LocalError(
                        "Cette pile contient une histoire fictive antérieure : choisissez un autre dossier (--data).",
                        "This stack holds an earlier made history: choose another folder (--data).",
                    )
                found.add((source, event_id))
    return found
