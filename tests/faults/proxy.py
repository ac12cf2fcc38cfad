"""A TCP proxy on this machine whose connections can be slowed, narrowed and cut: a network that is not well."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random

from recouvra.local.ports import HOST

_CHUNK = 16_384


class Proxy:
    """Listens on a port of its own, and leads to another; in a thread, so that nobody else's work slows it.

    `latency_seconds` is what each piece of up to 16 KiB waits in either direction, `bytes_per_second` how fast the
    pieces of one connection follow each other; 0: as fast as it can.
    """

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self.port = 0
        self.latency_seconds = 0.0
        self.bytes_per_second = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._pairs: dict[int, tuple[int, asyncio.StreamWriter, asyncio.StreamWriter]] = {}

    async def start(self) -> None:
        """Begins to listen."""
        self._thread.start()
        self.port = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._listen(), self._loop))

    async def stop(self) -> None:
        """Ends every connection, and listens no more. Safe to call twice."""
        if self._thread.is_alive():
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._close(), self._loop))
            self._loop.call_soon_threadsafe(self._loop.stop)
            await asyncio.to_thread(self._thread.join)

    def client_of(self, server_side: int) -> int:
        """The port that a client came from, by the port that the server sees of it; KeyError where it is gone."""
        return self._pairs[server_side][0]

    def cut(self, share: float, dice: Random) -> int:
        """Cuts a share of the connections in whatever they are doing; how many."""
        doomed = [pair for pair in list(self._pairs.values()) if dice.random() < share]
        for _, *writers in doomed:
            for writer in writers:
                self._loop.call_soon_threadsafe(writer.transport.abort)
        return len(doomed)

    @contextmanager
    def slowed(self, latency_seconds: float = 0.0, bytes_per_second: int = 0) -> Iterator[None]:
        """Slow for as long as the block lasts."""
        self.latency_seconds, self.bytes_per_second = latency_seconds, bytes_per_second
        try:
            yield
        finally:
            self.latency_seconds, self.bytes_per_second = 0.0, 0

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._lead, HOST, 0, limit=_CHUNK)
        return int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut(2, Random(0))

    async def _lead(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection(HOST, self._to_port, limit=_CHUNK)
        except OSError:
            to_client.transport.abort()
            return
        came_from, seen_as = to_client.get_extra_info("peername")[1], to_server.get_extra_info("sockname")[1]
        self._pairs[seen_as] = (came_from, to_client, to_server)
        try:
            ways = [self._pump(from_client, to_server), self._pump(from_server, to_client)]
            tasks = [asyncio.ensure_future(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # PostgreSQL knows no half-closed session
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            del self._pairs[seen_as]
            for writer in (to_client, to_server):
                writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(_CHUNK):
                waits = self.latency_seconds
                if self.bytes_per_second:
                    waits += len(piece) / self.bytes_per_second
                if waits:
                    await asyncio.sleep(waits)
                writer.write(piece)
                await writer.drain()
