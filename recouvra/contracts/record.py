"""A record: the bytes that Kafka gave, before anyone believed them."""

from typing import NamedTuple


class Record(NamedTuple):
    """One record of one partition, raw.

    `headers_readable` is False where a header's name is not UTF-8: the headers that could be read are then in
    `headers`, and the record is refused as `missing-envelope`.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    headers_readable: bool = True
