"""What was known of each (payer, period): the versions that reports read, whatever came when, through whom."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg

from recouvra.chassis.database import WRITER
from recouvra.contracts.event import Event
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.record import Record
from services.reporting.doors.snapshot import SESSION
from services.reporting.projections.standing import HAS_STRAYS
from tests.servers.meeting import met
from tests.servers.reporting_at_work import (
    CreateDatabase,
    Reporting,
    assessed,
    at,
    batches,
    fact,
    received,
    reporting,
)
from tests.standing.polling import eventually

START = at("2026-02-01T00:00:00")
FOR_EVER = datetime.max  # as asyncpg reads an infinity
DAYS = (0, 30, 60, 90, 180, 365)
Known = tuple[datetime, Event]
Version = dict[str, Any]


def _history(seed: int) -> list[Known]:
    """Facts of few pairs, many at one knowledge time; money early and late, some before anything is due.

    Of two of the three payers affiliations are known, sooner or later than their first facts, that change and end.
    """
    dice = random.Random(seed)
    known: list[Known] = []
    for n in range(7):
        closed_on = dice.choice((None, None, date(2026, 1, 31)))
        kind, frequency = dice.choice(("state", "private_employer")), dice.choice(("monthly", "quarterly"))
        moment = START + timedelta(days=dice.randint(0, 20), microseconds=10 + n)
        known.append((moment, affiliated(dice.choice("AB"), kind, f"0{n}01", frequency, closed_on)))
    for n in range(90):
        payer, month = dice.choice("ABC"), dice.choice((1, 2))
        moment = START + timedelta(days=dice.randint(0, 20), microseconds=dice.randint(0, 1))
        place: dict[str, Any] = {"kind": "state", "territory": "0301"} if payer == "A" else {}
        due_on = date(2026, month + 1, 15)
        if dice.random() < 0.4:
            filed_on = due_on + timedelta(days=dice.randint(-9, 9))
            event = assessed(payer, f"2026-0{month}", n, **place, due_on=due_on, filed_on=filed_on)
        else:
            received_on = due_on + timedelta(days=dice.choice((-1, 0, 1, 30, 31, 90, 91, 180, 365, 366)))
            event = received(payer, f"2026-0{month}", n - 20, **place, received_on=received_on)
        known.append((moment, event))
    return known


def affiliated(payer_id: str, kind: str, territory: str, frequency: str, closed_on: date | None) -> Event:
    """An affiliation since 2026-02 or, of whom closed before, since 2026-01."""
    return PayerAffiliated.model_validate(
        {
            "payer_id": payer_id,
            "payer_kind": kind,
            "name": payer_id,
            "territory_code": territory,
            "filing_frequency": frequency,
            "affiliated_on": date(2026, 1 if closed_on else 2, 5),
            "closed_on": closed_on,
        }
    )


def versions(known: Sequence[Known]) -> list[Version]:
    """What must be kept of these facts, told in any order: each version looks at all of its facts again."""
    pairs: dict[tuple[str, str], list[tuple[datetime, dict[str, Any]]]] = defaultdict(list)
    payers: dict[str, list[tuple[datetime, dict[str, Any]]]] = defaultdict(list)
    for moment, event in known:
        said = event.model_dump()
        if isinstance(event, PayerAffiliated):
            payers[said["payer_id"]].append((moment, said))
        else:
            pairs[said["payer_id"], said["period"]].append((moment, said))
    rows = []
    for (payer_id, period), facts in sorted(pairs.items()):
        told = sorted(payers[payer_id], key=lambda one: one[0])
        first = min(moment for moment, _ in facts)
        moments = sorted({moment for moment, _ in [*facts, *told] if moment >= first})
        for known_from, known_to in zip(moments, [*moments[1:], FOR_EVER], strict=True):
            rows.append(
                {"payer_id": payer_id, "period": period, "known_from": known_from, "known_to": known_to}
                | _version([said for moment, said in facts if moment <= known_from])
                | _payer([said for moment, said in told if moment <= known_from], period)
            )
    return rows


def _version(facts: Sequence[dict[str, Any]]) -> Version:
    due = [said for said in facts if "due_on" in said]
    paid = [said for said in facts if "received_on" in said]
    due_on = due[0]["due_on"] if due else None
    return {
        "payer_kind": facts[0]["payer_kind"],
        "territory_code": facts[0]["territory_code"],
        "due_on": due_on,
        "filed_on": min((said["filed_on"] for said in due), default=None),
        "is_assessed": bool(due),
        "is_received": bool(paid),
        "assessed_xof": sum(said["assessed_xof"] for said in due),
        "received_xof": sum(said["received_xof"] for said in paid),
    } | {
        f"received_{days}_xof": sum(
            said["received_xof"]
            for said in paid
            if due_on is not None and said["received_on"] <= due_on + timedelta(days=days)
        )
        for days in DAYS
    }


def _payer(told: Sequence[dict[str, Any]], period: str) -> Version:
    if not told:
        return {"last_kind": None, "last_territory": None, "filing_frequency": None, "is_affiliated": False}
    last = told[-1]
    since, until = (f"{day:%Y-%m}" for day in (last["affiliated_on"], last["closed_on"] or date.max))
    return {
        "last_kind": last["payer_kind"],
        "last_territory": last["territory_code"],
        "filing_frequency": last["filing_frequency"],
        "is_affiliated": since <= period <= until,
    }


async def kept(connection: asyncpg.Connection) -> list[Version]:
    """What is kept."""
    rows = await connection.fetch("select * from standing order by payer_id, period, known_from")
    return [dict(row) for row in rows]


async def test_versions_are_those_of_the_facts_in_whatever_order_and_batches_they_came(
    postgres: CreateDatabase,
) -> None:
    known = _history(3)
    expected = versions(known)
    assert any(row["is_received"] and not row["is_assessed"] for row in expected)
    dice = random.Random(5)
    for order in range(3):
        told = sorted(known, key=lambda one: one[0])
        if order:
            dice.shuffle(told)
        records = [_record(one) for one in told]
        async with reporting(postgres) as it:
            for batch in batches(records, (1, 7, 20)):
                await it.feed(*batch)
            assert await kept(it.connection) == expected


async def test_of_two_workers_that_read_facts_of_one_pair_at_once_the_later_tells_of_both(
    postgres: CreateDatabase,
) -> None:
    """An assessment and a receipt come over different topics, and so through different workers; in either order."""
    before = START, assessed("A", "2026-01", 1)
    due, paid = (START, assessed("A", "2026-01", 1_000)), (START + timedelta(hours=1), received("A", "2026-01", 300))
    for first, second in ((due, paid), (paid, due)):
        async with reporting(postgres) as it:
            other, holder = [await asyncpg.connect(it.url, server_settings=WRITER) for _ in range(2)]
            beside = Reporting(it.url, other, it.client, it.reading, it.app)
            await it.feed(_record(before))
            met_by = _record(second)._replace(partition=1)
            await met((it.connection, it.feed(_record(first))), (other, beside.feed(met_by)), holder, "standing")
            assert await kept(holder) == versions([before, first, second])
            await other.close()
            await holder.close()


def _record(known: Known) -> Record:
    moment, event = known
    return fact(event, moment)


async def test_what_a_worker_of_the_version_before_appends_is_told_by_the_next_batch_and_nothing_until_then(
    postgres: CreateDatabase,
) -> None:
    known = [(START, assessed("A", "2026-01", 1_000)), (START + timedelta(days=1), received("A", "2026-01", 300))]
    async with reporting(postgres) as it:
        await it.feed(fact(known[0][1], known[0][0]))
        await it.complete()
        await it.connection.execute(
            "insert into received (event_id, known_at, payer_id, payer_kind, territory_code, period, payment_source, "
            "payment_id, received_xof, received_on, channel) select 'old', $1, payer_id, payer_kind, territory_code, "
            "period, '/bank', 'P-1', 300, '2026-02-12', 'bank' from assessed",
            known[1][0],
        )
        answer = await it.get("/v1/collection-rates")
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (503, "not-complete-yet")
        await it.complete()
        assert await kept(it.connection) == versions(known)
        assert (await it.get("/v1/collection-rates")).json()["total"]["received_xof"] == 300


async def test_a_worker_that_starts_tells_them_at_once_though_no_record_comes_and_no_broker_answers(
    postgres: CreateDatabase,
) -> None:
    known = [(START, assessed("A", "2026-01", 1_000)), (START + timedelta(days=1), received("A", "2026-01", 300))]
    async with reporting(postgres) as it:
        await it.complete()
        for moment, event in known:
            await it.feed(_record((moment, event)))
        for table in ("assessed", "received"):
            await it.connection.execute(f"update {table} set in_standing = false")  # noqa: S608 - constants
        await it.connection.execute(
            "truncate standing, summed, summed_of_day, summed_of_month, summed_of_payer, known_in_year, amount_of_day"
        )
        assert (await it.get("/v1/collection-rates")).status_code == 503
        environment = os.environ | {"RECOUVRA_KAFKA": "127.0.0.1:9", "RECOUVRA_DATABASE_URL": it.url}
        command = sys.executable, "-m", "services.reporting", "--worker"
        worker = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.DEVNULL)
        try:

            async def is_told() -> None:
                answer = (await it.get("/v1/collection-rates")).raise_for_status()
                assert answer.json()["total"]["received_xof"] == 300

            await eventually(is_told)
        finally:
            worker.kill()
            await worker.wait()
        assert await kept(it.connection) == versions(known)


LARGE = ("assessed", "received", "affiliation", "standing", "summed_of_payer", "known_in_year")


async def test_neither_a_batch_nor_an_answer_reads_a_large_table_whole_while_no_one_has_counted_its_rows(
    postgres: CreateDatabase,
) -> None:
    """What a planner would do that knows tables as they were when they were empty, where a worker keeps its plans."""
    async with reporting(postgres) as it:
        for table in LARGE:
            await it.connection.execute(f"alter table {table} set (autovacuum_enabled = false)")
        await it.complete()
        for n in range(8):  # more than PostgreSQL plans anew for
            await it.feed(*_of_payer(n))
        await it.feed(*(record for n in range(8, 500) for record in _of_payer(n)))
        before = await _read_whole(it)
        await it.feed(*_of_payer(500))
        await it.feed(fact(received("P-3", "2026-01", 5), START + timedelta(days=1)))
        assert await _read_whole(it) == before
        snapshot = await asyncpg.connect(it.url, server_settings=SESSION)
        try:
            plan = await snapshot.fetch(f"explain {HAS_STRAYS}")
            assert not [line for (line,) in plan if "Seq Scan" in line]
        finally:
            await snapshot.close()


def _of_payer(n: int) -> list[Record]:
    moment = START + timedelta(seconds=n)
    due, paid = assessed(f"P-{n}", "2026-01", 10), received(f"P-{n}", "2026-01", 5)
    return [
        fact(affiliated(f"P-{n}", "state", "0301", "monthly", None), moment),
        fact(due, moment + timedelta(milliseconds=1)),
        fact(paid, moment + timedelta(milliseconds=2)),
    ]


async def _read_whole(it: Reporting) -> dict[str, int]:
    """How many rows were read of each large table by reading it from its beginning."""
    await it.connection.execute("select pg_stat_force_next_flush()")
    rows = await it.connection.fetch(
        "select relname, seq_tup_read from pg_stat_user_tables where relname = any($1::text[])", LARGE
    )
    return {row["relname"]: row["seq_tup_read"] for row in rows}
