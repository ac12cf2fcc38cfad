"""Two slices of records in hand: one is read while the database takes in the one before it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import Context

from recouvra.chassis.decoding import NOTHING, Decoded
from recouvra.contracts.record import Record

log = logging.getLogger(__name__)


class Ahead:
    """Has slices decoded at once, and taken in one after the other.

    Args:
        read: decodes a slice; what it raises will be raised again when the slice is taken in, which then decodes it.
        take: takes a slice in, given what is decoded of it.
    """

    def __init__(
        self,
        read: Callable[[list[Record]], Awaitable[Decoded]],
        take: Callable[[list[Record], Decoded], Awaitable[None]],
    ) -> None:
        self._read, self._take = read, take
        self._taking: asyncio.Task[None] | None = None

    async def hand(self, records: list[Record]) -> None:
        """Comes back when these are being taken in, and all before them are."""
        read = asyncio.ensure_future(self._read(records))
        await self.settled()
        # In a context of its own: FastStream's has the delivery, and asyncpg's timers, one of 20 s for each statement
        # that it keeps, hold the context in which they were set, and with it the delivery's records.
        self._taking = asyncio.create_task(self._decoded_and_taken(records, read), context=Context())

    async def settled(self) -> None:
        """Waits until what is in hand is taken in."""
        if self._taking is not None:
            await asyncio.wait({self._taking})

    @property
    def is_busy(self) -> bool:
        """Whether a slice is being taken in."""
        return self._taking is not None and not self._taking.done()

    async def _decoded_and_taken(self, records: list[Record], read: asyncio.Future[Decoded]) -> None:
        try:
            decoded = await read
        except Exception as error:
            log.info("not read ahead: %r", error)
            decoded = NOTHING
        await self._take(records, decoded)
