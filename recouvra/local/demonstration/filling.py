"""Filling a running stack with the history: only what it does not hold yet, month by month.

Each month is taken in whole before the next is published, so that the services know things in the order in which they
happened, and a figure as of a past month's end is what was known then.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from recouvra.contracts.topics import READS
from recouvra.local.demonstration.history import History
from recouvra.local.demonstration.inbound import HireKey
from recouvra.local.demonstration.services import Services
from recouvra.local.demonstration.topics import Topics
from recouvra.local.errors import LocalError

Told = Callable[[str, int, int], None]
"""Takes the month that is being filled, and how many events of how many are taken in."""

_POLL_SECONDS = 0.1
_PATIENCE_SECONDS = 120.0


class Filling:
    """One history on its way into one stack; `logs` is where the services write what goes wrong."""

    def __init__(self, history: History, topics: Topics, services: Services, logs: Path) -> None:
        self._history, self._topics, self._services, self._logs = history, topics, services, logs

    async def fill(self, told: Told) -> int:
        """Publish what is missing and wait until reporting is complete; how many events were published.

        Raises LocalError when Kafka refuses, a service does not answer, or one stops getting on.
        """
        present = await self._topics.published()
        missing = [set(month.declared_and_paid_identities) - present for month in self._history.months]
        asked = [[one for one in month.registrations if one.identity not in present] for month in self._history.months]
        count = sum(map(len, [*missing, *asked]))
        done = 0
        for month, names, hires in zip(self._history.months, missing, asked, strict=True):
            told(month.month, done, count)
            if names:
                inbound = month.declared_and_paid(await self._number_of())
                await self._topics.publish([one for one in inbound if one.identity in names])
                await self._taken_in("contributions")
                done += len(names)
                told(month.month, done, count)
            if hires:
                await self._topics.publish(hires)
                await self._taken_in("registration")
                await self._taken_in("contributions")
                done += len(hires)
        told("", done, count)
        for service in ("registration", "contributions"):
            await self._taken_in(service)
        await self._reported(datetime.now(UTC))
        return count

    async def _number_of(self) -> Callable[[HireKey], str]:
        answers = await self._topics.answers()

        def number_of(key: HireKey) -> str:
            answer = answers.get(key)
            if answer is None or answer.insured_number is None:
                raise LocalError(
                    f"L'embauche {key[1]} de {key[0]} n'a pas reçu de numéro d'assuré.",
                    f"The hire {key[1]} of {key[0]} was given no insured number.",
                )
            return answer.insured_number

        return number_of

    async def _taken_in(self, service: str) -> None:
        """Wait until a service has read all that its topics hold now, and published what follows from it."""
        ends = {(tp.topic, tp.partition): end for tp, end in (await self._topics.ends(READS[service])).items() if end}

        async def is_taken_in() -> bool:
            gauges = await self._services.gauges(service)
            stands = {(of["topic"], int(of["partition"])): at for of, at in gauges.of("recouvra_position")}
            if any(stands.get(place, 0) < end for place, end in ends.items()):
                return False
            # The positions first, then the outbox: what they brought about is in it as soon as they have moved.
            return (await self._services.gauges(service)).sum_of("recouvra_outbox_rows") == 0

        await self._until(is_taken_in, service)

    async def _reported(self, at: datetime) -> None:
        """Wait until reporting is complete up to an instant by which every fact was published."""

        async def is_complete() -> bool:
            up_to = (await self._services.ask("reporting", "/v1/collection-rates"))["complete_up_to"]
            return up_to is not None and datetime.fromisoformat(up_to) >= at

        await self._until(is_complete, "reporting")

    async def _until(self, is_so: Callable[[], Awaitable[bool]], service: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not await is_so():
            if time.monotonic() > deadline:
                log = self._logs / f"{service}-worker.log"
                raise LocalError(
                    f"{service} n'avance plus depuis {_PATIENCE_SECONDS:.0f} s : voyez {log}, puis relancez.",
                    f"{service} has not got on for {_PATIENCE_SECONDS:.0f} s: see {log}, then start again.",
                )
            await asyncio.sleep(_POLL_SECONDS)
