"""Every golden scenario on one running stack, all of them interleaved, wave by wave; then all of it a second time.

What a vendor reads in docs/vendors/scenarios is compared to the last field: answers, facts, refusals, figures.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from recouvra.contracts.topics import FACTS, READS
from tests.scenarios import Scenario, Sent, as_sent, compared, differs, drawn, matched, resolved, scenarios, unsaid
from tests.stack.running import Up, eventually, read_all, stack_kafka
from tests.standing.servers import Standing

# A service is asked after those whose facts it reads.
_STAGES = (("registration",), ("contributions", "liquidation"), ("reporting",))
_DEADLINE_SECONDS = 45
Place = tuple[str, int, int]


class Play:
    """One stack and all scenarios: what was sent where, what was drawn, and what differs of each."""

    def __init__(self, stack: Up) -> None:
        self.stack = stack
        self.sent: dict[Place, tuple[Scenario, str]] = {}
        self.numbers: dict[str, str] = {}
        self.faults: dict[str, list[str]] = {scenario.folder: [] for scenario in scenarios()}
        self.second: list[str] = []

    async def play(self) -> None:
        """Sends wave after wave of every scenario that is right so far, and looks at each; then everything again."""
        for number in range(max(len(scenario.waves) for scenario in scenarios())):
            going = [s for s in scenarios() if not self.faults[s.folder] and number < len(s.waves)]
            await self.publish([(s, s.waves[number].records) for s in going], seed=number)
            await self.look(going, number)
        facts = await self.caught_up()
        before = without_refusals(facts)
        first = refusals(facts, self.sent)
        self.sent.clear()
        again = [s for s in scenarios() if not self.faults[s.folder]]
        await self.publish([(s, [record for wave in s.waves for record in wave.records]) for s in again], seed=99)
        facts = await self.caught_up()
        lacking, beyond = matched(before, without_refusals(facts))
        repeated = refusals(facts, self.sent)
        self.second = [f"gone: {one}" for one in lacking] + [f"new: {one}" for one in beyond]
        self.second += [
            f"otherwise refused: {s.folder} {first[s.folder]}, {repeated[s.folder]}"
            for s in again
            if first[s.folder] != repeated[s.folder]
        ]

    async def publish(self, waves: Sequence[tuple[Scenario, Sequence[dict[str, Any]]]], seed: int) -> None:
        """Publishes the records of all these waves, shuffled among each other, each scenario's in their order."""
        chosen = random.Random(seed)
        queues = [(scenario, list(reversed(records))) for scenario, records in waves if records]
        # Keys may be absent, values empty and headers odd: they are what is tried.
        kafka = stack_kafka(await self.stack.ready())
        sender = AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=4 << 20, acks="all")
        await sender.start()
        try:
            pending = []
            while queues:
                scenario, queue = chosen.choice(queues)
                record = queue.pop()
                pending.append((scenario, record["name"], await self._send(sender, as_sent(record, self.numbers))))
                queues = [(s, q) for s, q in queues if q]
            for scenario, name, future in pending:
                told = await asyncio.wait_for(future, 60)
                self.sent[told.topic, told.partition, told.offset] = (scenario, name)
        finally:
            await sender.stop()

    async def _send(self, sender: AIOKafkaProducer, sent: Sent) -> Any:
        return await sender.send(sent.topic, sent.value, sent.key, headers=list(sent.headers))

    async def look(self, going: Sequence[Scenario], number: int) -> None:
        """Compares what was published so far with the waves so far, then asks the faces; keeps what differs."""
        facts = await self.caught_up()
        self.numbers |= drawn(facts)
        refused = refusals(facts, self.sent)
        for scenario in going:
            self.faults[scenario.folder] = self.published(scenario, number, facts, refused[scenario.folder])
        asked = [s for s in going if s.waves[number].asked and not self.faults[s.folder]]

        async def answered() -> None:
            for scenario in asked:
                self.faults[scenario.folder] = await self.asked(scenario, number)
            assert not any(self.faults[scenario.folder] for scenario in asked)

        try:
            await eventually(answered, _DEADLINE_SECONDS)
        except AssertionError:
            return  # each scenario's own test tells what differs

    def published(
        self, scenario: Scenario, number: int, facts: Sequence[dict[str, Any]], refused: Sequence[dict[str, Any]]
    ) -> list[str]:
        """What differs of answers, facts and refusals after this wave."""
        waves = scenario.waves[: number + 1]
        try:
            expected = [resolved(one, self.numbers) for wave in waves for one in wave.published]
        except KeyError as hire:
            return [f"wave {number + 1}: no insured number for {hire}"]
        found = [fact for fact in facts if fact["topic"] != "record-refused" and scenario.is_about(fact["value"])]
        faults = compared(expected, found) + unsaid(found)
        lacking, beyond = matched([one for wave in waves for one in wave.refused], refused)
        faults += [f"not refused: {one}" for one in lacking] + [f"refused: {one}" for one in beyond]
        return [f"wave {number + 1}: {fault}" for fault in faults]

    async def asked(self, scenario: Scenario, number: int) -> list[str]:
        """What differs of the faces' answers after this wave."""
        services = (await self.stack.ready())["services"]
        faults = []
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            for ask in scenario.waves[number].asked:
                path = ask["path"].format_map(self.numbers)
                response = await http.get(services[ask["service"]] + path, params=ask["query"])
                if response.status_code != 200:
                    faults.append(f"{path}: {response.status_code} {response.text}")
                    continue
                body = response.json()
                faults += differs(ask.get("body", {}), body, path)
                for name, rows in ask.get("holds", {}).items():
                    faults += compared(rows, [row for row in body[name] if scenario.is_about(row)])
        return [f"wave {number + 1}: {fault}" for fault in faults]

    async def caught_up(self) -> list[dict[str, Any]]:
        """Every fact, once all services have read all that stands on their topics and published what follows."""
        for stage in _STAGES:
            for service in stage:
                await eventually(partial(self._has_read_all, service), _DEADLINE_SECONDS)
        records = await read_all(stack_kafka(await self.stack.ready()), list(FACTS))
        return [
            {
                "topic": record.topic,
                "key": (record.key or b"").decode(errors="replace"),
                "value": json.loads(record.value or b""),
            }
            for record in records
        ]

    async def _has_read_all(self, service: str) -> None:
        told = await self.stack.ready()
        standing = await ends(stack_kafka(told), READS[service])
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            metrics = (await http.get(told["services"][service] + "/metrics")).text
        read: dict[str, int] = defaultdict(int)
        for line in metrics.splitlines():
            if line.startswith("recouvra_position{"):
                read[line.partition('topic="')[2].partition('"')[0]] += int(float(line.rsplit(" ", 1)[1]))
            if line.startswith("recouvra_outbox_rows "):
                assert float(line.rsplit(" ", 1)[1]) == 0, f"{service} has facts to publish"
        assert {topic: read[topic] for topic in standing} == standing, f"{service} has not read all"


