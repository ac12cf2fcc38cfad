"""A running stack as a ground to play on: reached as a vendor reaches it, over Kafka and, where known, over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from recouvra.cli.golden.comparing import Fact, Place
from recouvra.cli.golden.scenario import Sent
from recouvra.cli.kafka import Reach
from recouvra.cli.kafka_clients import ends, listening, producing, stand_at

if TYPE_CHECKING:
    import httpx
    from aiokafka import AIOKafkaConsumer

_QUIET_SECONDS = 1.5
"""So long without a word of the play after everything expected is there, and nothing too many is to come."""


@asynccontextmanager
async def on_a_running_stack(
    reach: Reach, services: Mapping[str, str], run: str, patience: float, headers: Mapping[str, str]
) -> AsyncIterator[RunningStack]:
    """A ground for one run, which reads every fact published from now on; it leaves with the block."""
    import httpx

    from recouvra.contracts.topics import FACTS

    async with listening(reach) as consumer, httpx.AsyncClient(timeout=20, headers=dict(headers)) as http:
        stand_at(consumer, await ends(reach, consumer, list(FACTS)))
        yield RunningStack(reach, consumer, http, services, run, patience)


class RunningStack:
    """One run on one stack; it keeps the facts that are about the run, and forgets everybody else's."""

    def __init__(
        self,
        reach: Reach,
        consumer: AIOKafkaConsumer,
        http: httpx.AsyncClient,
        services: Mapping[str, str],
        run: str,
        patience: float,
    ) -> None:
        self._reach, self._consumer, self._http, self._services = reach, consumer, http, services
        self._run, self._patience = run.encode(), patience
        self._facts, self._places = list[dict[str, Any]](), set[Place]()
        self._began = datetime.now(UTC)

    @property
    def days(self) -> Sequence[str] | None:
        """The days since the run began, by the clock `system`; the clock `event` records on those of the scenarios."""
        yesterday = self._began - timedelta(days=1)  # two machines need not agree on the time
        if not self._facts or datetime.fromisoformat(self._facts[0]["at"]) < yesterday:
            return None
        return [(yesterday + timedelta(days=n)).date().isoformat() for n in range(4)]

    async def publish(self, sending: Sequence[Sent]) -> list[Place]:
        """Publish in this order, all acknowledged; where each record stands."""
        async with producing(self._reach) as producer:
            futures = [await producer.send(s.topic, s.value, s.key, headers=list(s.headers)) for s in sending]
            told = [await future for future in futures]
        places = [(one.topic, one.partition, one.offset) for one in told]
        self._places |= set(places)
        return places

    async def told(self, enough: Callable[[Sequence[Fact]], bool]) -> Sequence[Fact]:
        """Every fact of this run once all is there that is expected and nothing more has come, or time is over."""
        deadline = time.monotonic() + self._patience
        right, heard_at = enough(self._facts), time.monotonic()
        while (now := time.monotonic()) < deadline and not (right and now - heard_at > _QUIET_SECONDS):
            if await self._hear():
                heard_at, right = time.monotonic(), enough(self._facts)
        return self._facts

    async def _hear(self) -> bool:
        """Take what came in; whether any of it is about this run."""
        before = len(self._facts)
        for batch in (await self._consumer.getmany(timeout_ms=300)).values():
            for record in batch:
                self._take(record)
        return len(self._facts) > before

    def _take(self, record: Any) -> None:
        if record.topic == "record-refused":
            value = json.loads(record.value)
            ours = (value["topic"], value["partition"], value["offset"]) in self._places
        else:
            ours = self._run in record.value
            value = json.loads(record.value) if ours else None
        if ours:
            at = dict(record.headers)["ce_time"].decode()
            key = (record.key or b"").decode(errors="replace")
            self._facts.append({"topic": record.topic, "key": key, "value": value, "at": at})

    async def answer(self, service: str, path: str, query: dict[str, Any]) -> tuple[int, Any] | None:
        """Status and body of a service's answer, all pages of a list in one; None where its address is not known."""
        import httpx

        if service not in self._services:
            return None
        body: dict[str, Any] | None = None
        try:
            while True:
                answer = await self._http.get(self._services[service] + path, params=query)
                if answer.status_code != 200:
                    return answer.status_code, answer.text
                page = answer.json()
                body = page if body is None else body | {"rows": body["rows"] + page["rows"]}
                if not page.get("next"):
                    return 200, body
                query = query | {"cursor": page["next"]}
        except httpx.HTTPError as error:
            return 0, f"{type(error).__name__}"
