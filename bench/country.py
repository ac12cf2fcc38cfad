"""A country's facts on their topics, as if a fund had published them: what reporting alone is measured with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bench.ground import Fund
from bench.made import Made
from bench.reports_history import Country
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.event import Event

_LATER = datetime(2027, 1, 1, tzinfo=UTC)
_KEPT = 20_000
_ABSENT = ("registration", "contributions", "liquidation")


class Facts:
    """Publishes a country's facts, then more of the same kind for as long as they are wanted."""

    def __init__(self, payers: int, periods: int) -> None:
        self._country = Country(payers, periods)
        self._receipts: list[ContributionReceived] = []
        self._more = itertools.count()

    def publish(self, fund: Fund) -> int:
        """All of them in the order of their knowledge times, and marks that say that they are all; how many."""
        count = 0
        for day in self._country.days():
            for fact in day:
                fund.publisher.send(_made(fact.event), fact.envelope.time)
                if isinstance(fact.event, ContributionReceived) and len(self._receipts) < _KEPT:
                    self._receipts.append(fact.event)
            count += len(day)
        fund.publisher.flush()
        for absent in _ABSENT:
            fund.publisher.mark(absent)
        return count

    def publish_more(self, fund: Fund, count: int) -> None:
        """So many receipts of one franc, known later than all others, each of a pair that has one already."""
        for number in itertools.islice(self._more, count):
            receipt = self._receipts[number * 7_919 % len(self._receipts)]
            again = receipt.model_copy(update={"payment_id": f"MORE-{number}", "received_xof": 1})
            fund.publisher.send(_made(again), _LATER + timedelta(seconds=number))
        fund.publisher.flush()


def _made(event: Event) -> Made:
    return Made(event.topic, event.key.encode(), event.to_json(), event.event_type(), "/contributions")


def topics() -> Iterator[str]:
    """Where a country's facts stand."""
    yield from ("payer-affiliated", "contribution-assessed", "contribution-received")
