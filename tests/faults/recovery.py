"""How long after a fault something new is seen again: from a record that is published now to the reports that tell it.

One payer, of whom nobody else speaks, is asked about in three reports: a hire of its (registration → reporting), a
payment of its (contributions → reporting), a care form of its one insured person (liquidation → reporting).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.builders import Draft, affiliation, care_form, hire, payment
from tests.faults.load import Load
from tests.recount.facts import Fact
from tests.standing.polling import turn

PAYER = "PROBE"
GOAL_SECONDS, SERVER_GOAL_SECONDS = 10, 30
_PATIENCE_SECONDS = 180


def first_words() -> list[Draft]:
    """What makes the payer and its insured person known."""
    return [affiliation(PAYER), hire(PAYER, "PROBE-0", family_name="Sonde", given_names="Zéro")]


@dataclass(frozen=True)
class Recovery:
    """One strike of a fault, and the seconds from its end until all three services' news stood in the reports."""

    fault: str
    seconds: float
    goal_seconds: int
    services: dict[str, float]

    @property
    def late(self) -> bool:
        """Whether it took longer than it should."""
        return self.seconds > self.goal_seconds


class Probe:
    """Publishes one more hire, payment and care form a time, and looks for them."""

    def __init__(self, reporting: str, load: Load, facts: Sequence[Fact]) -> None:
        self._reporting, self._load = reporting, load
        self._number = next(
            str(fact.body["insured_number"])
            for fact in facts
            if fact.topic == "person-registered" and fact.body["payer_id"] == PAYER
        )
        self._times = 0

    async def seconds_by_service(self, since: float) -> dict[str, float]:
        """Seconds from `since` (monotonic) until each service's news is seen; AssertionError where one never is."""
        self._times += 1
        n = self._times
        news = [
            hire(
                PAYER, f"PROBE-{n}", family_name=f"Sonde-{n}", given_names=f"N{n}", birth_date=f"19{10 + n % 90}-05-05"
            ),
            payment(PAYER, 1_000, payment_id=f"PROBE-{n}"),
            care_form(self._number, form_serial=f"PROBE-{n}"),
        ]
        await self._load.send(news)
        wanted = {"registration": n + 1, "contributions": 1_000 * n, "liquidation": n}
        seen: dict[str, float] = {}
        deadline = time.monotonic() + _PATIENCE_SECONDS
        async with httpx.AsyncClient(base_url=self._reporting, timeout=5, trust_env=False) as http:
            while len(seen) < len(wanted):
                for service in wanted.keys() - seen.keys():
                    if await _told(http, service) >= wanted[service]:
                        seen[service] = round(time.monotonic() - since, 2)
                lacking = sorted(wanted.keys() - seen.keys())
                assert not lacking or time.monotonic() < deadline, f"nothing new of {lacking}, {_PATIENCE_SECONDS} s on"
                await turn(0.1)
        return seen


async def _told(http: httpx.AsyncClient, service: str) -> int:
    """What the service's report says of the payer now; -1 where it cannot be asked."""
    try:
        if service == "contributions":
            return int((await _asked(http, f"/v1/payers/{PAYER}"))["credit_xof"])
        if service == "liquidation":
            return int((await _asked(http, "/v1/liquidation", payer_id=PAYER))["total"]["forms"])
        return int((await _asked(http, "/v1/registrations", payer_id=PAYER))["total"]["insured"])
    except httpx.HTTPError:
        return -1


async def _asked(http: httpx.AsyncClient, path: str, **query: str) -> Any:
    return (await http.get(path, params=query)).raise_for_status().json()
