"""Liquidation over HTTP: a form with its duplicates, the forms that wait, page by page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from recouvra.chassis.settings import Settings
from services.liquidation.app import build
from tests.servers.conftest import CreateDatabase
from tests.servers.liquidation_window import Window, form, person


class Place(NamedTuple):
    """The service's API, and a worker on the same database."""

    http: httpx.AsyncClient
    window: Window

    async def get(self, path: str, **query: Any) -> Any:
        """What it answers with 200."""
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest_asyncio.fixture
async def place(postgres: CreateDatabase) -> AsyncIterator[Place]:
    """A new database."""
    async with _opened(postgres) as it:
        yield it


@asynccontextmanager
async def _opened(postgres: CreateDatabase, tokens: Path | None = None) -> AsyncIterator[Place]:
    url = await postgres(f"liquidation_{uuid4().hex[:12]}")
    window = await Window.opened(url)
    settings = Settings(kafka="127.0.0.1:1", database_url=url, clock="event", tokens_file=tokens)
    service = build(settings)
    app = service.create_api(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://liquidation") as http,
    ):
        yield Place(http, window)
    await window.connection.close()


async def test_a_form_shows_what_was_filed_and_the_very_fields_of_its_fact(place: Place) -> None:
    sent = form("S1", lines=[(2, 500), (0, 9)], prescriber_code="DR-1", authorisation="EP-7")
    await place.window.take(person(), sent)
    shown = await place.get("/v1/forms/S1")
    assert (shown["duplicates"], shown["next"]) == ([], None)
    filed, fact = shown["form"], (await place.window.facts("form-liquidated"))[0]
    assert {name: filed[name] for name in fact} == fact
    lines = [
        {**line, "reason": reason} for line, reason in zip(sent.body["lines"], (None, "not-positive"), strict=True)
    ]
    assert {name: filed[name] for name in sent.body} == {**sent.body, "lines": lines}
    assert (filed["state"], filed["prescriber_code"], filed["authorisation"]) == ("liquidated", "DR-1", "EP-7")
    assert (filed["source"], filed["event_id"]) == (sent.envelope.source, sent.envelope.event_id)
    assert [sorted(message) for message in filed["messages"]] == [["en", "fr"]]


async def test_a_form_that_waits_says_so_and_claims_what_was_sent(place: Place) -> None:
    await place.window.take(form("S1", lines=[(3, 7)]))
    filed = (await place.get("/v1/forms/S1"))["form"]
    assert (filed["state"], filed["claimed_xof"], filed["reasons"]) == ("waiting", 21, [])
    told = ("payer_id", "liquidated_on", "liquidated_at", "accepted_xof", "fund_share_xof", "co_payment_xof", "outcome")
    assert [filed[name] for name in told] == [None] * len(told)


async def test_duplicates_are_shown_in_the_order_of_reading_page_by_page(place: Place) -> None:
    await place.window.take(person(), *(form("S1", lines=[(1, n)]) for n in range(1, 7)), form("S1", lines=[(1, 3)]))
    await place.window.take(form("S1", "N2"))
    claimed: list[int] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = await place.get("/v1/forms/S1", **query)
        assert page["form"]["claimed_xof"] == 1
        claimed += [duplicate["claimed_xof"] for duplicate in page["duplicates"]]
        states = [duplicate["state"] for duplicate in page["duplicates"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert claimed == [2, 3, 4, 5, 6, 1000]
    assert states[-1] == "waiting"


async def test_duplicates_of_a_thousand_lines_come_twenty_a_page(place: Place) -> None:
    await place.window.take(person(), *(form("S1", lines=[(1, n)] * 1_000) for n in range(1, 24)))
    first = await place.get("/v1/forms/S1")
    rest = await place.get("/v1/forms/S1", cursor=first["next"])
    claimed = [duplicate["claimed_xof"] for duplicate in first["duplicates"] + rest["duplicates"]]
    assert (len(first["duplicates"]), claimed, rest["next"]) == (20, [1_000 * n for n in range(2, 24)], None)
    assert {len(shown["lines"]) for shown in (first["form"], *first["duplicates"])} == {1_000}


async def test_what_care_a_number_received_is_shown_to_operators_only(postgres: CreateDatabase, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({role: {"name": role, "role": role} for role in ("reader", "operator")}))
    async with _opened(postgres, tokens) as it:
        await it.window.take(form("S1"))
        for path in ("/v1/forms/S1", "/v1/forms/S9", "/v1/waiting"):
            statuses = {
                token: (await it.http.get(path, headers={"authorization": f"Bearer {token}"})).status_code
                for token in ("reader", "operator", "nobody")
            }
            found = 404 if path.endswith("S9") else 200
            assert statuses == {"reader": 403, "operator": found, "nobody": 401}


async def test_what_waits_is_listed_oldest_first_page_by_page(place: Place) -> None:
    await place.window.take(person(), form("S9"), form("S2", "N2"), form("S1", "N3"), form("S9", "N2"))
    await place.window.take(form("S0", "N2"))
    first = await place.get("/v1/waiting", limit=3)
    rest = await place.get("/v1/waiting", limit=3, cursor=first["next"])
    rows = [(row["form_serial"], row["insured_number"], row["reading_no"]) for row in first["rows"] + rest["rows"]]
    assert rows == [("S2", "N2", 1), ("S1", "N3", 1), ("S9", "N2", 2), ("S0", "N2", 1)]
    assert rest["next"] is None
    await place.window.take(person("N2"))
    assert [row["form_serial"] for row in (await place.get("/v1/waiting"))["rows"]] == ["S1"]


async def test_a_serial_that_was_never_read_is_not_found(place: Place) -> None:
    answer = await place.http.get("/v1/forms/SECRET-1?lang=en")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["type"] == "urn:recouvra:problem:unknown-form"
    assert "SECRET" not in answer.text


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/v1/forms/-S1", "/path/form_serial"),
        ("/v1/forms/S1?cursor=-1", "/query/cursor"),
        ("/v1/forms/S1?cursor=99999999999", "/query/cursor"),
        ("/v1/forms/S1?limit=0", "/query/limit"),
        ("/v1/forms/S1?limit=21", "/query/limit"),
        ("/v1/waiting?limit=501", "/query/limit"),
        ("/v1/waiting?cursor=x", "/query/cursor"),
    ],
)
async def test_what_cannot_be_asked_is_told_by_its_place(place: Place, path: str, pointer: str) -> None:
    answer = await place.http.get(path)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_the_document_describes_every_field_that_is_answered(place: Place) -> None:
    await place.window.take(person(), form("S1"), form("S2", "N2"))
    schemas = (await place.get("/openapi.json"))["components"]["schemas"]
    page = await place.get("/v1/waiting")
    shown = await place.get("/v1/forms/S1")
    for name, body in (
        ("FormAndDuplicates", shown),
        ("ShownForm", shown["form"]),
        ("ShownLine", shown["form"]["lines"][0]),
        ("WaitingPage", page),
        ("WaitingForm", page["rows"][0]),
    ):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"]) == set(body), name
