"""The dashboard: every figure is the API's, every link leads to what is behind it, and nothing that is sent is run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.servers.dashboard_read import Page, cells, francs, rate
from tests.servers.reporting_at_work import (
    CreateDatabase,
    Reporting,
    affiliated,
    assessed,
    at,
    fact,
    held,
    liquidated,
    received,
    registered,
    reporting,
)

KNOWN = at("2026-02-01T12:00:00")
COMPLETE = "2026-07-20T08:00:00Z"
PAST = "2026-02-02T12:00:00Z"
NAMES = ['<script>alert("1")</script>', "O'Brien & Fils", "صندوق التأمين", "Commune de Kayes"]
KINDS = ("local_authority", "private_employer", "state")
PLACES = ("01", "0101001", "2001")
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
REPORTS = ("collection-rates", "payers", "arrears", "timeliness", "unpaid-rates", "cohorts", "money", "liquidation",
           "registrations")  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def filled(postgres: CreateDatabase, topics: str) -> AsyncIterator[Reporting]:
    """Forty payers of three kinds and two regions, two months each; the second became known four days later."""
    async with reporting(postgres, kafka=topics) as it:
        for n in range(40):
            payer, kind, place = f"P{n:02}", KINDS[n % 3], PLACES[n % 3]
            due = 1_000_000 * (n + 1)
            await it.feed(
                fact(affiliated(payer, kind, place, NAMES[n % 4]), KNOWN),
                fact(assessed(payer, "2026-01", due, kind, place), KNOWN),
                fact(received(payer, "2026-01", due // (n % 5 + 1), kind, place, payment_id=f"B-{n}"), KNOWN),
                fact(assessed(payer, "2026-02", 3 * due, kind, place, due_on=date(2026, 3, 15)), KNOWN + timedelta(4)),
                fact(held(payer, n, payment_id=f"C-{n}"), KNOWN),
            )
        await it.feed(
            fact(held(None, 77_777, "suspense", payment_id="S-1"), KNOWN),
            *(fact(registered(f"{n:012}", f"P{n:02}", date(2026, 1, n + 1)), KNOWN) for n in range(9)),
            *(fact(liquidated(f"FS-{n}", f"P{n:02}", n), KNOWN) for n in range(12)),
        )
        await it.complete(COMPLETE)
        yield it


async def shown(it: Reporting, path: str, status: int = 200, **query: Any) -> Page:
    answer = await it.get(path, headers=BROWSER, **query)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


async def asked(it: Reporting, name: str, **query: Any) -> dict[str, Any]:
    body: dict[str, Any] = (await it.get(f"/v1/{name}", limit=500, **query)).raise_for_status().json()
    return body


SCOPES: list[dict[str, Any]] = [
    {},
    {"region": "01"},
    {"payer_kind": "state", "period_from": "2026-02"},
    {"as_of": PAST},
    {"as_of": "2026-03-31", "territory": "0101", "lang": "en"},
]


@pytest.mark.parametrize("scope", SCOPES)
async def test_every_figure_of_the_dashboard_is_the_apis(filled: Reporting, scope: dict[str, Any]) -> None:
    page, lang = await shown(filled, "/", **scope), scope.get("lang", "fr")
    said = {name: value for name, value in scope.items() if name != "lang"}
    timeless = {name: value for name, value in said.items() if not name.startswith("period")}
    expected: list[str] = []
    for name, fields in {
        "arrears": ("arrears_xof", "days_1_30_xof", "days_31_90_xof", "days_91_180_xof", "days_181_365_xof",
                    "days_over_365_xof", "older_than_12_months_share", "arrears_to_collections"),
        "timeliness": ("on_time_filing_rate", "on_time_payment_rate_by_number", "on_time_payment_rate_by_value"),
        "unpaid-rates": ("unpaid_rate_0", "unpaid_rate_30", "unpaid_rate_90"),
        "liquidation": ("forms", "fund_share_xof", "delay_p50_days", "delay_p90_days", "within_term_share"),
        "money": ("total_xof", *(() if timeless.keys() - {"as_of"} else ("suspense_xof",)), "credit_xof"),
        "registrations": ("insured", "dependants"),
    }.items():  # fmt: skip
        query = timeless if name in ("liquidation", "money", "registrations") else said
        expected += cells((await asked(filled, name, **query))["total"], fields, lang)
    told = [figure.text for (heading, _), figure in page.figures.items() if heading != page.headings[1]]
    assert told == expected

    key = [figure.text for (heading, _), figure in page.figures.items() if heading == page.headings[1]]
    rates = await asked(filled, "collection-rates", group_by="payer_kind", **said)
    owed = ("assessed_xof", "received_xof", "outstanding_xof", "payers")
    own = [row["collection_rate"] for row in rates["rows"] if row["payer_kind"] == "local_authority"]
    assert key == [
        *(rate(one, lang) for one in (rates["total"]["collection_rate"], *own)),
        *cells(rates["total"], owed, lang),
    ]

    kinds, owing, periods, regions = list(page.tables.values())
    amounts = ("assessed_xof", "received_xof", "outstanding_xof", "collection_rate")
    for table, grouping in ((kinds, "payer_kind"), (periods, "period"), (regions, "region")):
        answer = await asked(filled, "collection-rates", group_by=grouping, **said)
        lines = [cells(row, amounts, lang) for row in (*answer["rows"], answer["total"])]
        assert [[cell.text for cell in row[1:]] for row in table[1:]] == lines
    answer = await asked(filled, "payers", **said)
    debts = [[row["payer_id"], francs(row["outstanding_xof"])] for row in answer["rows"][:8]]
    assert [[row[0].text, row[2].text] for row in owing[1:-1]] == debts
    assert owing[-1][2].text == francs(answer["total"]["outstanding_xof"])


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("scope", [{"group_by": "payer"}, {"as_of": PAST, "region": "01", "lang": "en"}])
async def test_a_reports_page_has_the_rows_of_its_api(filled: Reporting, name: str, scope: dict[str, Any]) -> None:
    query = scope if name not in ("payers", "unpaid-rates", "money") else {**scope, "group_by": ""}
    page, lang = await shown(filled, f"/{name}", **query), scope.get("lang", "fr")
    body = (await filled.get(f"/v1/{name}", limit=30, **{key: value for key, value in query.items() if value})).json()
    numbers = list(body["total"])
    lines = [cells(row, tuple(numbers), lang) for row in (*body["rows"], body["total"])]
    (table,) = page.tables.values()
    if body["rows"] and list(body["rows"][0]) == numbers:
        assert [row[1].text for row in table] == lines[-1]
    else:
        assert [[cell.text for cell in row[-len(numbers) :]] for row in table[1:]] == lines
    assert (page.lang, body["next"] is not None) == (lang, any("cursor=" in link for link in page.links))


async def test_behind_each_row_stand_the_rows_that_make_it(filled: Reporting) -> None:
    home = await shown(filled, "/", as_of="2026-03-31")
    for row in [row for table in home.tables.values() for row in table[1:]]:
        assert row[0].href is not None
        behind = Page((await filled.client.get(row[0].href)).raise_for_status().text)
        sums = [figure.text for figure in behind.figures.values()] or behind.totals()
        assert {cell.text for cell in row[1:] if cell.text not in NAMES} <= set(sums)


async def test_a_figure_leads_to_its_payer_its_period_and_its_facts(filled: Reporting) -> None:
    payers = await shown(filled, "/payers", region="01")
    first = next(iter(payers.tables.values()))[1]
    assert first[0].href is not None
    payer = Page((await filled.client.get(first[0].href)).text)
    month = payer.tables["Chaque période mène à ses faits"][1]
    assert month[0].href is not None
    facts = Page((await filled.client.get(month[0].href)).text)
    rows = facts.tables["Les faits, dans l'ordre où ils ont été connus"][1:]
    answer = (await filled.get(f"/v1/payers/{first[0].text}", period_from="2026-01", period_to="2026-01")).json()
    told = [
        (fact["topic"], francs(fact["amount_xof"]), fact["rule"], fact["event_id"])
        for fact in answer["periods"][0]["facts"]
    ]
    assert [(row[0].text, row[1].text, row[3].text, row[5].text) for row in rows] == told
    assert all(source["source"] in facts.text for source in answer["periods"][0]["law"])


async def test_every_link_that_can_be_reached_answers(filled: Reporting) -> None:
    """Four steps from the door; of links that differ in their values and language alone one of each kind."""
    ways, followed, by_kind = {"/?region=20"}, set[str](), Counter[tuple[str, ...]]()
    for _ in range(4):
        some = []
        for way in sorted(ways - followed):
            path, _, query = way.partition("#")[0].partition("?")
            kind = (path.partition("P")[0], *sorted({part.partition("=")[0] for part in query.split("&")} - {"lang"}))
            by_kind[kind] += 1
            if by_kind[kind] == 1:
                some.append(way)
        followed |= ways
        answers = await asyncio.gather(*(filled.client.get(way, headers=BROWSER) for way in some))
        assert [way for way, answer in zip(some, answers, strict=True) if answer.status_code != 200] == []
        pages = [answer for way, answer in zip(some, answers, strict=True) if not way.startswith(("/docs", "/v1"))]
        assert all(len(page.content) < 40_000 for page in pages)
        ways = {link for page in pages for link in Page(page.text).links} - followed
    paths = {way.partition("?")[0] for way in followed}
    assert paths >= {f"/{name}" for name in (*REPORTS, "bridge", "freshness")} | {"/v1/payers", "/v1/arrears", "/docs"}


async def test_what_a_payer_is_called_is_shown_and_never_run(filled: Reporting) -> None:
    for path in ("/payers", "/payers/P00", "/payers/P01", "/payers/P02", "/"):
        answer = await filled.client.get(path)
        assert "<script" not in answer.text
        assert Page(answer.text).tags.isdisjoint({"script", "iframe", "object"})
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert {row[3].text for row in (await shown(filled, "/payers")).tables["Qui doit le plus"][1:-1]} == set(NAMES)
    assert [(await shown(filled, f"/payers/P0{n}")).headings[0] for n in range(4)] == NAMES


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/", {"region": "kayes-zzz"}, "region"),
        ("/", {"as_of": "zzz"}, "as_of"),
        ("/", {"period_from": "2026-13"}, "period_from"),
        ("/payers", {"payer_kind": "zzz", "region": "01"}, "payer_kind"),
        ("/payers/P00", {"period_to": "zzz"}, "period_to"),
        ("/arrears", {"group_by": "zzz"}, "group_by"),
        ("/payers", {"cursor": "zzz"}, "cursor"),
        ("/payers", {"format": "csv"}, "format"),
        ("/money", {"period_from": "2026-01"}, "period_from"),
        ("/", {"lang": "zzz"}, "lang"),
        ("/bridge", {}, "from"),
        ("/bridge", {"from": "2026-02-01", "to": "2026-01-01"}, "from"),
        ("/freshness", {"region": "01"}, "region"),
    ],
)
async def test_a_wrong_value_is_told_in_the_form_and_not_repeated(
    filled: Reporting, path: str, query: dict[str, str], field: str
) -> None:
    page = await shown(filled, path, 422, **query)
    assert "Des valeurs à corriger" in page.headings
    assert f'id="e-{field}"' in page.text or f"<code>{field}</code>" in page.text or field == "group_by"
    assert "zzz" not in page.text
    assert ('value="01" selected' in page.text) == (query.get("region") == "01" and path == "/payers")
    told = await filled.get(path, headers={"accept": "*/*"}, **query)
    assert told.headers["content-type"] == "application/problem+json"


async def test_blank_fields_of_a_form_ask_for_nothing(filled: Reporting) -> None:
    page = await shown(filled, "/payers", payer_kind="", region=" ", period_from="", as_of="")
    rows = page.tables["Qui doit le plus"][1:-1]
    (following,) = [link for link in page.links if "cursor=" in link]
    rows += Page((await filled.client.get(following)).text).tables["Qui doit le plus"][1:-1]
    assert [row[0].text for row in rows] == [row["payer_id"] for row in (await asked(filled, "payers"))["rows"]]


async def test_what_is_not_there_is_a_page(filled: Reporting) -> None:
    for path in ("/payers/NOBODY", "/nowhere"):
        assert "Rien à cette adresse" in (await shown(filled, path, 404)).headings
    assert (await shown(filled, "/payers/NOBODY", 404, lang="en")).lang == "en"


async def test_a_page_that_is_held_is_not_sent_again(filled: Reporting) -> None:
    for path in ("/payers", "/payers/P00"):
        tag = (await filled.get(path)).headers["etag"]
        assert (await filled.get(path, headers={"if-none-match": tag})).status_code == 304
        assert (await filled.get(path, headers={"if-none-match": tag}, lang="en")).status_code == 200


async def test_it_speaks_english_where_that_is_asked_for_and_every_link_goes_on_so(filled: Reporting) -> None:
    page = await shown(filled, "/", lang="en")
    assert (page.lang, page.headings[0]) == ("en", "Collection of AMO contributions")
    own = [link for link in page.links if not link.startswith(("#", "/docs"))]
    assert [link for link in own if "lang=en" not in link] == ["/"]  # back to French


async def test_before_anything_is_complete_a_page_says_so(postgres: CreateDatabase, topics: str) -> None:
    async with reporting(postgres, kafka=topics) as it:
        page = await shown(it, "/", 503)
        assert "Pas de chiffres pour l'instant" in page.headings
        assert "Les premiers faits" in page.text
        assert (await shown(it, "/freshness")).headings[0] == "Fraîcheur"
        await it.complete()
        empty = await shown(it, "/")
        assert {figure.text for figure in empty.figures.values()} == {"0", "–"}
        answers = await asyncio.gather(*map(it.client.get, set(empty.links)))
        assert {answer.status_code for answer in answers} == {200}


async def test_a_figure_that_is_not_had_in_time_is_said_to_be_lacking(filled: Reporting) -> None:
    """A table is kept locked: what is read from it alone is lacking, with a link to ask for it alone."""
    keeper = await asyncpg.connect(filled.url)
    try:
        async with asyncio.timeout(30), keeper.transaction():
            await keeper.execute("lock table liquidated in access exclusive mode")
            answer = await filled.get("/")
    finally:
        await keeper.close()
    page = Page(answer.text)
    assert (answer.headers["cache-control"], answer.headers.get("etag")) == ("no-store", None)
    assert "pas pu être calculés à temps" in page.text
    assert "Feuilles de soins" not in {heading for heading, _ in page.figures}
    assert page.figures["Encaissements", "En attente d'affectation"].text == "77\u202f777"
