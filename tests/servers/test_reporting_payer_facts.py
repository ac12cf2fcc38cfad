"""A payer in depth: each figure names its facts, each fact its rule, each period the law's rows behind it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.servers.reporting_at_work import (
    CreateDatabase,
    affiliated,
    assessed,
    at,
    fact,
    held,
    received,
    reporting,
)

KNOWN = at("2026-02-01T00:00:00")
LATER = KNOWN + timedelta(days=1)


async def test_each_figure_names_its_facts_their_rules_and_the_rows_of_the_law(postgres: CreateDatabase) -> None:
    async with reporting(postgres) as it:
        await it.feed(
            fact(affiliated("A", "private_employer", "0901", "Sotram"), KNOWN, "f-1"),
            fact(assessed("A", "2026-01", 900, "private_employer", "0901"), KNOWN, "a-1"),
            fact(assessed("A", "2026-01", -100, "private_employer", "0901", basis="replacement"), LATER, "a-2"),
            fact(assessed("A", "2015-12", 50, "local_authority", "0101"), LATER, "a-3"),
            fact(received("A", "2026-01", 800, "private_employer", "0901"), LATER, "r-1"),
            fact(held("A", 30), LATER, "h-1"),
            fact(held("A", -10), LATER, "h-2"),
        )
        await it.complete()
        body: dict[str, Any] = (await it.get("/v1/payers/A")).json()
        then: dict[str, Any] = (await it.get("/v1/payers/A", as_of=KNOWN.isoformat())).json()
    old, new = body["periods"]
    assert [(one["event_id"], one["rule"], one["amount_xof"]) for one in new["facts"]] == [
        ("a-1", "DEF-021", 900),
        ("a-2", "DEF-024", -100),
        ("r-1", "DEF-004", 800),
    ]
    assert {one["known_at"] for one in new["facts"]} == {"2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"}
    assert [row["source"] for row in new["law"]] == ["LAW-010", "LAW-012", "LAW-020"]
    assert new["law"][0] == {
        "source": "LAW-010",
        "starts_on": "2010-11-01",
        "insured_rate": "0.0306",
        "payer_rate": "0.0350",
    }
    # By the kind that the period stands under, and the rows of its own first day.
    assert (old["law"][0]["payer_rate"], old["law"][1]["starts_on"]) == (
        "0.0448",
        "2015-01-01",
    )
    assert [(one["event_id"], one["rule"]) for one in body["credit_facts"]] == [("h-1", "DEF-004"), ("h-2", "DEF-004")]
    assert sum(one["amount_xof"] for one in body["credit_facts"]) == body["credit_xof"] == 20
    assert body["affiliation"] == {
        "topic": "payer-affiliated",
        "event_id": "f-1",
        "known_at": "2026-02-01T00:00:00Z",
        "payer_kind": "private_employer",
        "territory_code": "0901",
        "name": "Sotram",
        "filing_frequency": "monthly",
        "affiliated_on": date(2020, 1, 1).isoformat(),
        "closed_on": None,
    }
    assert (then["credit_facts"], [len(one["facts"]) for one in then["periods"]]) == ([], [1])
