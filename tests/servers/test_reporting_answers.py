"""How reports answer: instants, filters, pages, forms, and refusals that say what to correct."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
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

KNOWN = at("2026-02-01T12:00:00")
COMPLETE = "2026-02-20T08:00:00Z"
RATES = "/v1/collection-rates"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest_asyncio.fixture(scope="module")
async def filled(postgres: CreateDatabase) -> AsyncIterator[Reporting]:
    """Twelve payers of two kinds in regions 03 and 09, two months each; January's money for half of what is due."""
    async with reporting(postgres) as it:
        for n in range(12):
            payer, kind = f"P{n:02}", "state" if n % 2 else "private_employer"
            place = ("0301", "0302", "0901")[n % 3]
            await it.feed(
                fact(affiliated(payer, kind, place), KNOWN),
                fact(assessed(payer, "2025-12", 1_000, kind, place), KNOWN),
                fact(assessed(payer, "2026-01", 2_000, kind, place), KNOWN + timedelta(days=1)),
                fact(received(payer, "2026-01", 1_000, kind, place), KNOWN + timedelta(days=1)),
            )
        await it.complete(COMPLETE)
        yield it


async def _pointers(it: Reporting, path: str, **query: Any) -> list[str]:
    answer = await it.get(path, **query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    return [fault["pointer"] for fault in answer.json()["errors"]]


async def test_the_instant_answered_is_the_one_asked_never_later_than_what_is_complete(filled: Reporting) -> None:
    cases: list[tuple[dict[str, str], str]] = [
        ({}, COMPLETE),
        ({"as_of": "2030-01-01"}, COMPLETE),
        ({"as_of": "2026-02-20"}, COMPLETE),
        ({"as_of": "2026-02-19"}, "2026-02-19T23:59:59.999999Z"),
        ({"as_of": "2026-02-01T13:00:00.25+01:00"}, "2026-02-01T12:00:00.250000Z"),
        ({"as_of": "2026-02-01t12:00:00z"}, "2026-02-01T12:00:00Z"),
    ]
    for asked, answered in cases:
        body = (await filled.get(RATES, **asked)).json()
        assert (body["as_of"], body["complete_up_to"]) == (answered, COMPLETE)


async def test_a_plus_that_was_not_escaped_is_still_read_as_one(filled: Reporting) -> None:
    answer = await filled.client.get(f"{RATES}?as_of=2026-02-01T13:00:00+01:00")
    assert answer.json()["as_of"] == "2026-02-01T12:00:00Z"


async def test_a_date_holds_what_became_known_in_its_last_instant_and_not_the_next_days(
    postgres: CreateDatabase,
) -> None:
    async with reporting(postgres) as it:
        midnight = datetime(2026, 2, 2, tzinfo=UTC)
        await it.feed(
            fact(assessed("A", "2026-01", 1), midnight - timedelta(microseconds=1)),
            fact(assessed("A", "2026-01", 10), midnight),
        )
        await it.complete()
        for day, xof in (("2026-01-31", 0), ("2026-02-01", 1), ("2026-02-02", 11)):
            assert (await it.get(RATES, as_of=day)).json()["total"]["assessed_xof"] == xof


@pytest.mark.parametrize(
    "as_of",
    [
        "",
        "yesterday",
        "2026-02-30",
        "2026-02-01T12:00:00",
        "2026-02-01T25:00:00Z",
        "20260201",
        "1770000000",
        "0001-01-01T00:00:00+01:00",
    ],
)
@pytest.mark.parametrize(
    "path", [RATES, "/v1/money", "/v1/payers", "/v1/payers/P00", "/v1/liquidation", "/v1/registrations"]
)
async def test_an_instant_that_is_none_is_refused_with_a_pointer(filled: Reporting, path: str, as_of: str) -> None:
    assert await _pointers(filled, path, as_of=as_of) == ["/query/as_of"]


@pytest.mark.parametrize(
    ("query", "assessed_xof"),
    [
        ({}, 36_000),
        ({"payer_kind": "state"}, 18_000),
        ({"region": "03"}, 24_000),
        ({"territory": "03"}, 24_000),
        ({"territory": "0302"}, 12_000),
        ({"territory": "0"}, 36_000),
        ({"payer_id": "P05"}, 3_000),
        ({"payer_id": "nobody"}, 0),
        ({"period_from": "2026-01"}, 24_000),
        ({"period_to": "2025-12"}, 12_000),
        ({"period_from": "2025-12", "period_to": "2026-01"}, 36_000),
        ({"period_from": "2026-01", "period_to": "2025-12"}, 0),
        ({"region": "09", "payer_kind": "state", "period_to": "2025-12"}, 2_000),
    ],
)
async def test_a_filter_leaves_out_what_it_does_not_name(
    filled: Reporting, query: dict[str, str], assessed_xof: int
) -> None:
    body = (await filled.get(RATES, **query)).json()
    assert body["total"]["assessed_xof"] == assessed_xof
    assert body["rows"] == [body["total"]]


@pytest.mark.parametrize(
    ("path", "query", "pointer"),
    [
        ("/v1/money", {"period_from": "2026-01"}, "/query/period_from"),
        ("/v1/money", {"period_to": "2026-01"}, "/query/period_to"),
        ("/v1/money", {"group_by": "payer"}, "/query/group_by"),
        ("/v1/freshness", {"payer_id": "A"}, "/query/payer_id"),
        ("/v1/freshness", {"region": "03"}, "/query/region"),
        ("/v1/payers/P00", {"region": "03"}, "/query/region"),
        (RATES, {"colour": "red"}, "/query/colour"),
        (RATES, {"group_by": "month"}, "/query/group_by/0"),
        (RATES, {"payer_kind": "town"}, "/query/payer_kind"),
        (RATES, {"region": "3"}, "/query/region"),
        (RATES, {"region": "٠٣"}, "/query/region"),
        (RATES, {"region": "03\n"}, "/query/region"),
        (RATES, {"territory": "%"}, "/query/territory"),
        (RATES, {"payer_id": "a b"}, "/query/payer_id"),
        (RATES, {"period_from": "2026-13"}, "/query/period_from"),
        (RATES, {"limit": "0"}, "/query/limit"),
        (RATES, {"limit": "501"}, "/query/limit"),
        (RATES, {"format": "pdf"}, "/query/format"),
        ("/v1/payers/P00", {"format": "xlsx"}, "/query/format"),
        (RATES, {"lang": "de"}, "/query/lang"),
        (RATES, {"payer_id": ["P00", "P01"]}, "/query/payer_id"),
        (RATES, {"cursor": "x", "format": "csv"}, "/query/cursor"),
        (RATES, {"cursor": "x", "format": "parquet"}, "/query/cursor"),
        ("/v1/payers", {"group_by": "payer"}, "/query/group_by"),
        ("/v1/payers", {"period_from": "2026-13"}, "/query/period_from"),
        ("/v1/liquidation", {"period_from": "2026-01"}, "/query/period_from"),
        ("/v1/liquidation", {"period_to": "2026-01"}, "/query/period_to"),
        ("/v1/liquidation", {"group_by": "period"}, "/query/group_by/0"),
        ("/v1/liquidation", {"group_by": ["reason", "outcome"]}, "/query/group_by/1"),
        ("/v1/registrations", {"period_from": "2026-01"}, "/query/period_from"),
        ("/v1/registrations", {"period_to": "2026-01"}, "/query/period_to"),
        ("/v1/registrations", {"group_by": "provider_kind"}, "/query/group_by/0"),
    ],
)
async def test_what_means_nothing_to_a_report_is_refused_with_a_pointer_and_never_repeated(
    filled: Reporting, path: str, query: dict[str, Any], pointer: str
) -> None:
    assert await _pointers(filled, path, **query) == [pointer]
    if (
        isinstance(value := next(iter(query.values())), str)
        and len(value) > 3
        and path == RATES
        and "group" not in query
    ):
        assert f'"{value}"' not in (await filled.get(path, **query)).text


async def test_a_fault_is_told_in_the_callers_language(filled: Reporting) -> None:
    french = (await filled.get(RATES, limit="0", lang="fr")).json()
    english = (await filled.get(RATES, limit="0", lang="en")).json()
    assert french["errors"][0]["detail"] != english["errors"][0]["detail"]
    assert french["title"] != english["title"]


async def test_keys_come_in_one_order_however_they_are_asked_and_rows_are_sorted_by_them(filled: Reporting) -> None:
    asked = ["period", "payer", "territory", "region", "payer_kind", "period"]
    rows = await filled.rows(RATES, group_by=asked)
    keys = ["payer_kind", "region", "territory_code", "payer_id", "period"]
    assert list(rows[0]) == [*keys, "payers", "assessed_xof", "received_xof", "outstanding_xof", "collection_rate"]
    assert len(rows) == 24
    found = [tuple(row[key] for key in keys) for row in rows]
    assert found == sorted(found)


async def test_pages_hold_each_row_once_and_every_page_the_total_of_all(filled: Reporting) -> None:
    whole = (await filled.get(RATES, group_by=["payer", "period"])).json()
    assert whole["next"] is None
    rows: list[Any] = []
    query: dict[str, Any] = {"group_by": ["payer", "period"], "limit": 7}
    while True:
        page = (await filled.get(RATES, **query)).json()
        assert page["total"] == whole["total"]
        assert len(page["rows"]) <= 7
        rows += page["rows"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert rows == whole["rows"]
    exact = (await filled.get(RATES, group_by=["payer", "period"], limit=24)).json()
    assert exact["next"] is None


async def test_a_cursor_keeps_its_instant_while_more_becomes_known(postgres: CreateDatabase) -> None:
    async with reporting(postgres) as it:
        await it.feed(*(fact(assessed(payer, "2026-01", 1), KNOWN) for payer in "ABC"))
        await it.complete("2026-02-02T00:00:00Z")
        first = (await it.get(RATES, group_by="payer", limit=2)).json()
        await it.feed(*(fact(assessed(payer, "2026-01", 5), KNOWN + timedelta(days=3)) for payer in "ACD"))
        await it.complete("2026-02-09T00:00:00Z")
        second = (await it.get(RATES, group_by="payer", limit=500, cursor=first["next"])).json()
        assert second["as_of"] == first["as_of"] == "2026-02-02T00:00:00Z"
        assert second["complete_up_to"] == "2026-02-09T00:00:00Z"
        assert [(row["payer_id"], row["assessed_xof"]) for row in second["rows"]] == [("C", 1)]
        assert second["total"] == first["total"]


async def test_a_cursor_of_another_query_or_tampered_with_is_refused(filled: Reporting) -> None:
    cursor = (await filled.get(RATES, group_by="payer", limit=2)).json()["next"]
    wrong: list[dict[str, Any]] = [
        {"group_by": "payer", "region": "03", "cursor": cursor},
        {"group_by": ["payer", "period"], "cursor": cursor},
        {"group_by": "payer", "as_of": "2026-02-02", "cursor": cursor},
        {"group_by": "payer", "cursor": cursor[:-1]},
        {"group_by": "payer", "cursor": ("B" if cursor[0] == "A" else "A") + cursor[1:]},
        {"group_by": "payer", "cursor": cursor[:-4] + "AAAA"},
        {"group_by": "payer", "cursor": "é"},
        {"group_by": "payer", "cursor": ""},
    ]
    for query in wrong:
        assert await _pointers(filled, RATES, **query) == ["/query/cursor"]
    assert await _pointers(filled, "/v1/money", cursor=cursor) == ["/query/cursor"]
    assert (await filled.get(RATES, group_by="payer", limit=3, cursor=cursor)).status_code == 200


async def test_csv_holds_every_row_under_the_names_of_json_and_no_total(filled: Reporting) -> None:
    rows = (await filled.get(RATES, group_by=["payer", "period"], limit=500)).json()["rows"]
    ways: tuple[dict[str, Any], ...] = (
        {"format": "csv"},
        {"format": "csv", "limit": 3},
        {"headers": {"accept": "text/csv"}},
    )
    for how in ways:
        answer = await filled.get(RATES, group_by=["payer", "period"], **how)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.content.startswith(b"\xef\xbb\xbf")
        table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert table[0] == list(rows[0])
        shown = [["" if cell is None else str(cell) for cell in row.values()] for row in rows]
        assert table[1:] == shown
    french = await filled.get(RATES, group_by="payer", format="csv", lang="fr")
    assert french.text.splitlines()[0].removeprefix("\ufeff").startswith("payer_id;payers;")


async def test_an_absent_rate_is_null_in_json_and_empty_in_csv(filled: Reporting) -> None:
    assert (await filled.get(RATES, payer_id="nobody")).json()["rows"][0]["collection_rate"] is None
    answer = await filled.get(RATES, payer_id="nobody", format="csv")
    assert answer.text.splitlines()[1] == "0,0,0,0,"


@pytest.mark.parametrize(
    ("accept", "status", "content_type"),
    [
        ("*/*", 200, "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200, "application/json"),
        ("application/json;q=0.2, text/csv", 200, "text/csv; charset=utf-8"),
        ("text/*", 200, "text/csv; charset=utf-8"),
        ("text/csv;q=0, */*", 200, "application/json"),
        (XLSX, 200, XLSX),
        (f"text/csv;q=0.9, {XLSX}", 200, XLSX),
        ("application/vnd.apache.parquet, */*;q=0.1", 200, "application/vnd.apache.parquet"),
        ("application/json;q=0, application/*", 200, XLSX),
        ("", 200, "application/json"),
        ("image/png", 406, "application/problem+json"),
        ("nonsense;;q=,", 406, "application/problem+json"),
        ("*/*;q=0", 406, "application/problem+json"),
    ],
)
async def test_the_form_follows_what_is_accepted(
    filled: Reporting, accept: str, status: int, content_type: str
) -> None:
    answer = await filled.get(RATES, headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (status, content_type)
