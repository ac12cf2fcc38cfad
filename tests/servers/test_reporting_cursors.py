"""Cursors that nobody was given: their seal is no secret, so what they say may be anything."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from hashlib import blake2b

import pytest
import pytest_asyncio

from tests.servers.reporting_at_work import CreateDatabase, Reporting, assessed, at, fact, reporting

RATES = "/v1/collection-rates"


@pytest_asyncio.fixture(scope="module")
async def rated(postgres: CreateDatabase) -> AsyncIterator[Reporting]:
    """Two payers who owe."""
    async with reporting(postgres) as it:
        await it.feed(*(fact(assessed(payer, "2026-01", 7), at("2026-02-01T12:00:00")) for payer in ("P01", "P02")))
        await it.complete("2026-02-20T08:00:00Z")
        yield it


@pytest.mark.parametrize(
    "said",
    [
        '["2026-02-20T08:00:00Z","P\\u0000"]',
        '["2026-02-20T08:00:00Z","\\ud800"]',
        '["2026-02-20T08:00:00Z",1]',
        '["2026-02-20T08:00:00Z"]',
        '["2026-02-20T08:00:00","P01"]',
        '["0001-01-01T00:00:00+14:00","P01"]',
        '[20260220,"P01"]',
        '{"as_of":"P01"}',
        "[]",
        "5",
        "[" * 1_400,
        "",
    ],
)
async def test_a_cursor_that_is_sealed_and_was_never_given_is_refused(rated: Reporting, said: str) -> None:
    group_by = ("group_by", "payer")
    given = _sealed('["2026-02-20T08:00:00Z","P01"]', RATES, group_by)
    assert (await rated.get(RATES, group_by="payer", cursor=given)).status_code == 200
    answer = await rated.get(RATES, group_by="payer", cursor=_sealed(said, RATES, group_by))
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/query/cursor"]


def _sealed(said: str, path: str = RATES, *query: tuple[str, str]) -> str:
    """What anyone can make of what a cursor shall say."""
    seal = blake2b(json.dumps([path, query]).encode() + b"\n" + said.encode(), digest_size=12).digest()
    return base64.urlsafe_b64encode(seal + said.encode()).decode().rstrip("=")


async def test_a_number_as_great_as_it_may_be_is_a_place_too(rated: Reporting) -> None:
    for place in (10**1_000, -(10**1_000)):
        cursor = _sealed(json.dumps(["2026-02-20T08:00:00Z", place, "P01"]), "/v1/payers")
        rows = (await rated.get("/v1/payers", cursor=cursor)).json()["rows"]
        assert len(rows) == (0 if place > 0 else 2)
