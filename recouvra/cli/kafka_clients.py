"""A producer and a consumer of a vendor's commands, and what went wrong with them in one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from recouvra.cli.kafka import PASSWORD, Reach
from recouvra.local.errors import LocalError

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

_MAX_REQUEST_BYTES = 4 * 1024 * 1024
_STOP_SECONDS = 5.0

Positions = dict["TopicPartition", int]


@asynccontextmanager
async def producing(reach: Reach) -> AsyncIterator[AIOKafkaProducer]:
    """A producer whose retries count once, each key on the partition that Kafka's murmur2 gives it."""
    from aiokafka import AIOKafkaProducer

    producer = AIOKafkaProducer(
        bootstrap_servers=reach.bootstrap,
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        max_request_size=_MAX_REQUEST_BYTES,
        **reach.security,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def listening(reach: Reach) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of no group: it leaves no trace behind, and needs no right on one."""
    from aiokafka import AIOKafkaConsumer

    consumer = AIOKafkaConsumer(bootstrap_servers=reach.bootstrap, enable_auto_commit=False, **reach.security)
    try:
        await consumer.start()
        yield consumer
    finally:
        # A stop right behind an assignment can lose its way in the client, and would wait for ever.
        with suppress(TimeoutError):
            await asyncio.wait_for(consumer.stop(), _STOP_SECONDS)


async def ends(reach: Reach, consumer: AIOKafkaConsumer, topics: Sequence[str]) -> Positions:
    """Where these topics end now; LocalError where one is not there to be read."""
    from aiokafka import TopicPartition
    from aiokafka.admin import AIOKafkaAdminClient

    # Asked of the broker: a consumer knows the partitions of no topic that it has not subscribed to.
    admin = AIOKafkaAdminClient(bootstrap_servers=reach.bootstrap, **reach.security)
    try:
        await admin.start()
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    if absent := [str(one["topic"]) for one in described if not one["partitions"]]:
        raise LocalError(
            f"Les réponses ne peuvent pas être lues ({', '.join(absent)} : sujet absent, ou droit de lecture manquant "
            "à demander à la caisse). Rien n'a été publié.",
            f"Answers cannot be read ({', '.join(absent)}: no such topic, or no right to read it, which the fund "
            "gives). Nothing was published.",
        )
    places = [TopicPartition(one["topic"], p["partition"]) for one in described for p in one["partitions"]]
    # Assigned first: of partitions that it does not have the client asks topic by topic.
    consumer.assign(places)
    consumer.pause(*places)
    return dict(await consumer.end_offsets(places))


def stand_at(consumer: AIOKafkaConsumer, positions: Positions) -> None:
    """Read on from these positions, and nothing else."""
    if set(positions) == consumer.assignment():
        consumer.resume(*positions)
    else:
        consumer.assign(list(positions))
    for place, offset in positions.items():
        consumer.seek(place, offset)


def in_a_sentence(reach: Reach, error: Exception, fr: str, en: str) -> Exception:
    """What went wrong between Kafka and us, followed by how far we were; any other error as it is."""
    from aiokafka.errors import AuthenticationFailedError, KafkaConnectionError, KafkaError

    # A client that cannot begin does not say whether nobody is there or it was not let in.
    if isinstance(error, KafkaConnectionError | AuthenticationFailedError):
        sasl = "sasl_mechanism" in reach.security
        french, english = (f", --user et {PASSWORD}", f", --user and {PASSWORD}") if sasl else ("", "")
        return LocalError(
            f"Kafka ne répond pas sur {reach.bootstrap}, ou n'ouvre pas : vérifiez l'adresse, --security{french}. {fr}",
            f"Kafka does not answer at {reach.bootstrap}, or does not let in: check the address, --security{english}. "
            f"{en}",
        )
    if isinstance(error, KafkaError | OSError):
        reason = str(error) or type(error).__name__
        return LocalError(f"Kafka ({reach.bootstrap}) : {reason} ; {fr}", f"Kafka ({reach.bootstrap}): {reason}; {en}")
    return error
