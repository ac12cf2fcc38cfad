"""Records that an API publishes itself: all acknowledged, or an error after which the same may be published again.

A producer of its own for each: those who publish so are few, and an idempotent producer that failed once is of no more
use. Nothing here is a fact of a service, which leaves by its outbox alone (ADR 3).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from recouvra.chassis.sending import PRODUCER
from recouvra.contracts.record import Record

log = logging.getLogger(__name__)
_START_SECONDS = 3.5
_PATIENCE_SECONDS = 10


class BrokerAway(Exception):
    """The broker did not acknowledge everything in time: some of the records may stand on their topics all the same."""


async def publish(bootstrap: str, records: Sequence[Record]) -> None:
    """Publishes records in their order, each under its key, and returns once the broker has acknowledged all of them.

    Raises BrokerAway within some 15 seconds.
    """
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, **PRODUCER)
    try:
        await asyncio.wait_for(producer.start(), _START_SECONDS)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            sent = [
                await producer.send(record.topic, record.value, record.key, headers=list(record.headers))
                for record in records
            ]
            await asyncio.gather(*sent)
    except (KafkaError, OSError, TimeoutError) as error:
        log.warning("broker away: %r", error)
        raise BrokerAway from error
    finally:
        await asyncio.wait({asyncio.ensure_future(producer.stop())}, timeout=3)
