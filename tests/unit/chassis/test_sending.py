"""Records stand where every other client would have put them, in their order, a partition's share in few batches."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from recouvra.chassis.sending import Outgoing, rounds


class Producer(AIOKafkaProducer):  # type: ignore[misc] # aiokafka has no types
    """Makes batches of 2,000 bytes and knows its partitions; it never meets a broker."""

    def __init__(self) -> None:
        """Without a client."""

    def __del__(self) -> None:
        """Nothing was opened."""

    async def partitions_for(self, topic: str) -> set[int]:
        """Those of a topic."""
        return set(range({"one": 1, "twelve": 12}[topic]))

    def create_batch(self) -> BatchBuilder:
        """One that is soon full."""
        return BatchBuilder(2_000, 0)


@given(st.binary(max_size=80))
def test_a_key_goes_where_the_client_itself_sends_it(key: bytes) -> None:
    everywhere = list(range(12))
    expected = DefaultPartitioner()(key, everywhere, everywhere)
    assert Outgoing("twelve", key, b"", ()).place(12).partition == expected


def test_what_names_its_partition_goes_there_and_what_has_no_key_to_the_first() -> None:
    assert Outgoing("twelve", b"K", b"", (), 7).place(12).partition == 7
    assert Outgoing("twelve", None, b"", ()).place(12).partition == 0


@pytest.mark.parametrize("sizes", [(10,), (1_900, 1_900), (5_000, 10, 10), (700,) * 9])
async def test_each_partition_has_its_records_in_order_one_batch_a_round(sizes: tuple[int, ...]) -> None:
    records = [
        Outgoing(topic, f"K{number % 5}".encode(), bytes(size), [("n", str(number).encode())])
        for number, size in enumerate(sizes * 7)
        for topic in ("one", "twelve")
    ]
    made: Any = Producer()
    counts: dict[Any, int] = defaultdict(int)
    sent = 0
    for batches in await rounds(made, records):
        places = [place for place, _ in batches]
        assert len(set(places)) == len(places)
        for place, batch in batches:
            assert batch.closed()
            assert batch.record_count() >= 1
            assert batch.size() <= 2_000 or batch.record_count() == 1
            counts[place] += batch.record_count()
            sent += batch.record_count()
    assert sent == len(records)
    expected: dict[Any, int] = defaultdict(int)
    for record in records:
        expected[record.place(1 if record.topic == "one" else 12)] += 1
    assert counts == expected
