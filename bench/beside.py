"""Against: the same lines, one a record, by those whom others would run; and by us, so and in our own shape."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import accumulate
from secrets import token_urlsafe
from statistics import median

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.against.debezium import connect
from bench.against.watching import watched
from bench.bare import alone
from bench.declaring import ALL_MONTHS, Declaring, declare
from bench.floor import floor
from bench.ground import Ground
from bench.made import Payer, log_normal, rows
from bench.meter import Spent
from bench.publishing import Publisher
from bench.telling import Told, bars, each, goal, pairwise, peak_mib, short, spread, table
from recouvra.local.children import Child

_LINES, _WITH_SCHEMA = "lines", "lines-with-schema"
_PARTITIONS = 6
_MOST = 1_000  # of a payer: a declaration has no more parts
_FEWER = 20  # times fewer records of one line suffice to tell our own rate
_FIELDS = {"payer_id": "string", "period": "string", "declaration_id": "string", "line_no": "int32"}
_FIELDS |= {"insured_number": "string", "base_xof": "int64"}
_SCHEMA = ",".join(f'{{"field":"{name}","type":"{kind}","optional":false}}' for name, kind in _FIELDS.items())
Runs = dict[str, list[tuple[int, Spent]]]
"""By side, of each turn: how many lines were counted, and what they took."""
TUTORIAL, BATCH, DEBEZIUM = "tutorial: a transaction a record", "batch: executemany", "Debezium's JDBC sink, 2 tasks"
FLOOR, OURS_SO, OURS = "floor: COPY", "ours, one line a record", "ours, up to 1,000 lines a record"
ONLY_READ = "one line a record, only read"
BY_TWO = "the same, two workers"


async def against(ground: Ground, *, lines: int, warm: int, seconds: int, repeats: int) -> Told:
    """Everybody in turn on the same lines; others for so many seconds once warm, ourselves all of them."""
    payers = log_normal(lines // len(ALL_MONTHS), most=_MOST)
    ours, so = Declaring(payers), Declaring(_some_of(payers), lines_a_part=1)
    by_two = Declaring(payers, workers=2)
    await _publish(ground, payers)
    watch = partial(watched, ground, lines=ours.lines, warm=warm, seconds=seconds)
    runs: Runs = {}
    for repeat in range(repeats):
        turns: dict[str, Callable[[], Awaitable[tuple[int, Spent]]]] = {
            FLOOR: partial(_all_of, ours.lines, partial(floor, ground, f"floor_{repeat}", payers, ALL_MONTHS)),
            TUTORIAL: partial(_faststream, ground, f"tutorial_{repeat}", watch),
            BATCH: partial(_faststream, ground, f"batch_{repeat}", watch),
            DEBEZIUM: partial(_debezium, ground, f"debezium_{repeat}", watch),
            ONLY_READ: partial(_all_of, so.lines, partial(alone, ground, so.records(), facts=0)),
            OURS_SO: partial(_all_of, so.lines, partial(declare, ground, so)),
            OURS: partial(_all_of, ours.lines, partial(declare, ground, ours)),
            BY_TWO: partial(_all_of, by_two.lines, partial(declare, ground, by_two)),
        }
        for side, turn in turns.items():
            runs.setdefault(side, []).append(done := await turn())
            print(f"  {repeat + 1}/{repeats} {side}: {done[0] / done[1].seconds:,.0f} lines/s", flush=True)
    return _told(ours.lines, warm, seconds, runs)


async def _all_of(lines: int, turn: Callable[[], Awaitable[Spent]]) -> tuple[int, Spent]:
    return lines, await turn()


def _some_of(payers: Sequence[Payer]) -> Sequence[Payer]:
    """The first of them, with a part of all workers, and one payer at the least."""
    wanted = sum(payer.size for payer in payers) // _FEWER
    return payers[: 1 + sum(people < wanted for people in accumulate(payer.size for payer in payers))]


async def _publish(ground: Ground, payers: Sequence[Payer]) -> None:
    """The lines on two topics: bare, and with the schema that Connect's converter asks of every record."""
    admin = AIOKafkaAdminClient(bootstrap_servers=ground.kafka.bootstrap, request_timeout_ms=30_000)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, _PARTITIONS, 1) for name in (_LINES, _WITH_SCHEMA)])
    finally:
        await admin.close()
    await asyncio.to_thread(_publish_lines, Publisher(ground.kafka.bootstrap), payers)


