"""A made country, published in waves for as long as a block lasts, whatever happens to the broker meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from random import Random

from aiokafka.errors import KafkaError

from tests.builders import Draft
from tests.stack.running import publish
from tests.standing.polling import turn

_WAVE = (5, 50)  # records
_PAUSE_SECONDS = (0.1, 0.8)


class Load:
    """Publishes drafts in their order, and once they are all out, some of them again, byte for byte.

    A wave that the broker did not acknowledge whole is sent again: some of its records then stand on the topics twice.
    """

    def __init__(self, bootstrap: str, drafts: Sequence[Draft], dice: Random) -> None:
        self._bootstrap, self._drafts, self._dice = bootstrap, drafts, dice
        self._next = 0
        self._on = False
        self._task: asyncio.Task[None] | None = None
        self.published = 0

    async def __aenter__(self) -> Load:
        self._on, self._task = True, asyncio.create_task(self._publish())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Returns when the wave that is under way is out."""
        self._on = False
        if self._task is not None:
            await self._task

    async def rest(self) -> None:
        """Publishes whatever of the country is not out yet."""
        await self.send(self._drafts[self._next :])
        self._next = len(self._drafts)

    async def send(self, drafts: Sequence[Draft], deadline_seconds: float = 300) -> None:
        """Publishes drafts until the broker has acknowledged them all."""
        async with asyncio.timeout(deadline_seconds):
            while drafts:
                with suppress(KafkaError, TimeoutError, OSError):
                    await publish(self._bootstrap, drafts)
                    self.published += len(drafts)
                    return
                await turn(0.3)

    async def _publish(self) -> None:
        while self._on:
            await self.send(self._wave())
            await turn(self._dice.uniform(*_PAUSE_SECONDS))

    def _wave(self) -> Sequence[Draft]:
        size = self._dice.randint(*_WAVE)
        wave = self._drafts[self._next : self._next + size]
        self._next += len(wave)
        return wave or self._dice.sample(self._drafts, min(size, len(self._drafts)))
