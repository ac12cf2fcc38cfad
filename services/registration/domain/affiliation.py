"""Which of several records about a payer holds. Source: DEF-035."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.payer_affiliated import PayerAffiliated


@dataclass(frozen=True, slots=True)
class Affiliation:
    """What one record says of a payer: by whom and when it was said, and its terms as the fact tells them."""

    said_at: datetime
    source: str
    event_id: str
    terms: PayerAffiliated

    @classmethod
    def of(cls, request: AffiliationRequested, said_at: datetime, source: str, event_id: str) -> Affiliation:
        """What a request says, under the envelope that it came in."""
        terms = PayerAffiliated(
            payer_id=request.payer_id,
            payer_kind=request.payer_kind,
            name=request.name,
            territory_code=request.territory_code,
            filing_frequency=request.filing_frequency,
            affiliated_on=request.affiliated_on,
            closed_on=request.closed_on,
        )
        return cls(said_at, source, event_id, terms)

    def holds_over(self, other: Affiliation | None) -> bool:
        """Whether this is the one of both that holds: the later, texts compared bytewise. Source: DEF-035."""
        # Python compares texts by code point, which is the order of their UTF-8 bytes.
        return other is None or (self.said_at, self.source, self.event_id) > (
            other.said_at,
            other.source,
            other.event_id,
        )
