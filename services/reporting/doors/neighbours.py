"""What only others can tell: where the topics end, what the other services set aside, and whether their data hold."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from recouvra.chassis.positions import Place
from recouvra.chassis.rereading import RereadError, extents
from recouvra.contracts.topics import READS
from services.reporting.reports.freshness import Verified

log = logging.getLogger(__name__)
_PATIENCE_SECONDS = 2.0


async def ends(bootstrap: str, topics: Sequence[str]) -> dict[Place, int] | None:
    """Where every partition of these topics ends; None where the broker does not answer within two seconds."""
    try:
        found = await asyncio.to_thread(extents, bootstrap, topics, _PATIENCE_SECONDS)
    except RereadError as error:
        log.info("ends of topics: %r", error)
        return None
    return {place: end for place, (_, end) in found.items()}


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What another service tells of itself.

    Attributes:
        dead_letters: how many wait with it, by topic that it reads.
        verified: what its invariants came to when they were last checked.
    """

    dead_letters: Mapping[str, int]
    verified: Verified


async def told(peers: Mapping[str, str]) -> dict[str, Neighbour | None]:
    """What each service tells of itself; None where it does not answer.

    All are asked at once, and have two seconds. Their `/metrics` tell it to everybody: counts need no token, while the
    letters themselves, which hold what was sent, are an operator's to read.
    """
    services = [service for service in peers if service in READS]
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False) as client:
        answers = await asyncio.gather(*(_of_one(client, peers[service], READS[service]) for service in services))
    return dict(zip(services, answers, strict=True))


async def _of_one(client: httpx.AsyncClient, url: str, topics: Sequence[str]) -> Neighbour | None:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            text = (await client.get(f"{url}/metrics")).raise_for_status().text
        return _read([one for family in text_string_to_metric_families(text) for one in family.samples], topics)
    except (TimeoutError, httpx.HTTPError, LookupError, ValueError) as error:
        log.info("what %s tells: %r", url, error)
        return None


def _read(samples: Sequence[Sample], topics: Sequence[str]) -> Neighbour | None:
    waiting, knows = dict.fromkeys(topics, 0), False
    broken, unchecked, instants = set[str](), set[str](), list[float]()
    for sample in samples:
        if sample.name == "recouvra_database_up":
            knows = sample.value == 1
        elif sample.name == "recouvra_dead_letters" and sample.labels["state"] == "waiting":
            waiting[sample.labels["topic"]] = waiting.get(sample.labels["topic"], 0) + int(sample.value)
        elif sample.name == "recouvra_invariant_broken" and sample.value:
            broken.add(sample.labels["invariant"])
        elif sample.name == "recouvra_invariant_unchecked" and sample.value:
            unchecked.add(sample.labels["invariant"])
        elif sample.name == "recouvra_invariant_checked_timestamp_seconds":
            instants.append(sample.value)
    at = datetime.fromtimestamp(min(instants), UTC) if instants else None
    return Neighbour(waiting, Verified(at, sorted(broken), sorted(unchecked))) if knows else None
