"""What only others can tell: where the topics end, and which records the other services set aside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from recouvra.chassis.ends import end_offsets
from recouvra.chassis.positions import Place
from recouvra.contracts.topics import READS

log = logging.getLogger(__name__)
_PATIENCE_SECONDS = 2.0


async def ends(bootstrap: str, topics: Sequence[str]) -> dict[Place, int] | None:
    """Where every partition of these topics ends; None where the broker does not answer within two seconds."""
    patience = {"bootstrap_servers": bootstrap, "request_timeout_ms": int(_PATIENCE_SECONDS * 1000)}
    admin, consumer = AIOKafkaAdminClient(**patience), AIOKafkaConsumer(**patience)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await asyncio.gather(admin.start(), consumer.start())
            described = await admin.describe_topics(list(topics))
            # Asked of the broker: a consumer knows the partitions of no topic that it has not subscribed to.
            places = [TopicPartition(of["topic"], p["partition"]) for of in described for p in of["partitions"]]
            found = await end_offsets(consumer, places)
    except Exception as error:
        log.info("ends of topics: %r", error)
        return None
    finally:
        await asyncio.wait({asyncio.ensure_future(admin.close()), asyncio.ensure_future(consumer.stop())}, timeout=1)
    return {Place(tp.topic, tp.partition): end for tp, end in found.items()}


async def dead_letters(peers: Mapping[str, str], token: str | None) -> dict[str, dict[str, int] | None]:
    """By service, how many dead letters wait with it on each topic that it reads; None where it does not answer.

    All are asked at once, with our own token where we have one, and have two seconds.
    """
    shown = {} if token is None else {"Authorization": f"Bearer {token}"}
    services = [service for service in peers if service in READS]
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False, headers=shown) as client:
        answers = await asyncio.gather(*(_of_one(client, peers[service], READS[service]) for service in services))
    return dict(zip(services, answers, strict=True))


async def _of_one(client: httpx.AsyncClient, url: str, topics: Sequence[str]) -> dict[str, int] | None:
    async def waiting(topic: str) -> int:
        query: dict[str, str | int] = {"topic": topic, "state": "waiting", "limit": 1}
        answer = await client.get(f"{url}/v1/dead-letters", params=query)
        answer.raise_for_status()
        return int(answer.json()["total"])

    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return dict(zip(topics, await asyncio.gather(*map(waiting, topics)), strict=True))
    except (TimeoutError, httpx.HTTPError, LookupError, TypeError, ValueError) as error:
        log.info("dead letters of %s: %r", url, error)
        return None
