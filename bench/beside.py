"""Against: the same lines, one a record, by those whom others would run; and by us, so and in our own shape."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from secrets import token_urlsafe
from statistics import median

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.against.debezium import connect
from bench.declaring import Declaring, declare
from bench.failing import BenchFailed, until
from bench.floor import TABLE, drop, floor
from bench.ground import Ground
from bench.made import Made, Payer, log_normal, rows
from bench.meter import Meter, Spent
from bench.publishing import Publisher
from bench.telling import Told, bars, each, goal, peak_mib, table
from recouvra.local.children import Child

_LINES, _WITH_SCHEMA = "lines", "lines-with-schema"
_PARTITIONS = 6
_MONTH = (0,)
_MOST = 1_000  # of a payer: a declaration has no more parts
_FEWER = 6  # times fewer records of one line suffice to tell our own rate
_START_SECONDS = 180.0
_STILL_SECONDS = 3.0
_LOOK_SECONDS = 0.25
_FIELDS = {"payer_id": "string", "period": "string", "declaration_id": "string", "line_no": "int32"}
_FIELDS |= {"insured_number": "string", "base_xof": "int64"}
_SCHEMA = ",".join(f'{{"field":"{name}","type":"{kind}","optional":false}}' for name, kind in _FIELDS.items())
Runs = dict[str, list[tuple[int, Spent]]]
TUTORIAL, BATCH, DEBEZIUM = "tutorial: a transaction a record", "batch: executemany", "Debezium's JDBC sink, 2 tasks"
FLOOR, OURS_SO, OURS = "floor: COPY", "ours, one line a record", "ours, 1,000 lines a record"


async def against(ground: Ground, *, lines: int, seconds: int, repeats: int) -> Told:
    """Everybody in turn; each has as many of the lines as it can do in so many seconds, ourselves all of them."""
    payers = log_normal(lines, most=_MOST)
    await _publish(ground, payers)
    runs: Runs = {}
    for repeat in range(repeats):
        name = f"floor_{repeat}"
        turns: dict[str, Callable[[], Awaitable[Spent | tuple[int, Spent]]]] = {
            FLOOR: partial(floor, ground.postgres, name, payers, _MONTH),
            TUTORIAL: partial(_faststream, ground, "tutorial", repeat, lines, seconds),
            BATCH: partial(_faststream, ground, "batch", repeat, lines, seconds),
            DEBEZIUM: partial(_debezium, ground, repeat, lines, seconds),
            OURS_SO: partial(_ours_so, ground, lines // _FEWER),
            OURS: partial(declare, ground, Declaring(log_normal(lines), _MONTH)),
        }
        for side, turn in turns.items():
            found = await turn()
            done = (lines, found) if isinstance(found, Spent) else found
            runs.setdefault(side, []).append(done)
            print(f"  {repeat + 1}/{repeats} {side}: {done[0] / done[1].seconds:,.0f} lines/s", flush=True)
    return _told(lines, seconds, runs)


async def _ours_so(ground: Ground, lines: int) -> tuple[int, Spent]:
    what = Declaring(log_normal(lines, most=_MOST), _MONTH, lines_a_part=1)
    return what.lines, await declare(ground, what)


async def _publish(ground: Ground, payers: Sequence[Payer]) -> None:
    """The lines on two topics: bare, and with the schema that Connect's converter asks of every record."""
    admin = AIOKafkaAdminClient(bootstrap_servers=ground.kafka.bootstrap, request_timeout_ms=30_000)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, _PARTITIONS, 1) for name in (_LINES, _WITH_SCHEMA)])
    finally:
        await admin.close()
    await asyncio.to_thread(Publisher(ground.kafka.bootstrap).publish, _records(payers))


def _records(payers: Sequence[Payer]) -> Iterator[Made]:
    for payer_id, declaration_id, line_no, number, period, base_xof in rows(payers, _MONTH):
        line = (
            f'{{"payer_id":"{payer_id}","period":"{period}","declaration_id":"{declaration_id}","line_no":{line_no},'
            f'"insured_number":"{number}","base_xof":{base_xof}}}'
        )
        told = f'{{"schema":{{"type":"struct","optional":false,"fields":[{_SCHEMA}]}},"payload":{line}}}'
        yield Made(_LINES, payer_id.encode(), line.encode(), "line")
        yield Made(_WITH_SCHEMA, payer_id.encode(), told.encode(), "line")


