"""What one poll delivers, as records of ours and in slices small enough for one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from recouvra.contracts.record import Record

MOST_BYTES = 4 << 20  # of values in one transaction; a single record may be larger
MOST_RECORDS = 1_000


def as_record(raw: Any) -> Record:
    """aiokafka's record as ours; one read aside is ours already."""
    if isinstance(raw, Record):
        return raw
    return Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, tuple(raw.headers))


def by_bytes(
    records: Sequence[Record], most_bytes: int = MOST_BYTES, most_records: int = MOST_RECORDS
) -> Iterator[list[Record]]:
    """Consecutive slices of at most so many records, whose values stay within so many bytes together.

    What is read aside comes in one delivery however much it is, and rules that think for seconds lose their session.
    """
    batch, size = list[Record](), 0
    for record in records:
        length = len(record.value or b"")
        if batch and (len(batch) == most_records or size + length > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch
