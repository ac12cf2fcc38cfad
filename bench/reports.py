"""How long reports take on a fund of 20,000 payers and 36 periods: p50 and p99 of each question, one after the other.

The database is filled by the projections' own statements, in the order of knowledge times; then the API is asked, in
this process, with nobody else about. Every question is asked many times, each past one as of instants of its own.
Taking facts in is timed too, beside keeping them in their ledgers alone, which is what no report can do without.
"""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import httpx

from bench.filling import append, fill
from bench.reports_history import Country
from recouvra.chassis.migrate import migrate
from recouvra.chassis.settings import Settings
from recouvra.local.servers import database
from services.reporting.app import MIGRATIONS, build

_PERIODS_ALONE = 6  # of these the ledgers alone are filled: they take as long at any size

_RATES, _PAYERS = "/v1/collection-rates", "/v1/payers"
_PERIODS = {"period_from": "2024-01", "period_to": "2024-12"}
QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "national": (_RATES, {}),
    "by kind": (_RATES, {"group_by": "payer_kind"}),
    "by region": (_RATES, {"group_by": "region"}),
    "by period": (_RATES, {"group_by": "period"}),
    "by region and period": (_RATES, {"group_by": ["region", "period"]}),
    "a year, national": (_RATES, _PERIODS),
    "a year, by region": (_RATES, _PERIODS | {"group_by": "region"}),
    "one region's payers": (_RATES, {"region": "05", "group_by": "payer"}),
    "one region's greatest debtors": (_PAYERS, {"region": "05"}),
    "the country's greatest debtors": (_PAYERS, {}),
    "timeliness, national": ("/v1/timeliness", {}),
    "timeliness, a year": ("/v1/timeliness", _PERIODS),
    "unpaid rates": ("/v1/unpaid-rates", {}),
    "arrears, by region": ("/v1/arrears", {"group_by": "region"}),
    "cohorts, by kind": ("/v1/cohorts", {"group_by": "payer_kind"}),
    "bridge": ("/v1/bridge", {"from": "2025-01-01"}),
    "money": ("/v1/money", {}),
}
"""What is asked: as of now, and as of past instants."""


async def reports(folder: Path, payers: int, periods: int, repeats: int) -> dict[str, Any]:
    """Fills a database, asks, and tells milliseconds by question, as of now and as of past instants."""
    async with database(folder / "postgres") as postgres:
        beside = await postgres.create_database("ledgers", token_urlsafe(12))
        await migrate(beside, MIGRATIONS)
        alone = await fill(beside, Country(payers, min(periods, _PERIODS_ALONE)), append)
        url = await postgres.create_database("reporting", token_urlsafe(12))
        await migrate(url, MIGRATIONS)
        filled = await fill(url, Country(payers, periods))
        filled["of_ledgers_alone"] = round(filled["facts_per_second"] / alone["facts_per_second"], 2)
        print(f"{filled['facts']:,} facts, {filled['facts_per_second']:,} a second", flush=True)
        print(f"of ledgers alone, {alone['facts_per_second']:,} a second: {filled['of_ledgers_alone']}", flush=True)
        return {"payers": payers, "periods": periods, "repeats": repeats, **filled, "ms": await ask(url, repeats)}


async def ask(url: str, repeats: int) -> dict[str, dict[str, float]]:
    """Asks everything on a filled database; p50 and p99 in milliseconds, at the client."""
    settings = Settings(kafka="127.0.0.1:9", database_url=url)  # port 9: nobody there
    app = build(settings).create_api(settings)
    dice, found = random.Random(1), dict[str, dict[str, float]]()
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://r") as client:
        for past in (False, True):
            for name, (path, query) in QUESTIONS.items():
                asked = f"{name}{', in the past' if past else ''}"
                taken = [await _asked(client, path, query, dice if past else None) for _ in range(repeats)]
                found[asked] = _percentiles(taken)
                print(f"{asked:50} p50 {found[asked]['p50']:8.1f} ms  p99 {found[asked]['p99']:8.1f} ms", flush=True)
    return found


async def _asked(client: httpx.AsyncClient, path: str, query: dict[str, Any], past: random.Random | None) -> float:
    if past is not None:
        at = datetime(2023, 2, 1, tzinfo=UTC) + timedelta(seconds=past.randrange(3 * 365 * 86_400))
        query = query | {"to" if "from" in query else "as_of": at.isoformat()}
        if "from" in query:
            query |= {"from": (at - timedelta(days=365)).isoformat()}
    started = time.monotonic()
    answer = await client.get(path, params=query)
    taken = time.monotonic() - started
    answer.raise_for_status()
    return taken * 1_000


def _percentiles(taken: list[float]) -> dict[str, float]:
    ordered = sorted(taken)
    return {f"p{of}": round(ordered[min(len(ordered) - 1, len(ordered) * of // 100)], 1) for of in (50, 99)}