def _publish_lines(publisher: Publisher, payers: Sequence[Payer]) -> None:
    for payer_id, declaration_id, line_no, number, period, base_xof in rows(payers, ALL_MONTHS):
        line = (
            f'{{"payer_id":"{payer_id}","period":"{period}","declaration_id":"{declaration_id}","line_no":{line_no},'
            f'"insured_number":"{number}","base_xof":{base_xof}}}'
        )
        told = f'{{"schema":{{"type":"struct","optional":false,"fields":[{_SCHEMA}]}},"payload":{line}}}'
        publisher.bare(_LINES, payer_id.encode(), line.encode())
        publisher.bare(_WITH_SCHEMA, payer_id.encode(), told.encode())
    publisher.flush()


Watch = Callable[[Child, str], Awaitable[tuple[int, Spent]]]


async def _faststream(ground: Ground, name: str, watch: Watch) -> tuple[int, Spent]:
    url = await ground.postgres.create_database(name, token_urlsafe(12))
    told = {"BENCH_KAFKA": ground.kafka.bootstrap, "BENCH_DATABASE_URL": url, "BENCH_TOPIC": _LINES}
    command = [sys.executable, "-m", f"bench.against.{name.partition('_')[0]}"]
    child = Child(name, command, ground.folder / f"{name}.log", os.environ | told | {"BENCH_GROUP": name})
    return await watch(child, url)


async def _debezium(ground: Ground, name: str, watch: Watch) -> tuple[int, Spent]:
    url = await ground.postgres.create_database(name, token_urlsafe(12))
    return await watch(await connect(ground, name, _WITH_SCHEMA, url), url)


def _told(lines: int, warm: int, seconds: int, runs: Runs) -> Told:
    found = {name: [count / spent.seconds for count, spent in some] for name, some in runs.items()}
    over = {name: {of: pairwise(found[of], some) for of in (OURS, OURS_SO, BY_TWO)} for name, some in found.items()}
    on_the_floor = {name: pairwise(some, found[FLOOR]) for name, some in found.items()}
    out = []
    for name, some in runs.items():
        spent = [one for _, one in some]
        cpu = {who: round(median(one.cpu[who] * 1e6 / count for count, one in some), 2) for who in spent[0].cpu}
        out.append(
            [
                name,
                round(median(count for count, _ in some)),
                round(median(found[name])),
                spread(found[name]),
                *(short(median(ratios)) for ratios in (on_the_floor[name], over[name][OURS], over[name][OURS_SO])),
                each(cpu),
                each(peak_mib(spent)),
            ]
        )
    columns = ["", "lines", "lines/s", "of its runs", "of the floor", "ours ÷ it", "ours, one line a record ÷ it"]
    return {
        "title": "Against what others would run",
        "says": [
            "The same lines of the same payers for everybody, one line a record for all but our own last rows: the "
            "shape of the record is part of the design, and a sink cannot explode an array. The others store a line "
            "and no more; ours checks, assesses, answers, publishes.",
            f"Of {lines:,} lines each of the others had what it could do in {seconds} s, from {warm} s after its first "
            "commit on, so that a JVM is warm. One line a record for us means declarations whose every part is one "
            f"line, of the first payers only: a {_FEWER}th of all lines; “only read” is what our client takes to read "
            "these, and nothing is done with them. Everything each is run with is in bench/against.",
        ],
        "tables": [table("Medians", [*columns, "CPU-s per million lines", "peak MiB"], out)],
        "goals": [
            goal("ours ÷ the tutorial's way", over[TUTORIAL][OURS], 1_000),
            goal("ours ÷ the batch way", over[BATCH][OURS], 20),
            goal("ours ÷ Debezium's", over[DEBEZIUM][OURS], 8),
            goal("ours by two workers ÷ Debezium's by its two tasks", over[DEBEZIUM][BY_TWO], 8),
            goal("ours on one-line records ÷ the floor", on_the_floor[OURS_SO], 0.35),
        ],
        "plots": [
            bars(
                "against",
                "The same lines",
                "lines/s, by tens",
                {n: median(some) for n, some in found.items()},
                log=True,
            )
        ],
        "raw": {name: [spent.told(count) for count, spent in some] for name, some in runs.items()},
    }
