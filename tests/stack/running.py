"""`recouvra up` as its user runs it: started, stopped or killed, and its broker's records read back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.making.drafts import Draft
from tests.oracle import PublishedRecord

T = TypeVar("T")
INBOUND = ("affiliation-requested", "registration-requested", "payroll-declared", "payment-reported")


class Up:
    """One data folder, and the `recouvra up` that runs on it, if any."""

    def __init__(self, folder: Path, clock: str, ports_from: int) -> None:
        self.folder, self._clock, self._ports_from = folder, clock, ports_from
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self, deadline_seconds: float = 90) -> None:
        """Starts it and waits until it says that it is ready."""
        recouvra = Path(sys.executable).with_name("recouvra")
        command: list[str | Path] = [recouvra, "up", "--data", self.folder, "--clock", self._clock]
        command += ["--ports-from", str(self._ports_from)]
        with (self.folder.parent / "up.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: ASYNC220
        deadline = time.monotonic() + deadline_seconds
        while self.told() is None:
            assert self._process.poll() is None, f"up ended: {(self.folder.parent / 'up.log').read_text()[-3000:]}"
            assert time.monotonic() < deadline, "the stack is not ready in time"
            await turn()

    def told(self) -> dict[str, Any] | None:
        """What `stack.json` says now; None while it is absent."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "stack.json").read_text())
        except FileNotFoundError:
            return None
        return found

    async def ready(self, deadline_seconds: float = 60) -> dict[str, Any]:
        """`stack.json` once it is there again."""
        return await eventually(self._told, deadline_seconds)

    async def _told(self) -> dict[str, Any]:
        found = self.told()
        assert found is not None, "the stack is not ready"
        return found

    def pids(self) -> list[int]:
        """Every process that the stack told of last."""
        found = self.told()
        return [] if found is None else [child["pid"] for child in found["processes"]]

    async def kill_one(self, name: str, role: str) -> None:
        """SIGKILL to one child, whichever process plays the role now."""
        children = (await self.ready())["processes"]
        pid = next(child["pid"] for child in children if (child["name"], child["role"]) == (name, role))
        os.kill(pid, signal.SIGKILL)

    async def end(self, number: int = signal.SIGTERM, deadline_seconds: float = 15) -> int:
        """Ends `up` by this signal; its exit code. Every process it had must be gone by the deadline."""
        if self._process is None:
            return 0
        pids = self.pids()
        process, self._process = self._process, None
        process.send_signal(number)
        code = await asyncio.to_thread(process.wait, deadline_seconds)
        await eventually(lambda: _gone(pids), deadline_seconds)
        return code


async def _gone(pids: Sequence[int]) -> None:
    alive = [pid for pid in pids if _is_alive(pid)]
    assert not alive, f"processes left behind: {alive}"


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def turn(seconds: float = 0.1) -> None:
    """One turn of a loop that polls with a deadline."""
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), seconds)


async def eventually(check: Callable[[], Awaitable[T]], deadline_seconds: float = 60) -> T:
    """What `check` returns the first time that it raises no AssertionError; its last one at the deadline."""
    deadline = time.monotonic() + deadline_seconds
    while True:
        try:
            return await check()
        except (AssertionError, httpx.HTTPError, KafkaError):
            if time.monotonic() > deadline:
                raise
        await turn(0.3)


async def publish(bootstrap: str, drafts: Sequence[Draft]) -> None:
    """Publishes drafts in this order, all acknowledged; a broker that is restarted meanwhile is waited for."""
    sender = await eventually(lambda: _producer(bootstrap))
    try:
        sent = [
            await sender.send(draft.topic, draft.value, draft.key, headers=[(n, v) for n, v in draft.headers])
            for draft in drafts
        ]
        await asyncio.wait_for(asyncio.gather(*sent), 90)
    finally:
        await sender.stop()


async def _producer(bootstrap: str) -> AIOKafkaProducer:
    sender = AIOKafkaProducer(
        bootstrap_servers=bootstrap, max_request_size=4 << 20, acks="all", request_timeout_ms=60_000
    )
    try:
        await sender.start()
    except KafkaError:
        await sender.stop()
        raise
    return sender


async def read_all(bootstrap: str, topics: Sequence[str]) -> list[PublishedRecord]:
    """Every record that stands on these topics now, from the first offset."""
    partitions = await _partitions(bootstrap, topics)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[PublishedRecord] = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                found += [
                    PublishedRecord(tp.topic, tp.partition, r.offset, r.key, r.value, list(r.headers)) for r in records
                ]
        return found
    finally:
        await consumer.stop()


async def _partitions(bootstrap: str, topics: Sequence[str]) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    return [TopicPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]]


async def ask(stack: Up, service: str, path: str, **query: Any) -> httpx.Response:
    """One answer of a service's API."""
    address = (await stack.ready())["services"][service]
    async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
        response = await http.get(address + path, params=query)
    assert response.status_code == 200, response.text
    return response


def stack_kafka(told: dict[str, Any]) -> str:
    """The broker's address."""
    return str(told["kafka"])
