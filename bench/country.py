"""A country's further facts on their topic, as if contributions had published them: what is taken in meanwhile."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from bench.ground import Fund
from bench.made import Made
from bench.reports_history import Country
from recouvra.contracts.contribution_received import ContributionReceived

_LATER = datetime(2027, 1, 1, tzinfo=UTC)
_KEPT = 20_000
RECEIVED = ContributionReceived.topic


class Receipts:
    """More receipts of a country whose facts reporting holds already, for as long as they are wanted."""

    def __init__(self, country: Country) -> None:
        facts = (fact.event for day in country.days() for fact in day)
        known = (event for event in facts if isinstance(event, ContributionReceived))
        self._receipts = list(itertools.islice(known, _KEPT))
        self._more = itertools.count()

    def publish(self, fund: Fund, count: int) -> None:
        """So many of one franc, known later than all others, each of a pair that has one already."""
        for number in itertools.islice(self._more, count):
            receipt = self._receipts[number * 7_919 % len(self._receipts)]
            again = receipt.model_copy(update={"payment_id": f"MORE-{number}", "received_xof": 1})
            made = Made(again.topic, again.key.encode(), again.to_json(), again.event_type(), "/contributions")
            fund.publisher.send(made, _LATER + timedelta(seconds=number))
        fund.publisher.flush()
