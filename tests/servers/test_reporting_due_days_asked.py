"""What may be asked of the reports of due days, and in which forms they answer."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio

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

KNOWN = at("2026-02-10T00:00:00")
BRIDGE = {"from": "2026-01-01", "to": "2026-02-20"}
REPORTS: dict[str, dict[str, Any]] = {
    "/v1/timeliness": {"group_by": ["payer", "period"]},
    "/v1/unpaid-rates": {},
    "/v1/arrears": {"group_by": ["payer", "period"]},
    "/v1/cohorts": {"group_by": "payer"},
    "/v1/bridge": BRIDGE,
}


@pytest_asyncio.fixture(scope="module")
async def fund(postgres: CreateDatabase) -> AsyncIterator[Reporting]:
    """Seven payers, two periods each, all of the same due day, and half of the money."""
    async with reporting(postgres) as it:
        for n in range(7):
            for period in ("2025-12", "2026-01"):
                await it.feed(
                    fact(affiliated(f"P{n}"), KNOWN),
                    fact(assessed(f"P{n}", period, 1_000), KNOWN + timedelta(days=n)),
                    fact(received(f"P{n}", period, 500, received_on=date(2026, 2, 1)), KNOWN + timedelta(days=n)),
                )
        await it.complete("2026-06-01T00:00:00Z")
        yield it


@pytest.mark.parametrize(
    ("path", "query", "pointers"),
    [
        ("/v1/bridge", {}, ["/query/from"]),
        ("/v1/bridge", {"from": "2026-02-01", "to": "soon"}, ["/query/to"]),
        ("/v1/bridge", {"from": "2026-02-01", "to": "2026-01-31"}, ["/query/from"]),
        ("/v1/bridge", BRIDGE | {"as_of": "2026-02-01"}, ["/query/as_of"]),
        ("/v1/bridge", BRIDGE | {"group_by": "payer"}, ["/query/group_by"]),
        ("/v1/unpaid-rates", {"group_by": "payer"}, ["/query/group_by"]),
        ("/v1/timeliness", {"group_by": "month"}, ["/query/group_by/0"]),
        ("/v1/arrears", {"from": "2026-01-01"}, ["/query/from"]),
        ("/v1/cohorts", {"as_of": "2026-02-30"}, ["/query/as_of"]),
        ("/v1/cohorts", {"period_from": "2026-13"}, ["/query/period_from"]),
        ("/v1/arrears", {"region": "1"}, ["/query/region"]),
    ],
)
async def test_what_means_nothing_is_refused_with_a_pointer_and_a_sentence(
    fund: Reporting, path: str, query: dict[str, str], pointers: list[str]
) -> None:
    answer = await fund.get(path, **query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["pointer"] for fault in answer.json()["errors"]] == pointers
    assert all(len(value) < 5 or value not in answer.text for value in query.values())


async def test_a_bridge_that_goes_backwards_is_refused_in_words(fund: Reporting) -> None:
    backwards = {"from": "2026-02-01", "to": "2026-01-31"}
    french = (await fund.get("/v1/bridge", **backwards)).json()
    english = (await fund.get("/v1/bridge", **backwards, lang="en")).json()
    assert french["title"] == "`from` est après `to` : donnez d'abord l'instant le plus ancien."
    assert english["title"] == "`from` is later than `to`: give the earlier instant first."


@pytest.mark.parametrize(("path", "query"), REPORTS.items())
async def test_pages_files_and_tags_tell_one_and_the_same_answer(
    fund: Reporting, path: str, query: dict[str, Any]
) -> None:
    answer = await fund.get(path, **query, limit=500)
    body = answer.json()
    assert await fund.rows(path, **query, limit=1) == body["rows"] != []
    lines = (await fund.get(path, **query, format="csv")).text.removeprefix("\ufeff")
    told = list(csv.DictReader(io.StringIO(lines)))
    assert [list(row) for row in told] == [list(row) for row in body["rows"]]
    assert told == [{k: "" if v is None else str(v) for k, v in row.items()} for row in body["rows"]]
    for form in ("xlsx", "parquet"):
        assert (await fund.get(path, **query, format=form)).status_code == 200
    again = await fund.get(path, {"If-None-Match": answer.headers["etag"]}, **query, limit=500)
    assert (again.status_code, again.headers["vary"]) == (304, "Accept")
    other = await fund.get(path, **query | ({"to": "2026-02-11"} if "to" in query else {"as_of": "2026-02-11"}))
    assert other.headers["etag"] != answer.headers["etag"]
