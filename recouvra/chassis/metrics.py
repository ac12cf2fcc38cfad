"""What Prometheus is told: the database's own account of the service, and what its workers last said."""

from __future__ import annotations

import json
import time

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from recouvra.chassis.database import Connection

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The figures of one API process; those of the service are read from its database at each call."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._own = CollectorRegistry()
        ProcessCollector(registry=self._own)
        PlatformCollector(registry=self._own)
        self._requests = Counter(
            "recouvra_http_requests_total", "Requests answered", ["method", "route", "status"], registry=self._own
        )
        self._seconds = Histogram("recouvra_http_seconds", "Seconds to answer", ["route"], registry=self._own)

    def answered(self, method: str, route: str, status: int, started: float) -> None:
        """Counts one answer; `started` by `time.perf_counter()`."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(time.perf_counter() - started)

    async def text(self, connection: Connection | None) -> bytes:
        """The exposition; without a connection only this process's own figures and `recouvra_database_up 0`."""
        registry = CollectorRegistry()
        Gauge("recouvra_database_up", "1 where the database answered", registry=registry).set(connection is not None)
        if connection is not None:
            await self._of_database(registry, connection)
        return generate_latest(registry) + generate_latest(self._own)

    async def _of_database(self, registry: CollectorRegistry, connection: Connection) -> None:
        rows = await connection.fetchval("select count(*) from outbox")
        oldest = await connection.fetchval(
            "select coalesce(extract(epoch from clock_timestamp() - min(known_at)), 0)::float8 from outbox"
        )
        Gauge("recouvra_outbox_rows", "Facts not yet published", registry=registry).set(rows)
        Gauge("recouvra_outbox_oldest_seconds", "Age of the oldest of them", registry=registry).set(max(oldest, 0.0))
        letters = Gauge("recouvra_dead_letters", "Records set aside", ["reason", "topic", "state"], registry=registry)
        for row in await connection.fetch("select reason, topic, state, count(*) n from dead_letter group by 1, 2, 3"):
            letters.labels(row["reason"], row["topic"], row["state"]).set(row["n"])
        places = Gauge("recouvra_position", "Next offset to read", ["topic", "partition"], registry=registry)
        for row in await connection.fetch("select topic, partition, next_offset from position"):
            places.labels(row["topic"], row["partition"]).set(row["next_offset"])
        await _of_invariants(registry, connection)
        said = Gauge(
            "recouvra_worker", "A worker's own counters since it started", ["worker", "counter"], registry=registry
        )
        age = Gauge("recouvra_worker_silent_seconds", "Since a worker last spoke", ["worker"], registry=registry)
        for row in await connection.fetch(
            "select worker, counters, extract(epoch from clock_timestamp() - at)::float8 silent from pulse"
        ):
            age.labels(row["worker"]).set(row["silent"])
            for name, value in json.loads(row["counters"]).items():
                said.labels(row["worker"], name).set(value)


async def _of_invariants(registry: CollectorRegistry, connection: Connection) -> None:
    """What `verify` last found, by the background run or by hand."""
    broken = Gauge("recouvra_invariant_broken", "What breaks it, when last checked", ["invariant"], registry=registry)
    unchecked = Gauge("recouvra_invariant_unchecked", "1 where it could not be", ["invariant"], registry=registry)
    at = Gauge("recouvra_invariant_checked_timestamp_seconds", "When it was last", ["invariant"], registry=registry)
    for row in await connection.fetch(
        "select invariant, broken, failed is not null as failed, extract(epoch from checked_at)::float8 as at "
        "from verified"
    ):
        broken.labels(row["invariant"]).set(row["broken"])
        unchecked.labels(row["invariant"]).set(row["failed"])
        at.labels(row["invariant"]).set(row["at"])
