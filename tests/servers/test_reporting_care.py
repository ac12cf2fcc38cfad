"""Care forms: what the fund bears of them and how long they took, each form once, as of any instant."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
import pytest_asyncio

from recouvra.contracts.event import Event
from tests.servers.reporting_at_work import (
    CreateDatabase,
    Reporting,
    affiliated,
    at,
    batches,
    fact,
    liquidated,
    reporting,
)

START = at("2026-02-01T00:00:00")
CARE = "/v1/liquidation"
PLACES = {"A": ("state", "0301002"), "B": ("local_authority", "0301"), "C": ("private_employer", "09")}
KEYS = {"payer_kind": "payer_kind", "region": "region", "territory": "territory_code", "payer": "payer_id"}
KEYS |= {"provider_kind": "provider_kind", "care_kind": "care_kind", "reason": "reason"}
AMOUNTS = ("claimed_xof", "accepted_xof", "fund_share_xof", "co_payment_xof")
TERMS = {"pharmacy": 15, "laboratory": 30}  # LAW-052
Known = list[tuple[datetime, Event]]


@pytest_asyncio.fixture
async def empty(postgres: CreateDatabase) -> AsyncIterator[Reporting]:
    async with reporting(postgres) as it:
        yield it


def history() -> Known:
    """Three hundred forms of every kind, outcome and delay, of payers of whom one moves meanwhile."""
    dice = random.Random(9)
    known: Known = [(START, affiliated(payer, kind, place)) for payer, (kind, place) in PLACES.items()]
    codes = ["duplicate-form", "care-after-submission", "not-positive"]
    moment = START
    for n in range(300):
        moment += timedelta(minutes=dice.choice((0, 7, 300)))
        outcome = dice.choice(("accepted", "reduced", "rejected"))
        form = liquidated(
            f"F-{n}",
            dice.choice(("A", "B", "C", None)),
            days=dice.choice((-1, 0, 4, 14, 15, 16, 29, 30, 31, 200)),
            submitted_on=dice.choice((date(2010, 12, 31), date(2011, 1, 1), date(2026, 1, 5))),
            provider_kind=dice.choice(("pharmacy", "laboratory", "hospital", "cscom")),
            care_kind=dice.choice(("ambulatory", "hospital")),
            outcome=outcome,
            reasons=[] if outcome == "accepted" else dice.sample(codes, dice.choice((0, 1, 2, 3))),
            **dict.fromkeys(AMOUNTS, dice.randrange(100_000)),
        )
        known.append((moment, form))
        if n == 150:
            known.append((moment, affiliated("B", "private_employer", "0902")))
    return known


def expected(known: Known, as_of: datetime, group_by: list[str], **filters: str) -> list[dict[str, Any]]:
    """The rows, and the total last, from the facts alone."""
    heard = [said for when, event in known if when <= as_of and (said := event.model_dump(mode="json"))]
    payers = {said["payer_id"]: said for said in heard if "name" in said}
    names = [*(KEYS[name] for name in KEYS if name in group_by), "outcome"]
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    total: list[dict[str, Any]] = []
    for form in (said for said in heard if "form_serial" in said):
        payer = payers.get(form["payer_id"], {"payer_kind": None, "territory_code": None})
        form |= {"payer_kind": payer["payer_kind"], "territory_code": payer["territory_code"]}
        form["region"] = form["territory_code"] and form["territory_code"][:2]
        if any(form[name] != value for name, value in filters.items()):
            continue
        total.append(form)
        for reason in (form["reasons"] or [None]) if "reason" in group_by else [None]:
            groups.setdefault(tuple((form | {"reason": reason})[name] for name in names), []).append(form)
    rows = [
        dict(zip(names, key, strict=True)) | figures(groups[key])
        for key in sorted(groups, key=lambda key: [value or "" for value in key])
    ]
    return [*rows, figures(total)]


def figures(forms: list[dict[str, Any]]) -> dict[str, Any]:
    """What a row says of these forms."""
    delays = sorted(days(form) for form in forms)
    termed = [form for form in forms if form["submitted_on"] >= "2011-01-01" and form["provider_kind"] in TERMS]
    within = sum(days(form) <= TERMS[form["provider_kind"]] for form in termed)
    share = (Decimal(within) / (len(termed) or 1)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
    return {
        "forms": len(forms),
        **{name: sum(form[name] for form in forms) for name in AMOUNTS},
        "delay_p50_days": delays[(len(delays) - 1) // 2] if delays else None,
        "delay_p90_days": delays[-(-len(delays) * 9 // 10) - 1] if delays else None,
        "within_term_share": str(share) if termed else None,
    }


def days(form: dict[str, Any]) -> int:
    """From the day of deposit to the day of liquidation."""
    return (date.fromisoformat(form["liquidated_on"]) - date.fromisoformat(form["submitted_on"])).days


async def test_care_forms_are_summed_by_any_grouping_at_any_instant(postgres: CreateDatabase) -> None:
    known = history()
    instants = [known[-1][0], known[120][0], known[20][0], START, START - timedelta(seconds=1)]
    groupings = [[], ["provider_kind"], ["reason"], ["care_kind", "region"], ["payer"], list(KEYS)]
    async with reporting(postgres) as it:
        for batch in batches([fact(event, when) for when, event in known], (1, 30, 7)):
            await it.feed(*batch)
        await it.complete()
        for instant in instants:
            for groups in groupings:
                *rows, total = expected(known, instant, groups)
                query: dict[str, Any] = {"as_of": instant.isoformat(), "group_by": groups}
                assert await it.rows(CARE, limit=40, **query) == rows
                assert (await it.get(CARE, **query)).json()["total"] == total


@pytest.mark.parametrize(
    "query",
    [
        {"payer_kind": "state"},
        {"region": "03"},
        {"region": "09"},
        {"payer_id": "C"},
        {"payer_id": "B", "region": "03"},
        {"payer_id": "nobody"},
    ],
)
async def test_a_filter_on_the_payer_is_held_against_what_was_last_known_of_it(
    empty: Reporting, query: dict[str, str]
) -> None:
    known = history()
    await empty.feed(*(fact(event, when) for when, event in known))
    await empty.complete()
    for instant in (known[-1][0], known[100][0]):
        *rows, total = expected(known, instant, ["provider_kind"], **query)
        body = (await empty.get(CARE, as_of=instant.isoformat(), group_by="provider_kind", **query)).json()
        assert (body["rows"], body["total"]) == (rows, total)


async def test_a_form_refused_for_two_reasons_stands_in_both_rows_and_once_in_the_total(empty: Reporting) -> None:
    refused: dict[str, Any] = {"outcome": "rejected", "accepted_xof": 0, "fund_share_xof": 0, "co_payment_xof": 0}
    await empty.feed(
        fact(liquidated("F-1", days=2, reasons=["not-positive", "duplicate-form"], **refused), START),
        fact(liquidated("F-2", days=8, reasons=["not-positive"], **refused), START),
        fact(liquidated("F-3", days=20), START),
    )
    await empty.complete()
    body = (await empty.get(CARE, group_by="reason")).json()
    assert [(row["reason"], row["outcome"], row["forms"], row["delay_p50_days"]) for row in body["rows"]] == [
        (None, "accepted", 1, 20),
        ("duplicate-form", "rejected", 1, 2),
        ("not-positive", "rejected", 2, 2),
    ]
    assert (body["total"]["forms"], body["total"]["claimed_xof"], body["total"]["delay_p90_days"]) == (3, 3_000, 20)
    assert body["total"]["within_term_share"] == "0.6667"


async def test_a_form_is_within_its_term_on_the_last_day_and_late_on_the_next(empty: Reporting) -> None:
    for n, (kind, took) in enumerate([("pharmacy", 15), ("pharmacy", 16), ("laboratory", 30), ("laboratory", 31)]):
        await empty.feed(fact(liquidated(f"F-{n}", days=took, provider_kind=kind), START))
    await empty.feed(fact(liquidated("F-9", days=900, provider_kind="hospital"), START))
    await empty.complete()
    rows = await empty.rows(CARE, group_by="provider_kind")
    assert {row["provider_kind"]: row["within_term_share"] for row in rows} == {
        "hospital": None,
        "laboratory": "0.5000",
        "pharmacy": "0.5000",
    }
    assert (await empty.get(CARE)).json()["total"]["within_term_share"] == "0.5000"


async def test_where_no_form_was_liquidated_nothing_is_said_of_delays(empty: Reporting) -> None:
    await empty.complete()
    body = (await empty.get(CARE, group_by="reason")).json()
    assert body["rows"] == []
    assert body["total"] == figures([])