async def ends(kafka: str, topics: Iterable[str]) -> dict[str, int]:
    """How many records stand on each of these topics; none of them ever expires."""
    async with AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False) as consumer:
        await consumer.topics()
        places = [TopicPartition(topic, n) for topic in topics for n in consumer.partitions_for_topic(topic) or ()]
        found: dict[str, int] = defaultdict(int)
        for place, end in (await consumer.end_offsets(places)).items():
            found[place.topic] += end
    return found


def without_refusals(facts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The facts but the refusals, of which a second run has its own."""
    return [fact for fact in facts if fact["topic"] != "record-refused"]


def refusals(
    facts: Sequence[dict[str, Any]], sent: dict[Place, tuple[Scenario, str]]
) -> dict[str, list[dict[str, Any]]]:
    """By scenario what was refused of the records that stand at these places, sorted, each with its record's name."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for value in (fact["value"] for fact in facts if fact["topic"] == "record-refused"):
        place = (value["topic"], value["partition"], value["offset"])
        if place in sent:
            scenario, name = sent[place]
            told = {field: value[field] for field in ("service", "reason", "source", "event_id")}
            found[scenario.folder].append({"record": name, **told})
            assert all(value["message"][lang] for lang in ("fr", "en"))
    for rows in found.values():
        rows.sort(key=lambda row: row["record"])
    return found


@pytest_asyncio.fixture(scope="module")
async def played(tmp_path_factory: Any, standing: Standing) -> AsyncIterator[Play]:
    """One stack, every scenario played on it twice."""
    stack = standing.up(tmp_path_factory.mktemp("scenarios") / "stack", "event")
    await stack.start()
    play = Play(stack)
    await play.play()
    yield play
    await stack.clear()


@pytest.mark.parametrize("folder", [scenario.folder for scenario in scenarios()])
async def test_a_scenario_ends_as_it_is_written(played: Play, folder: str) -> None:
    assert played.faults[folder] == []


async def test_a_second_run_of_everything_changes_nothing(played: Play) -> None:
    assert played.second == []
