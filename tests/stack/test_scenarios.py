"""Every golden scenario on one running stack, all of them interleaved, wave by wave; then all of it a second time.

What a vendor reads in docs/vendors/scenarios is compared to the last field: answers, facts, refusals, figures. Then
`recouvra conformance` plays them anew on the same stack, under other names.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from recouvra.chassis.rereading import extents
from recouvra.cli.golden.comparing import Fact, Place, matched, refusals
from recouvra.cli.golden.play import Play
from recouvra.cli.golden.scenario import Sent, scenarios
from recouvra.contracts.topics import FACTS, READS
from tests.stack.running import Up, eventually, read_all, stack_kafka
from tests.standing.servers import Standing

# A service is asked after those whose facts it reads.
_STAGES = (("registration",), ("contributions", "liquidation"), ("reporting",))
_DEADLINE_SECONDS = 45


class Watched:
    """One stack of which it can be told when it has read everything: nothing too many is missed, nothing waited for."""

    days = None

    def __init__(self, stack: Up) -> None:
        self._stack = stack

    async def publish(self, sending: Sequence[Sent]) -> list[Place]:
        """Publishes in this order; keys may be absent, values empty and headers odd: they are what is tried."""
        kafka = stack_kafka(await self._stack.ready())
        async with AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=4 << 20, acks="all") as sender:
            futures = [await sender.send(s.topic, s.value, s.key, headers=list(s.headers)) for s in sending]
            told = [await asyncio.wait_for(future, 60) for future in futures]
        return [(one.topic, one.partition, one.offset) for one in told]

    async def told(self, _enough: Callable[[Sequence[Fact]], bool]) -> Sequence[Fact]:
        """Every fact, once all services have read all that stands on their topics and published what follows."""
        for stage in _STAGES:
            for service in stage:
                await eventually(partial(self._has_read_all, service), _DEADLINE_SECONDS)
        records = await read_all(stack_kafka(await self._stack.ready()), list(FACTS))
        return [
            {
                "topic": record.topic,
                "key": (record.key or b"").decode(errors="replace"),
                "value": json.loads(record.value or b""),
            }
            for record in records
        ]

    async def answer(self, service: str, path: str, query: dict[str, Any]) -> tuple[int, Any]:
        """What a face answers."""
        address = (await self._stack.ready())["services"][service]
        async with httpx.AsyncClient(timeout=20, trust_env=False, verify=False) as http:
            response = await http.get(address + path, params=query)
        return response.status_code, response.json()

    async def _has_read_all(self, service: str) -> None:
        told = await self._stack.ready()
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
    found: dict[str, int] = defaultdict(int)
    for place, (_, end) in (await asyncio.to_thread(extents, kafka, list(topics))).items():
        found[place.topic] += end
    assert set(found) == set(topics)
    return found


def without_refusals(facts: Sequence[Fact]) -> list[Fact]:
    """The facts but the refusals, of which a second run has its own."""
    return [fact for fact in facts if fact["topic"] != "record-refused"]


async def played_again(play: Play) -> list[str]:
    """Publishes all scenarios that ended right once more; what is otherwise than before."""
    facts = await play.ground.told(lambda _facts: True)
    before, first, again = without_refusals(facts), refusals(facts, play.sent), play.right
    play.sent.clear()
    await play.publish([(s, [record for wave in s.waves for record in wave.records]) for s in again], seed=99)
    facts = await play.ground.told(lambda _facts: True)
    lacking, beyond = matched(before, without_refusals(facts))
    repeated = refusals(facts, play.sent)
    otherwise = [f"gone: {one}" for one in lacking] + [f"new: {one}" for one in beyond]
    return otherwise + [
        f"otherwise refused: {s.folder} {first[s.folder]}, {repeated[s.folder]}"
        for s in again
        if first[s.folder] != repeated[s.folder]
    ]


@dataclass(frozen=True)
class Played:
    """What one stack did of every scenario, what differed the second time, and the stack, which runs on."""

    stack: Up
    faults: dict[str, list[str]]
    second: list[str]


@pytest_asyncio.fixture(scope="module")
async def played(tmp_path_factory: Any, standing: Standing) -> AsyncIterator[Played]:
    """One stack, every scenario played on it twice."""
    stack = standing.up(tmp_path_factory.mktemp("scenarios") / "stack", "event")
    await stack.start()
    play = Play(Watched(stack), scenarios(), _DEADLINE_SECONDS)
    await play.play()
    yield Played(stack, play.faults, await played_again(play))
    await stack.clear()


@pytest.mark.parametrize("folder", [scenario.folder for scenario in scenarios()])
async def test_a_scenario_ends_as_it_is_written(played: Played, folder: str) -> None:
    assert played.faults[folder] == []


async def test_a_second_run_of_everything_changes_nothing(played: Played) -> None:
    assert played.second == []


async def test_a_vendor_plays_them_anew_beside_what_stands_there(played: Played) -> None:
    told = await played.stack.ready()
    services = {f"RECOUVRA_{name.upper()}_URL": url for name, url in told["services"].items()}
    recouvra = Path(sys.executable).with_name("recouvra")
    asked = await asyncio.create_subprocess_exec(
        recouvra, "conformance", "--bootstrap", stack_kafka(told), "--leave-data", "--json",
        env=os.environ | services, stdout=subprocess.PIPE,
    )  # fmt: skip
    said = json.loads((await asked.communicate())[0])
    assert {one["scenario"]: one["faults"] for one in said["scenarios"] if not one["passed"]} == {}
    assert (asked.returncode, said["passed"], said["unasked"]) == (0, len(scenarios()), 0)
