"""The records alone: read, so many facts of each published and read, by our own clients as we set them, and no more.

No database, no rule, not even a look at what a record says: beyond this rate nothing comes on this machine, whatever
is done between. Each client is a program of its own: `python -m bench.bare FOLDER`; `FOLDER/told` holds what it reads
and publishes, `FOLDER/spent`, once it has ended, from when to when, and its CPU-seconds.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.ground import DEADLINE_SECONDS, Ground
from bench.made import Made
from bench.meter import Spent, cpu_seconds
from recouvra.chassis.sending import PRODUCER, Outgoing, rounds
from recouvra.chassis.subscription import SUBSCRIPTION
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.envelope import headers_of
from recouvra.local.children import Child

_FETCHES = ("auto_offset_reset", "isolation_level", "fetch_max_wait_ms", "fetch_max_bytes", "max_partition_fetch_bytes")


class Client(NamedTuple):
    """What one client does: reads so many records of a topic, and publishes so many facts of each."""

    bootstrap: str
    topic: str
    records: int
    facts: int = 0


async def alone(ground: Ground, records: Iterable[Made], *, facts: int) -> Spent:
    """What a backlog of records of one topic takes if nothing is done but to read it, and `facts` of each."""
    async with ground.fund() as fund:
        made = list(records)
        await fund.publish(made)
        clients = {"reads": Client(ground.kafka.bootstrap, made[0].topic, len(made), facts)}
        if facts:
            clients["reads facts"] = Client(ground.kafka.bootstrap, ContributionReceived.topic, facts * len(made))
        broker_before = cpu_seconds(ground.kafka.pid)
        spent = await asyncio.gather(*(_run(ground, name, client) for name, client in clients.items()))
        cpu = {name: cpu for name, (_, _, cpu) in zip(clients, spent, strict=True)}
        cpu["broker"] = cpu_seconds(ground.kafka.pid) - broker_before
        return Spent(max(end for _, end, _ in spent) - min(begin for begin, _, _ in spent), cpu, {})


async def _run(ground: Ground, name: str, client: Client) -> tuple[float, float, float]:
    """From when to when it worked, by the machine's clock, and its CPU-seconds."""
    folder = ground.folder / f"bare-{name.replace(' ', '-')}-{time.monotonic_ns()}"
    folder.mkdir()
    (folder / "told").write_bytes(pickle.dumps(client))
    child = Child(folder.name, [sys.executable, "-m", "bench.bare", folder], folder / "client.log")
    await child.run(within=DEADLINE_SECONDS)
    began, ended, cpu = pickle.loads((folder / "spent").read_bytes())
    return began, ended, cpu


async def _work(client: Client) -> tuple[float, float, float]:
    fetches = {name: SUBSCRIPTION[name] for name in _FETCHES}
    consumer = AIOKafkaConsumer(bootstrap_servers=client.bootstrap, **fetches)
    producer = AIOKafkaProducer(bootstrap_servers=client.bootstrap, **PRODUCER)
    await asyncio.gather(consumer.start(), producer.start())
    try:
        consumer.assign([TopicPartition(client.topic, p) for p in sorted(await producer.partitions_for(client.topic))])
        left, began, cpu = client.records, 0.0, 0.0
        while left > 0:
            delivered = await consumer.getmany(timeout_ms=100, max_records=SUBSCRIPTION["max_records"])
            records = [record for some in delivered.values() for record in some]
            if records and not began:
                began, cpu = time.monotonic(), time.process_time()
            left -= len(records)
            await _publish(producer, records, client.facts)
        return began, time.monotonic(), time.process_time() - cpu
    finally:
        await asyncio.gather(consumer.stop(), producer.stop())


_HEADERS = headers_of("/contributions", ContributionReceived.event_type())
_FACT = (
    b'{"payer_id":"S-000000","payer_kind":"private_employer","territory_code":"01","period":"2023-01","payment_source":'
    b'"/bench","payment_id":"S-000000.M-0000000","received_xof":30000,"received_on":"2026-02-01","channel":"treasury"}'
)


async def _publish(producer: Any, records: Sequence[Any], facts: int) -> None:
    """So many facts of each record, under its key, and waits until all are acknowledged."""
    at = datetime.now(UTC)
    told = [
        Outgoing(ContributionReceived.topic, record.key, _FACT, _HEADERS(f"{record.offset:032}{fact:04}", at, None))
        for record in records
        for fact in range(facts)
    ]
    for batches in await rounds(producer, told):
        sends = [await producer.send_batch(batch, place.topic, partition=place.partition) for place, batch in batches]
        await asyncio.gather(*sends)


if __name__ == "__main__":
    here = Path(sys.argv[1])
    (here / "spent").write_bytes(pickle.dumps(asyncio.run(_work(pickle.loads((here / "told").read_bytes())))))
