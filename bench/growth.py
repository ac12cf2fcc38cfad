"""Growth: whether anything slows down, or grows faster than what is stored, as a fund's lines pile up.

At each stage the same things are measured on the same fund: three steps of further lines, payments of the same payers,
careers, the national report, memory, and what is on the disk.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from statistics import median

from bench.asking import Client, at_once
from bench.career import careers
from bench.declaring import ALL_MONTHS, Declaring, both_know, fund_that_knows, learn, taken
from bench.floor import floor
from bench.ground import Fund, Ground
from bench.made import Payer, alike, log_normal
from bench.meter import Spent
from bench.payments import money_taken
from bench.reads import QUESTIONS
from bench.telling import Told, goal, pairwise, peak_mib, percentiles, plot, short, spread, table

_STAGES = (1, 10, 30, 100)
_LEAST = 1_000_000
_STEPS = 3
_STEP_OF = 4
_PAYING, _WORKERS, _PAYMENTS = 200, 5, 4
_REPORT_SECONDS = 3
_CAREERS = 200


@dataclass(slots=True)
class _Stage:
    """What was measured where so many lines were stored."""

    stored: int
    lines_per_second: list[float] = field(default_factory=list)
    floor_per_second: list[float] = field(default_factory=list)
    payments_per_second: list[float] = field(default_factory=list)
    career_ms: dict[str, float] = field(default_factory=dict)
    report_ms: dict[str, float] = field(default_factory=dict)
    peak_mib: dict[str, float] = field(default_factory=dict)
    bytes_per_line: dict[str, float] = field(default_factory=dict)

    @property
    def of_the_floor(self) -> list[float]:
        """The line rate of each step, of the floor that was measured beside it."""
        return pairwise(self.lines_per_second, self.floor_per_second)


async def growth(ground: Ground, *, lines: int) -> Told:
    """Stages of 1, 10, 30 and 100 million lines as far as `lines` goes; where it is less, a tenth of it and all."""
    least = min(_LEAST, lines // 10)
    async with fund_that_knows(ground, []) as fund:
        for api in ("contributions", "reporting"):
            await fund.start(api, "api")
        growing, stages = _Growing(fund), list[_Stage]()
        for stage in (least * times for times in _STAGES if least * times <= lines):
            while growing.stored < stage:
                await growing.declare(min(stage - growing.stored, _LEAST))
            stages.append(await _measure(ground, growing, least // _STEP_OF))
            print(f"  {stages[-1]}", flush=True)
    return _told(stages)


class _Growing:
    """A fund to which ever more payers declare, 36 months each; nobody declares twice."""

    def __init__(self, fund: Fund) -> None:
        self.fund, self.stored = fund, 0
        self.payers = list[Payer]()
        self._people, self._groups = 0, itertools.count()

    async def declare(self, lines: int) -> tuple[Declaring, Spent]:
        """About so many lines of new payers of log-normal size."""
        number, people = next(self._groups), max(1, lines // len(ALL_MONTHS))
        return await self._taken(log_normal(people, first=self._people, seed=number, name=f"G{number}"))

    async def who_will_pay(self) -> list[Payer]:
        """New payers of five, who have declared and not yet paid."""
        payers = alike(_PAYING, _WORKERS, first=self._people, name=f"S{next(self._groups)}")
        await self._taken(payers)
        return payers

    async def _taken(self, payers: list[Payer]) -> tuple[Declaring, Spent]:
        """Their declarations, up to the published fact; reporting reads along, and is waited for."""
        self._people += sum(payer.size for payer in payers)
        self.payers += payers
        await learn(self.fund, payers)
        await both_know(self.fund)
        what = Declaring(payers)
        spent = await taken(self.fund, what)
        await self.fund.has_read("reporting", ["contribution-assessed", "declaration-answered"])
        self.stored += what.lines
        return what, spent


async def _measure(ground: Ground, growing: _Growing, step: int) -> _Stage:
    fund, stage = growing.fund, _Stage(growing.stored)
    paying = await growing.who_will_pay()
    runs = list[Spent]()
    for number in range(_STEPS):
        what, spent = await growing.declare(step)
        runs.append(spent)
        stage.lines_per_second.append(what.lines / spent.seconds)
        copied = await floor(ground, f"floor_{growing.stored}_{number}", what.payers, ALL_MONTHS)
        stage.floor_per_second.append(what.lines / copied.seconds)
        money = await money_taken(fund, paying, range(number * _PAYMENTS, (number + 1) * _PAYMENTS))
        stage.payments_per_second.append(_PAYMENTS * _PAYING / money.seconds)
    stage.peak_mib = peak_mib(runs)
    stage.career_ms = (await careers(fund, growing.payers, asked=_CAREERS)).told
    async with Client(fund.url("reporting")) as client:
        taken_ms, _ = await at_once([lambda: client.read(QUESTIONS["national, by kind"])], _REPORT_SECONDS)
    stage.report_ms = percentiles(taken_ms)
    for service, connection in fund.databases.items():
        size = await connection.fetchval("select pg_database_size(current_database())")
        stage.bytes_per_line[service] = size / growing.stored
    return stage


def _told(stages: list[_Stage]) -> Told:
    first, last = stages[0], stages[-1]
    rows = [
        [
            f"{stage.stored:,}",
            round(median(stage.lines_per_second)),
            spread(stage.lines_per_second),
            short(median(stage.of_the_floor)),
            round(median(stage.payments_per_second)),
            spread(stage.payments_per_second),
            stage.career_ms["p50"],
            stage.career_ms["p99"],
            stage.report_ms["p50"],
            stage.report_ms["p99"],
            round(stage.peak_mib["contributions worker"]),
            round(stage.peak_mib["reporting worker"]),
            short(stage.bytes_per_line["contributions"]),
            short(stage.bytes_per_line["reporting"]),
        ]
        for stage in stages
    ]
    columns = ["lines stored", "lines/s", "of its steps", "of the floor", "payments/s", "of its steps", "career p50 ms"]
    columns += [
        "career p99 ms",
        "report p50 ms",
        "report p99 ms",
        "contributions' worker MiB",
        "reporting's worker MiB",
    ]
    columns += ["bytes a line, contributions", "bytes a line, reporting"]
    above = [f"{_LEAST * times // 1_000_000} million" for times in _STAGES if _LEAST * times > last.stored]
    return {
        "title": "Growth",
        "says": [
            "One worker each of contributions and reporting, and both APIs, in one fund from first line to last. "
            "Rates are medians of three steps, reporting reading along; the floor is measured beside each step.",
            f"Payments: {_PAYMENTS} of each of {_PAYING} payers of five at a time, new payers at each stage.",
            f"Not measured here: {' and '.join(above)} lines; `--lines` asks for them." if above else "",
        ],
        "tables": [table("At each stage", columns, rows)],
        "goals": _goals(first, last),
        "plots": _plots([(stage.stored, stage) for stage in stages]),
        "raw": {
            "stages": [{name: getattr(one, name) for name in _Stage.__slots__} for one in stages],
        },
    }


def _goals(first: _Stage, last: _Stage) -> list[Told]:
    return [
        goal(
            f"Line rate at {last.stored:,} lines ÷ at {first.stored:,}, each of its own floor",
            pairwise(last.of_the_floor, first.of_the_floor),
            0.9,
        ),
        goal("the same of the payment rate", pairwise(last.payments_per_second, first.payments_per_second), 0.9),
        goal(f"Career at {last.stored:,} lines, p99", last.career_ms["p99"], 50, at_most=True, unit="ms"),
        goal(
            "National report, p50, last stage ÷ first",
            last.report_ms["p50"] / first.report_ms["p50"],
            1.25,
            at_most=True,
        ),
        goal(
            "Memory of contributions' worker, last stage ÷ first",
            last.peak_mib["contributions worker"] / first.peak_mib["contributions worker"],
            1.3,
            at_most=True,
        ),
    ]


def _plots(at: list[tuple[int, _Stage]]) -> list[Told]:
    return [
        plot(
            "growth-rate",
            "Rates as lines pile up",
            "lines stored",
            "a second",
            {
                "lines": [(x, median(one.lines_per_second)) for x, one in at],
                "floor: COPY": [(x, median(one.floor_per_second)) for x, one in at],
                "payments": [(x, median(one.payments_per_second)) for x, one in at],
            },
            log=True,
        ),
        plot(
            "growth-reads",
            "Answers as lines pile up",
            "lines stored",
            "ms",
            {
                "career p99": [(x, one.career_ms["p99"]) for x, one in at],
                "national report p99": [(x, one.report_ms["p99"]) for x, one in at],
            },
            log=True,
        ),
    ]
