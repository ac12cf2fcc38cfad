"""The reports of a stack, compared with sums over its facts: now, and as of past instants."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tests.oracle import Fact, PublishedRecord, as_of, facts_of, instants, money
from tests.recount.reports import DIMENSIONS, known
from tests.recount.reports_of_pairs import (
    arrears,
    cohorts,
    cohorts_total,
    timeliness,
    unpaid_rates,
    unpaid_rates_total,
)
from tests.stack.countries import rows
from tests.stack.running import Up, ask, eventually

_CARE = ("forms", "claimed_xof", "accepted_xof", "fund_share_xof", "co_payment_xof")
_PAST, _PAST_DUE_DAYS = 20, 3  # instants


async def reports_agree(stack: Up, facts: Sequence[PublishedRecord], seed: int) -> None:
    """Compares the reports once they tell of all facts; AssertionError says which, as of when, and how grouped."""
    once = facts_of(facts)
    chosen = random.Random(seed)
    last = max(instants(once))

    async def all_read() -> None:
        body = (await ask(stack, "reporting", "/v1/freshness")).json()
        assert all(topic["lag_records"] in (0, None) for topic in body["topics"])  # inbound topics have none
        assert body["complete_up_to"] >= last.isoformat()[:26]

    await eventually(all_read)
    past = chosen.sample(sorted(set(instants(once))), _PAST)
    for at in [None, *past]:
        asked = {} if at is None else {"as_of": at.isoformat()}
        groups = chosen.sample(list(DIMENSIONS), chosen.randrange(4))
        filters = {"payer_kind": "local_authority"} if chosen.random() < 0.4 else {}
        told, total, _ = await _told(stack, "/v1/collection-rates", group_by=groups, **asked, **filters)
        assert told == as_of(once, at, groups, **filters), (at, groups, filters)
        assert total == as_of(once, at, (), **filters)[0], (at, filters)
        assert (await _told(stack, "/v1/money", **asked))[0] == money(once, at), at
        await _people_and_care_agree(stack, once, at, asked)
    for at in [None, *past[:_PAST_DUE_DAYS]]:
        await _due_days_agree(stack, once, chosen.sample(list(DIMENSIONS), chosen.randrange(3)), at)


async def complete(stack: Up) -> tuple[datetime, Any]:
    """Up to when all is known now, and the total as of then, which nothing may change (DEF-007)."""
    at = (await ask(stack, "reporting", "/v1/collection-rates")).json()["complete_up_to"]
    body = (await ask(stack, "reporting", "/v1/collection-rates", as_of=at)).json()
    return datetime.fromisoformat(at), body["total"]


async def _told(stack: Up, path: str, **asked: Any) -> tuple[list[dict[str, Any]], Any, datetime]:
    """All rows of a report, page by page; its total, and the instant as of which it was asked."""
    asked |= {"limit": 500}
    first = (await ask(stack, "reporting", path, **asked)).json()
    found = list(first["rows"])
    if first["next"] is not None:
        found += await rows(stack, "reporting", path, cursor=first["next"], **asked)
    return found, first["total"], datetime.fromisoformat(first["as_of"])


async def _people_and_care_agree(
    stack: Up, once: Sequence[Fact], at: datetime | None, asked: Mapping[str, str]
) -> None:
    """Compares care forms by payer and outcome, and persons by the payer and month that were last told."""
    care, people = Counter[tuple[Any, ...]](), dict[str, Mapping[str, Any]]()
    for fact in known(once, at):
        if fact.topic == "form-liquidated":
            for name, value in zip(_CARE, (1, *(fact.body[name] for name in _CARE[1:])), strict=True):
                care[fact.body["payer_id"], fact.body["outcome"], name] += value
        elif fact.topic == "person-registered":
            people[fact.body["insured_number"]] = fact.body
    found, _, _ = await _told(stack, "/v1/liquidation", group_by="payer", **asked)
    told = {(row["payer_id"], row["outcome"], name): row[name] for row in found for name in _CARE}
    assert told == care, at
    hired = Counter((body["payer_id"], body["registered_on"][:7]) for body in people.values())
    found, _, _ = await _told(stack, "/v1/registrations", group_by="payer", **asked)
    assert {(row["payer_id"], row["month"]): row["insured"] for row in found} == hired, at
    assert len(found) == len(hired), at


async def _due_days_agree(stack: Up, once: Sequence[Fact], groups: Sequence[str], at: datetime | None) -> None:
    """Compares what fell due: filed and paid on time, arrears by age, cohorts, unpaid rates."""
    asked = {} if at is None else {"as_of": at.isoformat()}
    found, total, now = await _told(stack, "/v1/timeliness", group_by=groups, **asked)
    assert (found, total) == (timeliness(once, now, groups), timeliness(once, now)[0]), (now, groups)
    found, total, now = await _told(stack, "/v1/arrears", group_by=groups, **asked)
    assert (found, total) == (arrears(once, now, groups), arrears(once, now)[0]), (now, groups)
    found, total, now = await _told(stack, "/v1/cohorts", group_by=groups, **asked)
    assert (found, total) == (cohorts(once, now, groups), cohorts_total(once, now)), (now, groups)
    found, total, now = await _told(stack, "/v1/unpaid-rates", **asked)
    assert (found, total) == (unpaid_rates(once, now), unpaid_rates_total(once, now)), now
