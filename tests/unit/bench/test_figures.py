"""What the bench makes of what it measured: CPU of families, percentiles, verdicts, the page and its plots."""

import os
import re
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import pytest

from bench import page, telling
from bench.drawing import svg, ticks
from bench.meter import Spent, cpu_seconds, memory_mib
from bench.same_sql import longest_statement

_BURN = "import time\nwhile time.process_time() < 0.2: pass"


def test_a_childs_cpu_counts_for_its_parent_after_its_end() -> None:
    before = cpu_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", _BURN], check=True)
    assert cpu_seconds(os.getpid()) - before >= 0.15  # each of four counters is cut to a hundredth of a second
    assert memory_mib(os.getpid()) > 1


@pytest.mark.parametrize(
    ("taken", "p50", "p99"), [([7.0], 7.0, 7.0), (list(range(1, 101)), 50, 99), (list(range(1, 1001)), 500, 990)]
)
def test_percentiles_are_of_the_nearest_rank(taken: list[float], p50: float, p99: float) -> None:
    assert telling.percentiles(taken) == {"count": len(taken), "p50": p50, "p99": p99}


def test_a_median_is_of_rates_and_memory_is_the_greatest() -> None:
    runs = [Spent(seconds, {"a": seconds}, {"a": seconds}) for seconds in (1.0, 2.0, 4.0)]
    assert telling.per_second(runs, 8) == 4
    assert telling.cpu_per_million(runs, 1_000_000) == {"a": 2}
    assert telling.peak_mib(runs) == {"a": 4}


def test_a_goal_that_is_missed_says_by_how_much() -> None:
    assert page.verdict(telling.goal("as many", 3, 2)) == "reached"
    assert page.verdict(telling.goal("as many", 1.5, 2)) == "missed by 25.0%"
    assert page.verdict(telling.goal("as few", 3, 2, at_most=True)) == "missed by 50.0%"


def test_the_statement_is_the_longest_with_its_arguments_in_it() -> None:
    log = (
        "2026-01-01 UTC [1] LOG:  duration: 90.5 ms  execute __a__: select 1\n"
        "2026-01-01 UTC [1] LOG:  duration: 0.5 ms  execute b: select *\n\tfrom rates where at <= $2 or kind = $1\n"
        "2026-01-01 UTC [1] DETAIL:  Parameters: $1 = 'it''s', $2 = '2024-12-31 00:00:00+00'\n"
        "2026-01-01 UTC [1] LOG:  duration: 0.1 ms  statement: commit\n"
    )
    wanted = "select *\nfrom rates where at <= U&'2024-12-31 00\\003A00\\003A00+00' or kind = 'it''s'"
    assert longest_statement(log) == wanted
    assert longest_statement("nothing\n") is None


@pytest.mark.parametrize("high", [0.3, 7, 99, 100, 12_345_678])
def test_ticks_reach_around_every_value(high: float) -> None:
    assert ticks(0, high, False)[0] == 0
    assert ticks(0, high, False)[-1] >= high
    assert ticks(high / 20, high, True)[0] <= high / 20
    assert ticks(high / 20, high, True)[-1] >= high


def _part(*, quick: bool) -> dict[str, Any]:
    machine = {"processor": "P", "cores": 2, "memory_gib": 4, "kernel": "6", "python": "3", "kafka": "4"}
    machine |= {"postgres": "18", "load_average": 0.1, "commit": "abc", "changed_since": False}
    return {
        "part": "line-rate",
        "quick": quick,
        "at": "2026-01-01T00:00:00+00:00",
        "took_seconds": 9,
        "machine": machine,
        "title": "Line rate",
        "says": ["One worker."],
        "tables": [telling.table("Lines", ["", "lines/s"], [["floor", 1_234_567]])],
        "goals": [telling.goal("fast", 1, 2)],
        "plots": [
            telling.bars("bars", "A < B", "lines/s", {"one": 1, "two": 2_000}, log=True),
            telling.plot("lines", "Lines", "x", "y", {"a & b": [(1, 2), (10, 3)]}, log=True),
            telling.plot("flat", "Lines", "x", "y", {"a": [(0, 2), (10, 3)]}),
        ],
    }


def test_the_page_shows_figures_goals_and_what_was_not_measured() -> None:
    shown = page.text({"line-rate": _part(quick=False)})
    assert "| floor | 1,234,567 |" in shown
    assert "| fast | 1 | at least 2 | **missed by 50.0%** |" in shown
    assert "`workers`" in re.split("## Not measured", shown)[1]


def test_every_plot_is_well_formed() -> None:
    for plot in _part(quick=False)["plots"]:
        drawn = ElementTree.fromstring(svg(plot))
        assert drawn.tag.endswith("svg")
        assert plot["title"] in "".join(drawn.itertext())
