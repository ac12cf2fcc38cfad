"""Filling, with a broker and services of our own in memory: what is published when, and what is waited for."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import TopicPartition

from recouvra.contracts.registration_answered import RegistrationAnswered
from recouvra.contracts.registration_requested import RegistrationRequested
from recouvra.local.demonstration.calendar import months
from recouvra.local.demonstration.filling import Filling
from recouvra.local.demonstration.history import History, Month
from recouvra.local.demonstration.inbound import HireKey, Identity, Inbound, Upstream
from recouvra.local.demonstration.services import Gauges, Services
from recouvra.local.demonstration.topics import Topics
from recouvra.local.errors import LocalError
from tests.unit.demonstration.conftest import published


class TopicsInMemory(Topics):
    """Keeps what is published; every hire is answered at once."""

    def __init__(self) -> None:
        super().__init__("nowhere")
        self.held: list[Upstream] = []
        self.counts = Counter[str]()
        self.breaks_after = 10**9

    async def published(self) -> set[Identity]:
        """What was published."""
        return {one.identity for one in self.held}

    async def ends(self, topics: Collection[str]) -> dict[TopicPartition, int]:
        """One partition a topic."""
        return {TopicPartition(topic, 0): self.counts[topic] for topic in topics}

    async def publish(self, records: Sequence[Upstream]) -> None:
        """Takes them, until it breaks."""
        room = self.breaks_after - len(self.held)
        self.held += records[:room]
        self.counts.update(one.record().topic for one in records[:room])
        if room < len(records):
            raise LocalError("cassé", "broken")

    async def answers(self) -> dict[HireKey, RegistrationAnswered]:
        """A number for each hire."""
        said = [one.event for one in self.held if isinstance(one, Inbound)]
        asked = [event for event in said if isinstance(event, RegistrationRequested)]
        return {
            (hire.payer_id, hire.request_id): RegistrationAnswered(
                request_id=hire.request_id,
                payer_id=hire.payer_id,
                outcome="registered",
                insured_number=f"{hire.payer_id}:{hire.request_id}",
                anomalies=(),
            )
            for hire in asked
        }


class ServicesInMemory(Services):
    """Reads a part of what is there each time it is asked; `is_stuck`: never anything."""

    def __init__(self, topics: TopicsInMemory) -> None:
        super().__init__(httpx.AsyncClient(), {"contributions": "", "liquidation": ""})
        self._topics = topics
        self.is_stuck = False
        self.faults = 0
        self._read = dict[tuple[str, str], int]()
        self.taken_in: dict[str, int] = {}

    async def gauges(self, service: str) -> Gauges:
        """A stretch further than the last time; a fault first, where some are left."""
        if self.faults:
            self.faults -= 1
            raise LocalError("redémarre", "starting again")
        lines = ["recouvra_outbox_rows 0.0"]
        for topic, there in self._topics.counts.items():
            if not self.is_stuck:
                self._read[service, topic] = min(there, self._read.get((service, topic), 0) + 1_500)
            at = self._read.get((service, topic), 0)
            lines.append(f'recouvra_position{{partition="0",topic="{topic}"}} {at:.1f}')
        self.taken_in[service] = sum(at for (name, _), at in self._read.items() if name == service)
        return Gauges("\n".join(lines))

    async def ask(self, service: str, path: str, **query: str) -> Any:
        """Complete up to now."""
        return {"complete_up_to": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()}


@pytest.fixture(scope="module")
def history(history: History) -> History:
    """Four months of the local authorities: as good as all to try the filling by, and quicker."""
    return replace(history, months=tuple(of_authorities(month) for month in history.months[:4]))


def of_authorities(month: Month) -> Month:
    """What they declare, pay and ask, and the month's poison."""
    return replace(
        month,
        returns=tuple(one for one in month.returns if one.payer.kind == "local_authority"),
        forms=tuple(form for form in month.forms if form.of[0].startswith("COLL-")),
        others=tuple(one for one in month.others if keyed(one, "COLL-", "EMPL-")),
        registrations=tuple(one for one in month.registrations if keyed(one, "COLL-")),
    )


def keyed(one: Upstream, *prefixes: str) -> bool:
    """Whether a record's key begins so."""
    return (one.record().key or b"").decode().startswith(prefixes)


@pytest.fixture(scope="module")
def inbound(history: History) -> list[Upstream]:
    """Every record of these months."""
    return published(history)


async def fill(history: History, topics: TopicsInMemory, services: ServicesInMemory) -> tuple[int, list[str]]:
    """Fill, and how many were published, with the months in the order in which they were told."""
    told: list[str] = []
    patience_seconds = 0.1 if services.is_stuck else 60
    filling = Filling(history, topics, services, Path("logs"), patience_seconds)
    count = await filling.fill(lambda month, done, of: told.append(month))
    return count, told


async def test_months_are_published_in_their_order(history: History, inbound: Sequence[Upstream]) -> None:
    """Within a month what is declared and paid, in its order, before who is hired."""
    topics = TopicsInMemory()
    count, told = await fill(history, topics, ServicesInMemory(topics))
    assert [one.identity for one in topics.held] == [one.identity for one in inbound]
    assert count == len(inbound)
    assert [month for month in dict.fromkeys(told) if month] == list(months()[:4])


async def test_a_second_filling_publishes_nothing(history: History) -> None:
    """It finds every identity there."""
    topics = TopicsInMemory()
    await fill(history, topics, ServicesInMemory(topics))
    held = list(topics.held)
    count, _ = await fill(history, topics, ServicesInMemory(topics))
    assert count == 0
    assert topics.held == held


@pytest.mark.parametrize("after", [0, 1_000, 2_500, 2_800])
async def test_an_interrupted_filling_goes_on_where_it_stopped(
    history: History, inbound: Sequence[Upstream], after: int
) -> None:
    """Wherever it was interrupted, in the middle of a month too."""
    topics = TopicsInMemory()
    topics.breaks_after = after
    with pytest.raises(LocalError):
        await fill(history, topics, ServicesInMemory(topics))
    topics.breaks_after = 10**9
    await fill(history, topics, ServicesInMemory(topics))
    whole = {one.identity: one.record() for one in inbound}
    assert {one.identity: one.record() for one in topics.held} == whole


async def test_a_service_that_stands_still_is_named_with_its_log(history: History) -> None:
    """In one sentence, in both languages."""
    topics = TopicsInMemory()
    services = ServicesInMemory(topics)
    services.is_stuck = True
    with pytest.raises(LocalError) as stuck:
        await fill(history, topics, services)
    assert "logs/contributions-worker.log" in stuck.value.fr
    assert "logs/contributions-worker.log" in stuck.value.en


async def test_a_service_that_is_being_started_again_is_waited_for(history: History) -> None:
    """Its silence is no standstill until patience is at its end."""
    topics = TopicsInMemory()
    services = ServicesInMemory(topics)
    services.faults = 2
    await fill(history, topics, services)
    assert services.faults == 0
    assert topics.held


async def test_a_hire_without_number_is_said_in_one_sentence(history: History) -> None:
    """Instead of declaring somebody under no number."""

    class Unanswered(TopicsInMemory):
        async def answers(self) -> dict[HireKey, RegistrationAnswered]:
            return {}

    topics = Unanswered()
    with pytest.raises(LocalError, match="insured number"):
        await fill(history, topics, ServicesInMemory(topics))
