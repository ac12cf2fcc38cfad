"""Who was to file and to pay by the due day: cases worked by hand, a payer each (DEF-008)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio

from recouvra.contracts.event import Event
from recouvra.contracts.payer_affiliated import PayerAffiliated
from tests.servers.reporting_at_work import CreateDatabase, Reporting, assessed, at, fact, received, reporting

KNOWN = at("2026-02-01T00:00:00")
MOVED, REVERSED = at("2026-02-20T00:00:00"), at("2026-03-10T00:00:00")
NOTHING = (0, 0, 0, 0, 0, 0, 0)
TIMELINESS = "/v1/timeliness"
FIELDS = ["expected", "filed", "filed_on_time", "payers_with_dues", "paid_on_time", "due_xof", "paid_on_time_xof"]


def affiliated(payer_id: str, affiliated_on: str, closed_on: str | None = None, **other: str) -> Event:
    """An affiliation of a monthly local authority, but for what is given."""
    stands = {"payer_kind": "local_authority", "territory_code": "0101", "filing_frequency": "monthly"} | other
    dates = {
        "affiliated_on": date.fromisoformat(affiliated_on),
        "closed_on": closed_on and date.fromisoformat(closed_on),
    }
    return PayerAffiliated.model_validate({"payer_id": payer_id, "name": payer_id, **stands, **dates})


@pytest_asyncio.fixture(scope="module")
async def fund(postgres: CreateDatabase) -> AsyncIterator[Reporting]:
    """Payers named for what is particular about them; the first period of which anything is known is 2025-12."""
    since = "2025-12-01"
    quarterly = {"filing_frequency": "quarterly"}
    on_day: dict[str, Any] = {"filed_on": date(2026, 2, 15)}
    day_after: dict[str, Any] = {"filed_on": date(2026, 2, 16)}
    later = {"territory_code": "0901", "payer_kind": "private_employer"} | quarterly
    async with reporting(postgres) as it:
        await it.feed(
            fact(affiliated("FIRST", since, "2025-12-31"), KNOWN),
            fact(assessed("FIRST", "2025-12", 0, due_on=date(2026, 1, 15), filed_on=date(2026, 1, 10)), KNOWN),
            fact(affiliated("SILENT", since), KNOWN),
            fact(affiliated("QUARTERLY", since, **quarterly), KNOWN),
            fact(affiliated("SELF", since, payer_kind="self_employed", **quarterly), KNOWN),
            fact(affiliated("CLOSED-ON-FIRST", since, "2026-02-01"), KNOWN),
            fact(affiliated("CLOSED-ON-LAST", since, "2026-01-31"), KNOWN),
            fact(affiliated("JOINED-ON-LAST", "2026-02-28"), KNOWN),
            fact(affiliated("MOVED", since), KNOWN),
            fact(assessed("MOVED", "2025-12", 50, due_on=date(2026, 1, 15)), KNOWN),
            fact(assessed("MOVED", "2026-01", 100, **on_day), KNOWN),
            fact(affiliated("MOVED", since, **later), MOVED),
            fact(assessed("UNREAD", "2026-01", 300), KNOWN),
            fact(received("UNREAD", "2026-01", 300), KNOWN),
            fact(affiliated("NIL", "2026-01-01"), KNOWN),
            fact(assessed("NIL", "2026-01", 0, **on_day), KNOWN),
            fact(affiliated("REPLACED", "2026-01-01"), KNOWN),
            fact(assessed("REPLACED", "2026-01", 900, **day_after), KNOWN),
            fact(assessed("REPLACED", "2026-01", -900, basis="replacement", filed_on=date(2026, 3, 1)), MOVED),
            fact(affiliated("PART", "2026-01-01"), KNOWN),
            fact(assessed("PART", "2026-01", 900, **day_after), KNOWN),
            fact(received("PART", "2026-01", 300, received_on=date(2026, 1, 3)), KNOWN),
            fact(received("PART", "2026-01", 500, received_on=date(2026, 2, 15), payment_id="P-2"), KNOWN),
            fact(received("PART", "2026-01", 100, received_on=date(2026, 2, 16), payment_id="P-3"), KNOWN),
            fact(affiliated("BOUNCED", "2026-01-01"), KNOWN),
            fact(assessed("BOUNCED", "2026-01", 700, **on_day), KNOWN),
            fact(received("BOUNCED", "2026-01", 700, received_on=date(2026, 2, 15)), KNOWN),
            fact(received("BOUNCED", "2026-01", -700, received_on=date(2026, 2, 15)), REVERSED),
            fact(affiliated("OUT-OF-TIME", "2026-06-01"), KNOWN),
            fact(assessed("OUT-OF-TIME", "2026-01", 80, **on_day), KNOWN),
        )
        await it.complete("2027-06-30T00:00:00Z")
        yield it


async def _told(fund: Reporting, as_of: str, **query: Any) -> tuple[int, ...]:
    """The numbers of the one row that there is, or of none."""
    body = (await fund.get(TIMELINESS, as_of=as_of, group_by="payer_kind", **query)).json()
    (row,) = body["rows"] or [{"payer_kind": None} | body["total"]]
    assert body["total"] == {name: value for name, value in row.items() if name != "payer_kind"}
    return tuple(row[name] for name in FIELDS)


@pytest.mark.parametrize(
    ("payer_id", "as_of", "expected"),
    [
        ("SILENT", "2026-02-14", (1, 0, 0, 0, 0, 0, 0)),  # December fell due in January, January does tomorrow
        ("SILENT", "2026-02-15", (2, 0, 0, 0, 0, 0, 0)),
        ("SILENT", "2027-01-31", (13, 0, 0, 0, 0, 0, 0)),
        ("QUARTERLY", "2026-04-14", (1, 0, 0, 0, 0, 0, 0)),  # December's quarter
        ("QUARTERLY", "2026-04-15", (4, 0, 0, 0, 0, 0, 0)),
        ("SELF", "2026-04-14", (1, 0, 0, 0, 0, 0, 0)),
        ("SELF", "2026-07-15", (3, 0, 0, 0, 0, 0, 0)),
        ("CLOSED-ON-FIRST", "2026-12-31", (3, 0, 0, 0, 0, 0, 0)),
        ("CLOSED-ON-LAST", "2026-12-31", (2, 0, 0, 0, 0, 0, 0)),
        ("JOINED-ON-LAST", "2026-03-14", NOTHING),
        ("JOINED-ON-LAST", "2026-03-15", (1, 0, 0, 0, 0, 0, 0)),
        ("UNREAD", "2026-03-01", (0, 0, 0, 1, 1, 300, 300)),  # nobody expects what nobody was told of
        ("NIL", "2026-03-01", (1, 1, 1, 0, 0, 0, 0)),
        ("REPLACED", "2026-02-19", (1, 1, 0, 1, 0, 900, 0)),
        ("REPLACED", "2026-03-01", (1, 1, 0, 0, 0, 0, 0)),  # the earliest day on which anything was filed stands
        ("PART", "2026-02-14", NOTHING),
        ("PART", "2026-02-15", (1, 1, 0, 1, 0, 900, 800)),
        ("PART", "2026-03-01", (1, 1, 0, 1, 0, 900, 800)),
        ("BOUNCED", "2026-03-09", (1, 1, 1, 1, 1, 700, 700)),
        ("BOUNCED", "2026-03-10", (1, 1, 1, 1, 0, 700, 0)),
        ("OUT-OF-TIME", "2026-03-01", (0, 0, 0, 1, 0, 80, 0)),  # filed, but nobody expected it
        ("NOBODY", "2026-03-01", NOTHING),
    ],
)
async def test_a_payer_is_to_file_and_to_pay_by_what_is_known_of_it(
    fund: Reporting, payer_id: str, as_of: str, expected: tuple[int, ...]
) -> None:
    assert await _told(fund, as_of, payer_id=payer_id) == expected


async def test_what_was_assessed_stands_where_it_stood_and_what_is_expected_where_its_payer_went(
    fund: Reporting,
) -> None:
    async def rows(as_of: str) -> list[tuple[Any, ...]]:
        keys = ["payer_kind", "region", "period"]
        body = (await fund.get(TIMELINESS, payer_id="MOVED", as_of=as_of, group_by=keys)).json()
        return [tuple(row[name] for name in [*keys, "expected", "filed", "due_xof"]) for row in body["rows"]]

    assessed_rows = [("local_authority", "01", "2025-12", 1, 1, 50), ("local_authority", "01", "2026-01", 1, 1, 100)]
    assert await rows("2026-02-19") == assessed_rows
    assert await rows("2026-03-31") == assessed_rows  # by its first frequency, February would be due
    quarter = [("private_employer", "09", month, 1, 0, 0) for month in ("2026-02", "2026-03")]
    assert await rows("2026-04-15") == assessed_rows + quarter
    assert await _told(fund, "2026-04-15", payer_id="MOVED", region="01") == (2, 2, 1, 2, 0, 150, 0)
    assert await _told(fund, "2026-04-15", payer_id="MOVED", payer_kind="private_employer") == (2, 0, 0, 0, 0, 0, 0)


async def test_periods_begin_with_the_first_of_which_anything_is_known_unless_they_are_asked_for(
    fund: Reporting,
) -> None:
    early = {"payer_id": "SILENT", "as_of": "2026-02-20"}
    assert (await _told(fund, **early))[0] == 2
    assert (await _told(fund, **early, period_from="2026-01"))[0] == 1
    assert (await _told(fund, **early, period_from="2009-01"))[0] == 2  # it was not affiliated before December
    assert (await _told(fund, **early, period_to="2025-12"))[0] == 1
    assert (await _told(fund, **early, period_to="2030-12"))[0] == 2
    assert await _told(fund, **early, period_from="2026-02") == NOTHING
    before = (KNOWN - timedelta(microseconds=1)).isoformat()
    assert await _told(fund, before, period_from="2025-12") == NOTHING


async def test_only_a_group_with_something_expected_or_due_has_a_row_and_without_groups_there_is_one(
    fund: Reporting,
) -> None:
    rows = await fund.rows(TIMELINESS, group_by="payer", as_of="2026-03-14", limit=2)
    assert [row["payer_id"] for row in rows] == sorted(row["payer_id"] for row in rows)
    assert {row["payer_id"] for row in rows} == {
        *("FIRST", "SILENT", "QUARTERLY", "SELF", "CLOSED-ON-FIRST", "CLOSED-ON-LAST"),
        *("MOVED", "UNREAD", "NIL", "REPLACED", "PART", "BOUNCED", "OUT-OF-TIME"),
    }
    (alone,) = await fund.rows(TIMELINESS, payer_id="NOBODY")
    assert [alone[name] for name in FIELDS] == [0] * 7
    assert {alone[name] for name in alone if "rate" in name} == {None}
    (whole,) = await fund.rows(TIMELINESS, as_of="2026-03-14")
    assert whole == (await fund.get(TIMELINESS, as_of="2026-03-14", group_by="payer")).json()["total"]
    assert list(whole) == [
        *("expected", "filed", "filed_on_time", "on_time_filing_rate", "payers_with_dues", "paid_on_time"),
        *("on_time_payment_rate_by_number", "due_xof", "paid_on_time_xof", "on_time_payment_rate_by_value"),
    ]