async def _faststream(ground: Ground, way: str, repeat: int, lines: int, seconds: int) -> tuple[int, Spent]:
    url = await ground.postgres.create_database(name := f"{way}_{repeat}", token_urlsafe(12))
    told = {"BENCH_KAFKA": ground.kafka.bootstrap, "BENCH_DATABASE_URL": url, "BENCH_TOPIC": _LINES}
    command = [sys.executable, "-m", f"bench.against.{way}"]
    child = Child(name, command, ground.folder / f"{name}.log", os.environ | told | {"BENCH_GROUP": name})
    return await _watched(ground, child, url, name, lines, seconds)


async def _debezium(ground: Ground, repeat: int, lines: int, seconds: int) -> tuple[int, Spent]:
    url = await ground.postgres.create_database(name := f"debezium_{repeat}", token_urlsafe(12))
    child = await connect(ground, name, _WITH_SCHEMA, url)
    return await _watched(ground, child, url, name, lines, seconds)


async def _watched(ground: Ground, child: Child, url: str, name: str, lines: int, seconds: int) -> tuple[int, Spent]:
    """Lines that were stored from the first commit that is seen on, and what that took; the start does not count.

    Raises:
        BenchFailed: it ended, or stored nothing.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(TABLE)
        child.start()

        async def begun() -> bool:
            return bool(await connection.fetchval("select exists (select from line)"))

        async def alive() -> None:
            if not child.is_running:
                raise BenchFailed(child.died(await child.ended()).en)

        await until(begun, _START_SECONDS, f"{name} stores a line", every=0.01, alive=alive)
        meter = Meter({"side": [child.pid], "postgres": [ground.postgres.pid], "broker": [ground.kafka.pid]})
        before = await _count(connection)
        meter.start()
        count, moved_at, ends_at = before, time.monotonic(), time.monotonic() + seconds
        while count < lines and time.monotonic() < ends_at:
            await alive()
            await asyncio.sleep(_LOOK_SECONDS)
            if (now := await _count(connection)) > count:
                count, moved_at = now, time.monotonic()
        spent = meter.stop()
        if count < lines and time.monotonic() - moved_at > _STILL_SECONDS:
            raise BenchFailed(f"{name} stored {count} lines and then no more")
        if count == before:
            raise BenchFailed(f"{name} stored {before} lines at once and no more: too few lines to tell a rate")
        return count - before, spent
    finally:
        await child.stop(within=20)
        await connection.close()
        await drop(ground.postgres, name)


async def _count(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("select count(*) from line"))


def _told(lines: int, seconds: int, runs: Runs) -> Told:
    rates = {
        name: sorted(count / spent.seconds for count, spent in some)[len(some) // 2] for name, some in runs.items()
    }
    out = []
    for name, some in runs.items():
        count = sorted(count for count, _ in some)[len(some) // 2]
        spent = [one for _, one in some]
        times = [round(rates[OURS] / rates[name], 1), round(rates[OURS_SO] / rates[name], 2)]
        cpu = each({who: round(median(one.cpu[who] * 1e6 / n for n, one in some), 2) for who in spent[0].cpu})
        out.append(
            [name, count, round(rates[name]), round(rates[name] / rates[FLOOR], 4), *times, cpu, each(peak_mib(spent))]
        )
    columns = ["", "lines", "lines/s", "of the floor", "ours ÷ it", "ours, one line a record ÷ it"]
    return {
        "title": "Against what others would run",
        "says": [
            "One line a record for all but our own last row: the shape of the record is part of the design, and a sink "
            "cannot explode an array. The others store a line and no more; ours checks, assesses, answers, publishes.",
            f"Of {lines:,} lines each of the others had what it could do in {seconds} s from its first commit on. One "
            "line a record for us means declarations whose every part is one line. Everything each is run with is in "
            "bench/against.",
        ],
        "tables": [table("Medians", [*columns, "CPU-s per million lines", "peak MiB"], out)],
        "goals": [
            goal("ours ÷ the tutorial's way", rates[OURS] / rates[TUTORIAL], 1_000),
            goal("ours ÷ the batch way", rates[OURS] / rates[BATCH], 20),
            goal("ours ÷ Debezium's", rates[OURS] / rates[DEBEZIUM], 8),
            goal("ours on one-line records ÷ the floor", rates[OURS_SO] / rates[FLOOR], 0.35),
        ],
        "plots": [bars("against", "The same lines", "lines/s, by tens", rates, log=True)],
        "raw": {name: [spent.told(count) for count, spent in some] for name, some in runs.items()},
    }
