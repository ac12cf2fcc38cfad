"""How a subscriber is set: each value was tried on a real broker, and most defaults lose or delay something."""

from __future__ import annotations

from typing import Any

from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from faststream import AckPolicy

from recouvra.chassis.slices import MOST_RECORDS

SUBSCRIPTION: dict[str, Any] = {
    "batch": True,
    "ack_policy": AckPolicy.MANUAL,  # the default acknowledges first: a crash loses what was read
    "auto_offset_reset": "earliest",
    "isolation_level": "read_committed",
    "max_records": MOST_RECORDS,
    "batch_timeout_ms": 100,
    "fetch_max_wait_ms": 200,
    "fetch_max_bytes": 8 << 20,
    # A share of each partition, so that a backlog on one keeps a live record on another waiting for a batch or two.
    "max_partition_fetch_bytes": 2 << 20,
    "session_timeout_ms": 6_000,
    "heartbeat_interval_ms": 1_500,
    "rebalance_timeout_ms": 10_000,
    "max_poll_interval_ms": 120_000,
    "partition_assignment_strategy": [RoundRobinPartitionAssignor],  # exactly one: each named sends its own join
}
