"""What contributions shows: accounts, careers to the franc, what waits and since when, declarations made twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.builders import declaration, payment, reversal, split
from tests.servers.conftest import CreateDatabase
from tests.servers.contributions_desk import Office, affiliated, office, person

N1, N2, N3 = "000000000001", "000000000002", "000000000003"


@pytest_asyncio.fixture
async def place(postgres: CreateDatabase) -> AsyncIterator[Office]:
    """A new database."""
    async with office(postgres) as opened:
        yield opened


async def got(place: Office, path: str, **params: Any) -> dict[str, Any]:
    """The body of a page that is there."""
    answer = await place.http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def all_pages(place: Office, path: str, limit: int, **params: Any) -> list[dict[str, Any]]:
    """The rows of every page, at most `limit` each."""
    rows: list[dict[str, Any]] = []
    following: Mapping[str, str] = {}
    while True:
        page = await got(place, path, limit=limit, **params, **following)
        assert len(page["rows"]) <= limit
        rows += page["rows"]
        if page["next"] is None:
            return rows
        following = {"cursor": page["next"]}


async def test_an_account_tells_dues_by_declaration_and_money_by_place(place: Office) -> None:
    await place.desk.take(
        affiliated("P1", territory_code="0101001"),
        declaration("P1", lines=[(N1, 40_000)], declaration_id="D1"),
        declaration("P1", lines=[(N1, 80_000)], declaration_id="D2", replaces="D1"),
        declaration("P1", lines=[(N2, 40_000)], declaration_id="D3"),
        declaration("P1", "2026-02", declaration_id="NIL"),
        payment("P1", 10_000, payment_id="V1", period="2026-01"),
        payment("P1", 1_000, payment_id="V2"),
        reversal(payment("P1", 1_000, payment_id="V2")),
    )
    shown = await got(place, "/v1/payers/P1/account")
    assert (shown["payer_kind"], shown["territory_code"], shown["filing_frequency"]) == (
        "local_authority",
        "0101001",
        "monthly",
    )
    # 80,000 and 40,000 at 3.06 % and 4.48 %: 2,448 + 3,584 and 1,224 + 1,792.
    january, february = shown["periods"]
    assert january["declarations"] == [
        {"declaration_id": "D2", "lines_accepted": 1, "assessed_xof": 6_032},
        {"declaration_id": "D3", "lines_accepted": 1, "assessed_xof": 3_016},
    ]
    assert (january["due_xof"], january["received_xof"], january["outstanding_xof"]) == (9_048, 9_048, 0)
    assert (january["insured_share_xof"], january["payer_share_xof"], january["due_on"]) == (3_672, 5_376, "2026-02-15")
    assert (february["due_xof"], february["declarations"][0]["declaration_id"]) == (0, "NIL")
    assert {name: shown[name] for name in shown if name.endswith("_xof")} == {
        "due_xof": 9_048,
        "received_xof": 9_048,
        "outstanding_xof": 0,
        "credit_xof": 952,
        "suspense_xof": 0,
    }
    paid, undone = shown["payments"]
    assert (paid["placed"], paid["held_as"], paid["held_xof"]) == (
        [{"period": "2026-01", "received_xof": 9_048}],
        "credit",
        952,
    )
    assert (undone["reversed_by"], undone["placed"], undone["held_as"]) == ("V2-R", [], None)


async def test_an_account_of_a_payer_that_is_not_affiliated_shows_its_money_in_suspense(place: Office) -> None:
    await place.desk.take(payment("P7", 70))
    shown = await got(place, "/v1/payers/P7/account")
    assert (shown["payer_kind"], shown["suspense_xof"], shown["credit_xof"]) == (None, 70, 0)
    assert (await place.http.get("/v1/payers/P8/account")).status_code == 404


@pytest.mark.parametrize("seed", range(3))
async def test_the_careers_of_all_sum_to_what_each_declaration_made_due(place: Office, seed: int) -> None:
    dice = random.Random(seed)
    numbers = [f"{number:012}" for number in range(1, 7)] + ["a-1", "a-2", "a-1:x", "0000000000012"]
    kinds = ("local_authority", "private_employer", "self_employed", "pension_body", "state")
    await place.desk.take(*(affiliated(f"P{n}", kind) for n, kind in enumerate(kinds)))
    drafts = []
    for turn in range(60):
        lines = [
            {
                "line_no": dice.randint(1, 12),
                "insured_number": dice.choice(numbers),
                "base_xof": dice.choice((-1, 0, 7, 33_333, 40_001, 123_456, 450_000, 1_500_001)),
            }
            for _ in range(dice.randint(0, 10))
        ]
        whole = declaration(
            f"P{turn % 5}",
            dice.choice(("2015-12", "2026-01", "2026-03")),
            lines,
            declaration_id=f"D{turn}",
            replaces=f"D{turn - 5}" if dice.random() < 0.3 else None,
        )
        drafts += split(whole, dice.choice((1, 1, 2, 3)))
    await place.desk.take(*drafts)
    found: Counter[tuple[str, str, str]] = Counter()
    for number in numbers:
        career = await place.http.get(f"/v1/insured/{number}/contributions")
        rows = career.json()["rows"] if career.status_code == 200 else []
        assert rows == sorted(rows, key=lambda row: (row["period"], row["payer_id"]))
        for row in rows:
            key = row["payer_id"], row["period"], row["declaration_id"]
            found[*key] += row["insured_share_xof"] + row["payer_share_xof"]
            found["lines", *key[::2]] += 1
    expected: Counter[tuple[str, str, str]] = Counter()
    for payer_id in (f"P{n}" for n in range(5)):
        for period in (await got(place, f"/v1/payers/{payer_id}/account"))["periods"]:
            for made in period["declarations"]:
                expected[payer_id, period["period"], made["declaration_id"]] += made["assessed_xof"]
                expected["lines", payer_id, made["declaration_id"]] += made["lines_accepted"]
    assert +found == +expected
    assert len(+expected) > 30


async def test_a_career_keeps_the_kind_under_which_its_month_was_first_assessed(place: Office) -> None:
    await place.desk.take(
        affiliated("P1", "private_employer"),
        person(N1, "P1"),
        declaration("P1", "2026-01", [(N1, 30_000)], declaration_id="D1"),
        affiliated("P1", "pension_body", at="2026-02-20T00:00:00Z"),
        declaration("P1", "2026-02", [(N1, 30_000)], declaration_id="D2"),
        declaration("P1", "2026-01", [(N1, 100_000)], declaration_id="D3", replaces="D1"),
    )
    career = await got(place, f"/v1/insured/{N1}/contributions")
    # Private employer: 100,000 at 3.06 % and 3.50 %; pension body: 30,000, no floor, at 0.75 %.
    assert career == {
        "insured_number": N1,
        "payer_id": "P1",
        "rows": [
            {
                "period": "2026-01",
                "payer_id": "P1",
                "payer_kind": "private_employer",
                "declaration_id": "D3",
                "line_no": 1,
                "base_xof": 100_000,
                "base_used_xof": 100_000,
                "insured_share_xof": 3_060,
                "payer_share_xof": 3_500,
            },
            {
                "period": "2026-02",
                "payer_id": "P1",
                "payer_kind": "pension_body",
                "declaration_id": "D2",
                "line_no": 1,
                "base_xof": 30_000,
                "base_used_xof": 30_000,
                "insured_share_xof": 225,
                "payer_share_xof": 0,
            },
        ],
    }


async def test_a_number_that_nobody_registered_or_declared_is_not_found(place: Office) -> None:
    await place.desk.take(affiliated("P1"), person(N1), declaration("P1", lines=[(N2, 40_000), (N3, -1)]))
    assert (await got(place, f"/v1/insured/{N1}/contributions"))["rows"] == []
    unregistered = await got(place, f"/v1/insured/{N2}/contributions")
    assert (unregistered["payer_id"], unregistered["rows"][0]["insured_share_xof"]) == (None, 1_224)
    assert (await place.http.get(f"/v1/insured/{N3}/contributions")).status_code == 404
    assert (await place.http.get("/v1/insured/a%20b/contributions")).status_code == 422


async def test_a_career_is_for_an_operator_and_not_for_whoever_reads_figures(
    postgres: CreateDatabase, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens.json"
    tokens.write_text('{"r": {"name": "awa", "role": "reader"}, "o": {"name": "issa", "role": "operator"}}')
    async with office(postgres, tokens=tokens) as place:
        await place.desk.take(affiliated("P1"), person(N1))

        async def status(path: str, token: str) -> int:
            return (await place.http.get(path, headers={"Authorization": f"Bearer {token}"})).status_code

        career, account = f"/v1/insured/{N1}/contributions", "/v1/payers/P1/account"
        assert [await status(path, token) for path in (career, account) for token in "ro"] == [403, 200, 200, 200]


async def test_a_pair_of_declarations_is_listed_until_one_of_them_is_replaced(place: Office) -> None:
    await place.desk.take(
        affiliated("P1"),
        affiliated("P2"),
        *(declaration("P1", lines=[(N1, 40_000), (N2, 40_000)], declaration_id=f"D{n}") for n in range(3)),
        declaration("P2", lines=[(N1, 40_000)], declaration_id="D0"),
        declaration("P2", lines=[(N2, 40_000)], declaration_id="D1"),
    )
    rows = await all_pages(place, "/v1/double-declarations", 2)
    assert [(row["declaration_id"], row["doubled_by"]) for row in rows] == [("D0", "D1"), ("D0", "D2"), ("D1", "D2")]
    assert rows[0] == {
        "payer_id": "P1",
        "period": "2026-01",
        "declaration_id": "D0",
        "lines_accepted": 2,
        "assessed_xof": 6_032,
        "doubled_by": "D1",
        "doubled_by_lines_accepted": 2,
        "doubled_by_assessed_xof": 6_032,
    }
    await place.desk.take(declaration("P1", declaration_id="D3", replaces="D1"))
    left = await all_pages(place, "/v1/double-declarations", 1, payer_id="P1")
    assert [(row["declaration_id"], row["doubled_by"]) for row in left] == [("D0", "D2")]
    assert await all_pages(place, "/v1/double-declarations", 1, payer_id="P2") == []


async def test_what_waits_is_told_with_what_it_lacks_and_since_when(place: Office) -> None:
    before = datetime.now(UTC)
    two_of_three = split(declaration("P1", lines=[(N1, 1)] * 3, declaration_id="PARTS"), 3)[1:]
    await place.desk.take(affiliated("P1"), two_of_three[1])
    await place.desk.take(two_of_three[0], declaration("P9", declaration_id="EARLY"))
    await place.desk.take(reversal(payment("P9", 50, payment_id="V1"), payment_id="R1"))
    page = await got(place, "/v1/waiting")
    parts, early, undoes = page["rows"]
    assert (parts["kind"], parts["payer_id"], parts["declaration_id"]) == ("incomplete", "P1", "PARTS")
    assert (parts["parts"], parts["parts_read"], parts["parts_lacking"]) == (3, [2, 3], [1])
    assert (early["kind"], early["declaration_id"], early["parts_lacking"]) == ("pending", "EARLY", [])
    assert (undoes["kind"], undoes["payment_id"], undoes["reverses"], undoes["payer_id"]) == (
        "reversal",
        "R1",
        "V1",
        "P9",
    )
    assert (undoes["source"], undoes["amount_xof"]) == ("/treasury", 50)
    since = [datetime.fromisoformat(row["since"]) for row in page["rows"]]
    assert before <= since[0] <= since[1] <= since[2] <= datetime.now(UTC)
    assert all(row["lacks"]["fr"] and row["lacks"]["en"] for row in page["rows"])
    assert [page[f"{kind}_count"] for kind in ("incomplete", "pending", "reversal")] == [1, 1, 1]
    assert [row["kind"] for row in (await got(place, "/v1/waiting", payer_id="P9"))["rows"]] == ["pending", "reversal"]
    assert len((await got(place, "/v1/waiting", kind="reversal"))["rows"]) == 1
    await place.desk.take(affiliated("P9"), payment("P9", 50, payment_id="V1"), *split(declaration("P1"), 1))
    assert [row["kind"] for row in (await got(place, "/v1/waiting"))["rows"]] == ["incomplete"]


async def test_what_waits_goes_page_by_page_each_once(place: Office) -> None:
    await place.desk.take(
        *(declaration(f"P{n}", declaration_id=f"D{m}") for n in range(4) for m in range(3)),
        *(reversal(payment("P1", 50, payment_id=f"V{n}")) for n in range(5)),
    )
    rows = await all_pages(place, "/v1/waiting", 4)
    assert len({(row["payer_id"], row.get("declaration_id"), row.get("reverses")) for row in rows}) == len(rows) == 17
    assert [row["since"] for row in rows] == sorted(row["since"] for row in rows)
    assert len(await all_pages(place, "/v1/waiting", 5, kind="pending", payer_id="P2")) == 3


async def test_a_declaration_tells_since_when_it_waits_and_then_its_answer(place: Office) -> None:
    await place.desk.take(declaration("P1", lines=[(N1, 40_000)], declaration_id="D1"))
    path = "/v1/declarations/D1"
    waits = await got(place, path, payer_id="P1")
    assert (waits["state"], waits["answer"]["outcome"], waits["waits_since"] is None) == ("pending", "pending", False)
    await place.desk.take(affiliated("P1"), person(N1))
    shown = await got(place, path, payer_id="P1")
    assert shown["answer"] == (await place.desk.facts("declaration-answered"))[-1]
    assert (shown["state"], shown["waits_since"], shown["parts_read"]) == ("accepted", None, [1])
    assert (await place.http.get(path, params={"payer_id": "P2"})).status_code == 404
    assert (await place.http.get(path)).json()["errors"][0]["pointer"] == "/query/payer_id"
