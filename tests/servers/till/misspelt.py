"""Publishes records of which some have a header key that is not UTF-8, as a client of another language may.

Told on standard input, a JSON line a record: `[partition, key, value, headers, misspelt]`, bytes in base64. All of a
partition go into one record batch. It needs AIOKAFKA_NO_EXTENSIONS=1: the compiled client takes no such key.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys

from aiokafka import AIOKafkaProducer


class Misspelt(str):
    """A header key whose bytes are no text."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Returns what no decoder of UTF-8 takes."""
        return b"\xff\xfe"


async def publish(bootstrap: str, topic: str, lines: list[str]) -> None:
    """Sends every record and waits for all acknowledgements."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=300, max_batch_size=1 << 20)
    await producer.start()
    try:
        for line in lines:
            partition, key, value, named, misspelt = json.loads(line)
            headers = [(name, base64.b64decode(text)) for name, text in named]
            if misspelt:
                headers.append((Misspelt("x"), b"1"))
            await producer.send(topic, base64.b64decode(value), base64.b64decode(key), partition, headers=headers)
        await producer.flush()
    finally:
        await producer.stop()


if __name__ == "__main__":
    asyncio.run(publish(sys.argv[1], sys.argv[2], sys.stdin.readlines()))
