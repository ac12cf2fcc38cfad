"""What waits is told part by part, of many declarations in one page, and takes no more work than it has parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from services.contributions.store import lists
from tests.builders import Draft, declaration, split
from tests.servers.conftest import CreateDatabase
from tests.servers.contributions_desk import Office, affiliated, office
from tests.servers.statements import noted


@pytest_asyncio.fixture
async def place(postgres: CreateDatabase) -> AsyncIterator[Office]:
    """A new database."""
    async with office(postgres) as opened:
        yield opened


def some(payer_id: str, declaration_id: str, parts: int, *read: int) -> list[Draft]:
    """These parts of a declaration that has so many, in this order."""
    drafts = split(declaration(payer_id, lines=[("000000000001", 1)] * parts, declaration_id=declaration_id), parts)
    return [drafts[part - 1] for part in read]


async def waiting(place: Office, **asked: Any) -> list[dict[str, Any]]:
    """The rows of a page of what waits."""
    answer = await place.http.get("/v1/waiting", params=asked)
    rows: list[dict[str, Any]] = answer.raise_for_status().json()["rows"]
    return rows


async def test_each_declaration_of_a_page_tells_its_own_parts(place: Office) -> None:
    await place.desk.take(
        *(affiliated(payer_id) for payer_id in ("P1", "P2")),
        *some("P1", "D1", 5, 4, 2),
        *some("P2", "D1", 7, 7, 1, 3, 5),
        *some("P1", "D2", 3, 1),
        *some("P9", "D1", 3, 3, 1, 2),
        *some("P1", "D3", 4, 3, 4, 2),
        *some("P9", "D2", 2, 2),
        *some("P2", "D2", 2, 2, 1),
    )
    rows = await waiting(place)
    told = {
        (row["kind"], row["payer_id"], row["declaration_id"]): (row["parts"], row["parts_read"], row["parts_lacking"])
        for row in rows
    }
    assert told == {
        ("incomplete", "P1", "D1"): (5, [2, 4], [1, 3, 5]),
        ("incomplete", "P2", "D1"): (7, [1, 3, 5, 7], [2, 4, 6]),
        ("incomplete", "P1", "D2"): (3, [1], [2, 3]),
        ("pending", "P9", "D1"): (3, [1, 2, 3], []),
        ("incomplete", "P1", "D3"): (4, [2, 3, 4], [1]),
        ("incomplete", "P9", "D2"): (2, [2], [1]),
    }
    assert len(rows) == len(told)
    of_one = [(row["declaration_id"], row["parts_read"]) for row in await waiting(place, payer_id="P1")]
    assert sorted(of_one) == [("D1", [2, 4]), ("D2", [1]), ("D3", [2, 3, 4])]


class Looked(list[int]):
    """Parts that were read, and how many times somebody went through them."""

    times = 0

    def __iter__(self) -> Iterator[int]:
        self.times += 1
        return super().__iter__()


async def test_the_parts_of_a_declaration_are_gone_through_as_often_however_many_they_are(
    place: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.desk.take(affiliated("P1"), *some("P1", "SHORT", 4, 2, 4), *some("P1", "LONG", 60, *range(2, 61, 2)))
    found, read = lists.waiting, dict[str, Looked]()

    async def looked(*asked: Any) -> list[dict[str, Any]]:
        rows = await found(*asked)
        read.update({row["id"]: Looked(row["parts_read"]) for row in rows})
        return [row | {"parts_read": read[row["id"]]} for row in rows]

    monkeypatch.setattr(lists, "waiting", looked)
    rows = await waiting(place)
    assert {row["declaration_id"]: row["parts_lacking"] for row in rows} == {
        "SHORT": [1, 3],
        "LONG": list(range(1, 60, 2)),
    }
    assert read["LONG"].times == read["SHORT"].times > 0


async def test_a_page_of_many_rows_takes_the_statements_of_a_page_of_one(
    place: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = noted(monkeypatch)
    await place.desk.take(affiliated("P1"), affiliated("P2"))
    await place.desk.take(*(draft for n in range(30) for draft in some(f"P{n % 3}", f"D{n}", 4, 3, 1)))
    await waiting(place)  # the first one also asks the server for its types
    counts = dict[int, list[str]]()
    for limit in (1, 30):
        run.clear()
        count = len(await waiting(place, limit=limit))
        counts[count] = [one.query for one in run]
    assert counts[30] == counts[1] != []
