"""What only others can tell: where the topics end, and which records the other services set aside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from prometheus_client.parser import text_string_to_metric_families

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


async def dead_letters(peers: Mapping[str, str]) -> dict[str, dict[str, int] | None]:
    """By service, how many dead letters wait with it on each topic that it reads; None where it does not answer.

    All are asked at once, and have two seconds. Their `/metrics` tell it to everybody: counts need no token, while the
    letters themselves, which hold what was sent, are an operator's to read.
    """
    services = [service for service in peers if service in READS]
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False) as client:
        answers = await asyncio.gather(*(_of_one(client, peers[service], READS[service]) for service in services))
    return dict(zip(services, answers, strict=True))


async def _of_one(client: httpx.AsyncClient, url: str, topics: Sequence[str]) -> dict[str, int] | None:
    waiting, knows = dict.fromkeys(topics, 0), False
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            text = (await client.get(f"{url}/metrics")).raise_for_status().text
        for sample in (one for family in text_string_to_metric_families(text) for one in family.samples):
            if sample.name == "recouvra_database_up":
                knows = sample.value == 1
            elif sample.name == "recouvra_dead_letters" and sample.labels["state"] == "waiting":
                waiting[sample.labels["topic"]] = waiting.get(sample.labels["topic"], 0) + int(sample.value)
    except (TimeoutError, httpx.HTTPError, LookupError, ValueError) as error:
        log.info("dead letters of %s: %r", url, error)
        return None
    return waiting if knows else None
