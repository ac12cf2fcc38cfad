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


class Filling:
    """One history on its way into one stack.

    `logs` is where the services write what goes wrong, None where that is another machine's; `patience_seconds`, how
    long one may stand still.
    """

    def __init__(
        self, history: History, topics: Topics, services: Services, logs: Path | None, patience_seconds: float = 60
    ) -> None:
        self._history, self._topics, self._services, self._logs = history, topics, services, logs
        self._patience_seconds = patience_seconds

    async def fill(self, told: Told) -> int:
        """Publish what is missing and wait until reporting is complete; how many events were published.

        Raises LocalError when Kafka refuses, a service does not answer, or one stops getting on.
        """
        present = await self._topics.published()
        missing = [
            [name for name in month.reported_identities if name not in present] for month in self._history.months
        ]
        asked = [[one for one in month.registrations if one.identity not in present] for month in self._history.months]
        count = sum(map(len, missing)) + sum(map(len, asked))
        done = 0
        await self._all_taken_in()  # what an earlier filling, interrupted, had published
        for month, names, hires in zip(self._history.months, missing, asked, strict=True):
            told(month.month, done, count)
            if names:
                reported = month.reported(await self._number_of())
                await self._topics.publish([one for one in reported if one.identity not in present])
                await self._taken_in(*self._who_decides)
                done += len(names)
                told(month.month, done, count)
            if hires:
                await self._topics.publish(hires)
                await self._all_taken_in()
                done += len(hires)
        told("", done, count)
        await self._all_taken_in()
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

    async def _all_taken_in(self) -> None:
        await self._taken_in("registration")
        await self._taken_in(*self._who_decides)  # after it, because they read what registration publishes

    @property
    def _who_decides(self) -> list[str]:
        return [name for name in ("contributions", "liquidation") if name in self._services.urls]

    async def _taken_in(self, *services: str) -> None:
        """Wait until these services have read all that their topics hold now, and published what follows from it."""
        await asyncio.gather(*map(self._taken_in_by, services))

    async def _taken_in_by(self, service: str) -> None:
        ends = {(tp.topic, tp.partition): end for tp, end in (await self._topics.ends(READS[service])).items() if end}

        async def left_to_do() -> int:
            gauges = await self._services.gauges(service)
            stands = {(of["topic"], int(of["partition"])): at for of, at in gauges.of("recouvra_position")}
            if unread := sum(max(0, int(end - stands.get(place, 0))) for place, end in ends.items()):
                return unread
            # The positions first, then the outbox: what they brought about is in it as soon as they have moved.
            return -(await self._services.gauges(service)).sum_of("recouvra_outbox_rows")

        await self._until(left_to_do, service)

    async def _reported(self, at: datetime) -> None:
        """Wait until reporting is complete up to an instant by which every fact was published."""

        async def incomplete_at() -> str | None:
            up_to: str | None = (await self._services.ask("reporting", "/v1/collection-rates"))["complete_up_to"]
            return (up_to or "-") if up_to is None or datetime.fromisoformat(up_to) < at else None

        await self._until(incomplete_at, "reporting")

    async def _until(self, left: Callable[[], Awaitable[object]], service: str) -> None:
        """Wait until nothing (0 or None) is left; LocalError once what is left has not changed for too long."""
        was, fault, since = object(), None, time.monotonic()
        while True:
            try:
                now = await left()
                fault = None
            except LocalError as error:  # perhaps being started again
                now, fault = was, error
            if not now:
                return
            if now != was:
                was, since = now, time.monotonic()
            if time.monotonic() - since > self._patience_seconds:
                raise fault or self._stuck(service)
            await asyncio.sleep(_POLL_SECONDS)

    def _stuck(self, service: str) -> LocalError:
        log = f"{self._logs}/{service}-worker.log" if self._logs else None
        return LocalError(
            f"{service} n'avance plus depuis {self._patience_seconds:.0f} s : voyez {log or 'son journal'}, puis "
            "relancez.",
            f"{service} has not got on for {self._patience_seconds:.0f} s: see {log or 'its log'}, then start again.",
        )
