"""Why the collection rate moved between two instants: `/v1/bridge` recomputed from the published facts."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Any

from tests.recount.reports import Facts, as_of, known, passes, until

BASES = {"declared": "declared", "replacement": "replaced", "estimated": "estimated", "adjustment": "adjusted"}


def bridge(
    facts: Facts, first: datetime | date, last: datetime | date, **filters: str | None
) -> dict[str, int | str | None]:
    """Return the one row of `/v1/bridge`: both ends as `/v1/collection-rates` tells them, and what lies between.

    What came between is netted per payer, period and payment, so that money that only passed through counts nowhere.
    """
    before, after = (as_of(facts, at, (), **filters)[0] for at in (first, last))
    moved = dict.fromkeys(BASES.values(), 0)
    nets: dict[tuple[Any, ...], int] = defaultdict(int)
    for fact in known(facts, last):
        body = fact.body
        if fact.known_at <= until(first):
            continue
        if fact.topic == "contribution-assessed" and passes(body, filters):
            moved[BASES[body["basis"]]] += body["assessed_xof"]
        elif fact.topic == "contribution-received" and passes(body, filters):
            name = (body["payer_id"], body["period"], body["payment_source"], body["payment_id"])
            nets[name] += body["received_xof"]
    return {
        "assessed_from_xof": before["assessed_xof"],
        **{f"{name}_xof": xof for name, xof in moved.items()},
        "assessed_to_xof": after["assessed_xof"],
        "received_from_xof": before["received_xof"],
        "receipts_xof": sum(net for net in nets.values() if net > 0),
        "taken_back_xof": sum(net for net in nets.values() if net < 0),
        "received_to_xof": after["received_xof"],
        "rate_from": before["collection_rate"],
        "rate_to": after["collection_rate"],
    }
