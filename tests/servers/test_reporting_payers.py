"""Who owes most: every payer once, the greatest outstanding first, by the facts that the filters leave."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from recouvra.contracts.event import Event
from tests.servers.reporting_at_work import (
    CreateDatabase,
    Reporting,
    affiliated,
    assessed,
    at,
    fact,
    received,
    reporting,
)

START = at("2026-02-01T00:00:00")
DAY = timedelta(days=1)
PAYERS = "/v1/payers"
FIELDS = ["payer_id", "payer_kind", "territory_code", "name"]
FIELDS += ["assessed_xof", "received_xof", "outstanding_xof", "collection_rate"]


@pytest_asyncio.fixture(scope="module")
async def owing(postgres: CreateDatabase) -> AsyncIterator[Reporting]:
    """Thirty payers of whom many owe the same, over three days of knowledge; every third moved to region 09."""
    async with reporting(postgres) as it:
        for record in (fact(event, START + DAY * day) for day, event in history()):
            await it.feed(record)
        await it.complete()
        yield it


def history() -> list[tuple[int, Event]]:
    """(day, fact), in order."""
    dice = random.Random(5)
    facts: list[tuple[int, Event]] = []
    for n in range(30):
        payer, place = f"P{n:02}", f"0{1 + n % 2}01"
        facts.append((0, affiliated(payer, territory=place, name=f"Mairie {n}")))
        facts += [(0, assessed(payer, period, 1_000, territory=place)) for period in ("2025-12", "2026-01")]
        facts.append((1, received(payer, "2026-01", dice.choice((0, 500, 1_000)), territory=place)))
        if n % 3 == 0:
            facts.append((2, affiliated(payer, "private_employer", "0902", name="名" * 1_000)))
        if n % 10 == 0:
            facts.append((2, received(payer, "2026-01", -100, territory=place, payment_id="P-2")))
    return sorted([*facts, (0, affiliated("SILENT"))], key=lambda known: known[0])


def expected(day: int, region: str = "", first: str = "0001-01") -> list[dict[str, Any]]:
    """The rows as known at a day's first instant, from the facts alone."""
    owed: dict[str, list[int]] = {}
    last: dict[str, Any] = {}
    for known, event in history():
        said = event.model_dump()
        if known <= day and "name" in said:
            last[said["payer_id"]] = said
        elif known <= day and said["period"] >= first and said["territory_code"].startswith(region):
            sums = owed.setdefault(said["payer_id"], [0, 0])
            sums[0] += said.get("assessed_xof", 0)
            sums[1] += said.get("received_xof", 0)
    rows = [
        {name: last[payer][name] for name in FIELDS[:4]}
        | {"assessed_xof": due, "received_xof": paid, "outstanding_xof": due - paid}
        for payer, (due, paid) in owed.items()
    ]
    return sorted(rows, key=lambda row: (-row["outstanding_xof"], row["payer_id"]))


def without_rate(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without their rates, whose rounding is tried elsewhere."""
    return [{name: value for name, value in row.items() if name != "collection_rate"} for row in rows]


@pytest.mark.parametrize("day", [0, 1, 2])
async def test_payers_come_by_what_they_owe_then_by_id_as_they_were_last_known(owing: Reporting, day: int) -> None:
    as_of = (START + DAY * day).isoformat()
    body = (await owing.get(PAYERS, as_of=as_of)).json()
    assert list(body["rows"][0]) == FIELDS
    assert without_rate(body["rows"]) == expected(day)
    for limit in (1, 7):
        assert await owing.rows(PAYERS, as_of=as_of, limit=limit) == body["rows"]


async def test_a_filter_is_held_against_the_facts_so_that_the_sums_are_those_of_the_collection_rates(
    owing: Reporting,
) -> None:
    for query in ({"region": "01"}, {"payer_kind": "local_authority"}, {"period_from": "2026-01"}, {"payer_id": "P03"}):
        total = (await owing.get(PAYERS, **query)).json()["total"]
        rates = (await owing.get("/v1/collection-rates", **query)).json()["total"]
        assert total == {name: rates[name] for name in FIELDS[4:]}
        by_payer = await owing.rows("/v1/collection-rates", group_by="payer", **query)
        rows = await owing.rows(PAYERS, limit=5, **query)
        assert {row["payer_id"] for row in rows} == {row["payer_id"] for row in by_payer}
    assert without_rate(await owing.rows(PAYERS, region="01", period_from="2026-01")) == expected(2, "01", "2026-01")
    assert await owing.rows(PAYERS, region="09") == []


async def test_a_row_is_the_payers_own_page_and_one_without_facts_has_none(owing: Reporting) -> None:
    for row in (await owing.rows(PAYERS))[::7]:
        alone = (await owing.get(f"{PAYERS}/{row['payer_id']}")).json()
        assert row == {name: alone[name] for name in FIELDS}
    assert (await owing.get(PAYERS, payer_id="SILENT")).json()["rows"] == []
    assert (await owing.get(f"{PAYERS}/SILENT")).status_code == 200


async def test_a_cursor_keeps_its_place_among_sums_beyond_64_bits_and_below_zero(postgres: CreateDatabase) -> None:
    async with reporting(postgres) as it:
        most = 10**18
        await it.feed(
            *(fact(assessed("BIG", "2026-01", most), START) for _ in range(12)),
            fact(assessed("NONE", "2026-01", 0), START),
            fact(received("OVER", "2026-01", 5), START),
        )
        await it.complete()
        rows = await it.rows(PAYERS, limit=1)
        assert [(row["payer_id"], row["outstanding_xof"]) for row in rows] == [
            ("BIG", 12 * most),
            ("NONE", 0),
            ("OVER", -5),
        ]
        assert [row["collection_rate"] for row in rows] == ["0.0000", None, None]
        assert [row["name"] for row in rows] == [None, None, None]
