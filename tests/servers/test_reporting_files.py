"""Reports as files: every row of the answer, typed, the same in each form; who takes one slowly keeps no session."""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, MutableMapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from jsonschema import validate
from openpyxl import load_workbook
from pyarrow import BufferReader
from pyarrow.parquet import read_table

from tests.servers.reporting_at_work import (
    CreateDatabase,
    Reporting,
    affiliated,
    assessed,
    at,
    fact,
    liquidated,
    received,
    registered,
    reporting,
)

KNOWN = at("2026-02-01T12:00:00")
EVERY: list[tuple[str, dict[str, Any]]] = [
    ("collection-rates", {"group_by": ["payer", "period", "payer_kind"]}),
    ("payers", {}),
    ("money", {}),
    ("liquidation", {"group_by": ["reason", "provider_kind", "payer"]}),
    ("registrations", {"group_by": ["payer", "region"]}),
]
RATES = ("collection_rate", "within_term_share")


@pytest_asyncio.fixture(scope="module")
async def filled(postgres: CreateDatabase) -> AsyncIterator[Reporting]:
    """Some hundred rows of every report; a payer's name and a missing payer try the forms."""
    async with reporting(postgres) as it:
        for n in range(120):
            payer = f"P{n:03}"
            refused: dict[str, Any] = {"outcome": "rejected", "reasons": ["not-positive"], "provider_kind": "cscom"}
            await it.feed(
                fact(affiliated(payer, name=f'=Mairie;"{n}",\né'), KNOWN),
                fact(assessed(payer, "2026-01", 1_000 * (n % 7)), KNOWN),
                fact(received(payer, "2026-01", 333 * (n % 3), received_on=date(2026, 1 + n % 12, 5)), KNOWN),
                fact(liquidated(f"F-{n}", payer if n % 5 else None, n, **(refused if n % 4 == 0 else {})), KNOWN),
                fact(registered(f"{n:012}", payer if n % 6 else None, date(2026, 1, 1 + n % 28)), KNOWN),
            )
        await it.complete("2026-03-01T00:00:00Z")
        yield it


def exact(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of JSON with their rates as numbers."""
    return [
        {name: Decimal(value) if name in RATES and value is not None else value for name, value in row.items()}
        for row in rows
    ]


@pytest.mark.parametrize(("report", "query"), EVERY)
async def test_every_form_holds_every_row_of_every_report(
    filled: Reporting, report: str, query: dict[str, Any]
) -> None:
    rows = await filled.rows(f"/v1/{report}", limit=50, **query)
    assert len(rows) > (5 if report in ("money", "registrations") else 90)

    answer = await filled.get(f"/v1/{report}", format="csv", **query)
    table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    shown = [["" if cell is None else str(cell) for cell in row.values()] for row in rows]
    assert table == [list(rows[0]), *([("'" + cell if cell[:1] == "=" else cell) for cell in row] for row in shown)]

    answer = await filled.get(f"/v1/{report}", format="xlsx", **query)
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert (sheet.title, sheet.freeze_panes) == (report, "A2")
    header, *cells = sheet.iter_rows(values_only=True)
    read = [dict(zip(header, row, strict=True)) for row in cells]
    for row in read:
        row |= {name: Decimal(str(row[name])) for name in RATES if row.get(name) is not None}
    assert read == exact(rows)
    assert list(header) == list(rows[0])

    answer = await filled.get(f"/v1/{report}", format="parquet", **query)
    parquet = read_table(BufferReader(answer.content))
    assert parquet.to_pylist() == exact(rows)
    assert parquet.schema.names == list(rows[0])


@pytest.mark.parametrize(("report", "query"), EVERY)
async def test_an_answer_is_what_the_openapi_document_says(
    filled: Reporting, report: str, query: dict[str, Any]
) -> None:
    document = (await filled.get("/openapi.json")).json()
    described = document["paths"][f"/v1/{report}"]["get"]["responses"]
    content = described["200"]["content"]
    for limit in (3, 500):
        validate(
            (await filled.get(f"/v1/{report}", limit=limit, **query)).json(), content["application/json"]["schema"]
        )
    for form in ("csv", "xlsx", "parquet"):
        answer = await filled.get(f"/v1/{report}", format=form, **query)
        assert answer.headers["content-type"].partition(";")[0] in content
    problem = described["422"]["content"]["application/problem+json"]["schema"]
    refused = (await filled.get(f"/v1/{report}", limit=0)).json()
    validate(refused, problem | {"components": document["components"]})


async def test_a_file_says_what_it_is_how_long_and_that_it_may_have_changed(filled: Reporting) -> None:
    types = {
        "csv": "text/csv; charset=utf-8",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "parquet": "application/vnd.apache.parquet",
    }
    tags = set()
    for form, media in types.items():
        answer = await filled.get("/v1/payers", format=form)
        assert answer.headers["content-type"] == media
        assert answer.headers["content-disposition"] == f'attachment; filename="payers.{form}"'
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert answer.headers["vary"] == "Accept"
        tags.add(answer.headers["etag"])
        again = await filled.get("/v1/payers", format=form, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await filled.get("/v1/payers", headers={"accept": media})).headers["content-type"] == media
    assert len(tags) == 3


async def test_what_a_form_cannot_hold_is_refused_with_the_one_that_can_and_leaves_no_file(
    postgres: CreateDatabase,
) -> None:
    async with reporting(postgres) as it:
        await it.feed(*(fact(assessed("A", "2026-01", 10**18), KNOWN) for _ in range(12)))
        await it.complete()
        before = _files()
        refused = await it.get("/v1/payers", format="parquet", lang="en")
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
        assert "CSV" in refused.json()["title"]
        whole = await it.get("/v1/payers", format="csv")
        assert whole.text.splitlines()[1] == f"A,,,,{12 * 10**18},0,{12 * 10**18},0.0000"
        sheet = load_workbook(io.BytesIO((await it.get("/v1/payers", format="xlsx")).content)).active
        assert sheet["E2"].value == str(12 * 10**18)
        assert _files() == before


async def test_files_that_nobody_takes_keep_no_session_and_no_name_on_the_disk(filled: Reporting) -> None:
    before = _files()
    stalled = [await _stalled(filled, "csv") for _ in range(10)]  # there are eight sessions
    stalled += [await _stalled(filled, "xlsx"), await _stalled(filled, "parquet")]
    try:
        assert _files() == before
        async with asyncio.timeout(20):
            assert (await filled.get("/v1/money")).status_code == 200
        assert not any(task.done() for task in stalled)
    finally:
        for task in stalled:
            task.cancel()
        await asyncio.gather(*stalled, return_exceptions=True)


async def test_one_xlsx_is_written_at_a_time(
    filled: Reporting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    asked = [asyncio.create_task(filled.get("/v1/payers", format="xlsx")) for _ in range(4)]
    seen = set[int]()
    while not all(task.done() for task in asked):
        seen.add(len(_files()))
        await asyncio.sleep(0)
    assert [(await task).status_code for task in asked] == [200] * 4
    assert seen == {0, 1}


async def _stalled(it: Reporting, form: str) -> asyncio.Task[None]:
    """A client that asked for a file and, once it comes, takes none of it."""
    coming, never = asyncio.Event(), asyncio.Event()

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            coming.set()
            await never.wait()

    async def receive() -> dict[str, Any]:
        await coming.wait()
        await never.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/payers",
        "query_string": f"format={form}".encode(),
        "headers": [],
    }
    task = asyncio.create_task(it.app(scope, receive, send))
    async with asyncio.timeout(20):
        await coming.wait()
    return task


def _files() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).glob("recouvra-*")}
