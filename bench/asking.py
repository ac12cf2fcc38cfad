"""A plain HTTP client for one connection: what it costs must not be what is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from urllib.parse import urlsplit

from bench.failing import BenchFailed

_PATIENCE_SECONDS = 60.0


class Client:
    """GET over one kept connection, one request after the other."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80

    async def __aenter__(self) -> Client:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=1 << 26)
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._writer.close()

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            self._writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n\r\n".encode())
            head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            status = int(head.split(b" ", 2)[1])
            if b"transfer-encoding: chunked" in head:
                return status, await self._chunks()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            return status, await self._reader.readexactly(length)

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return body

    async def read(self, path: str) -> bytes:
        """The body of a 200.

        Raises:
            BenchFailed: the answer is another.
        """
        status, body = await self.get(path)
        if status != 200:
            raise BenchFailed(f"GET {path.partition('?')[0]}: {status}")
        return body


async def one_by_one(url: str, paths: Sequence[str]) -> list[float]:
    """Milliseconds of each request, asked one after the other."""
    taken = []
    async with Client(url) as client:
        for path in paths:
            started = time.perf_counter()
            await client.read(path)
            taken.append((time.perf_counter() - started) * 1_000)
    return taken


async def at_once(ask: Sequence[Callable[[], Awaitable[object]]], seconds: float) -> tuple[list[float], float]:
    """Milliseconds of each answer where every asker asks again as soon as it has one, and answers a second in all."""
    taken, began = list[float](), time.perf_counter()

    async def again_and_again(one: Callable[[], Awaitable[object]]) -> None:
        while (started := time.perf_counter()) < began + seconds:
            await one()
            taken.append((time.perf_counter() - started) * 1_000)

    await asyncio.gather(*(again_and_again(one) for one in ask))
    return taken, len(taken) / (time.perf_counter() - began)
