"""What the bench makes of what it measured: CPU of families, percentiles, verdicts, the page and its plots."""

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench import page, telling
from bench.drawing import svg, ticks
from bench.meter import Spent, cpu_seconds, memory_mib
from bench.parts import PARTS, TRIALS, Part
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


def test_a_ratio_is_made_turn_by_turn_so_that_a_machine_that_slows_down_changes_none() -> None:
    ours, theirs = [30.0, 20.0, 10.0], [10.0, 5.0, 5.0]
    assert telling.pairwise(ours, theirs) == [3, 4, 2]
    found = telling.goal("as many", telling.pairwise(ours, theirs), 3)
    assert (found["measured"], found["runs"], found["holds"]) == (3, [3, 4, 2], True)


def test_a_ratio_of_turns_that_are_not_each_others_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        telling.pairwise([1.0, 2.0], [1.0])


def test_a_row_of_rates_has_the_median_its_spread_and_its_share_of_the_floor() -> None:
    runs = [Spent(seconds, {"a": 2.0}, {"a": 7.0}) for seconds in (1.0, 2.0, 4.0)]
    row = telling.rate_row("ours", runs, 1_000, [2_000, 2_000, 1_000])
    assert row == ["ours", 1_000, 500, "250 – 1,000", "0.25", "a 2000", "a 7"]


def test_a_percentile_is_of_all_rounds_and_beside_it_stands_that_of_each() -> None:
    rounds = telling.Rounds([[float(n) for n in range(1, 51)], [float(n) for n in range(51, 101)]])
    assert rounds.told == {"count": 100, "p50": 50, "p99": 99}
    assert rounds.cells == [100, 50, 99, "50 – 100"]
    found = telling.goal("soon", rounds.told["p99"], 100, at_most=True, runs=rounds.p99s)
    assert (found["measured"], found["runs"]) == (99, [50, 100])


@pytest.mark.parametrize(
    ("figure", "shown"),
    [
        (1_234_567.8, "1,234,568"),
        (123.4, "123"),
        (41.23, "41.2"),
        (0.4123, "0.412"),
        (0.00012345, "0.000123"),
        (0.00001, "1e-05"),
        (0, "0"),
    ],
)
def test_a_figure_is_shown_with_three_digits_that_count(figure: float, shown: str) -> None:
    assert telling.short(figure) == shown


def test_one_run_has_no_spread() -> None:
    assert telling.spread([3.0]) == telling.spread([]) == "–"


def test_a_goal_that_is_missed_says_by_how_much() -> None:
    assert page.verdict(telling.goal("as many", 3, 2)) == "met"
    assert page.verdict(telling.goal("as many", 2, 2)) == "met"
    assert page.verdict(telling.goal("as many", 1.5, 2)) == "missed by 25.0%"
    assert page.verdict(telling.goal("as few", 3, 2, at_most=True)) == "missed by 50.0%"


def test_sizes_given_by_hand_take_the_place_of_those_that_a_part_has() -> None:
    part = PARTS["line-rate"]
    sizes, quick = dict(part.sizes), dict(part.quick)
    assert part.sized({}) == sizes
    assert part.sized({"lines": 7, "payers": 9}) == sizes | {"lines": 7}
    assert part.sized({"repeats": 2}, quick=True) == quick | {"repeats": 2}


@pytest.mark.parametrize("part", (PARTS | TRIALS).values(), ids=list(PARTS | TRIALS))
def test_every_part_has_quick_sizes_of_the_same_names_and_takes_them(part: Part) -> None:
    wanted = list(inspect.signature(part.run).parameters)[1:]
    assert list(part.sizes) == list(part.quick) == wanted


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


def _part(*, quick: bool = False, own: bool = True) -> dict[str, Any]:
    machine = {"processor": "P", "cores": 2, "memory_gib": 4, "kernel": "6", "python": "3", "kafka": "4"}
    machine |= {"postgres": "18", "load_average": 0.1, "commit": "abc", "changed_since": False}
    return {
        "part": "line-rate",
        "quick": quick,
        "sizes": {"lines": 4_000, "repeats": 2},
        "own_sizes": own,
        "at": "2026-01-01T00:00:00+00:00",
        "took_seconds": 9,
        "machine": machine,
        "title": "Line rate",
        "says": ["One worker."],
        "tables": [telling.table("Lines", ["", "lines/s"], [["floor", 1_234_567]])],
        "goals": [telling.goal("fast", [0.5, 1, 2], 2)],
        "plots": [
            telling.bars("bars", "A < B", "lines/s", {"one": 1, "two": 2_000}, log=True),
            telling.plot("lines", "Lines", "x", "y", {"a & b": [(1, 2), (10, 3)]}, log=True),
            telling.plot("flat", "Lines", "x", "y", {"a": [(0, 2), (10, 3)]}),
        ],
    }


def test_the_page_shows_figures_goals_and_what_was_not_measured() -> None:
    shown = page.text({"line-rate": _part()}, "## By hand\n")
    assert "| floor | 1,234,567 |" in shown
    assert "| fast | 1 | 0.5 – 2 | at least 2 | **missed by 50.0%** |" in shown
    assert shown.index("## The goals") < shown.index("## By hand") < shown.index("## Line rate")
    assert "`workers`" in re.split("## Not measured", shown)[1]


def test_the_page_says_whose_sizes_they_were() -> None:
    assert "| `line-rate` | lines 4,000, repeats 2 | own |" in page.text({"line-rate": _part()})
    assert "| lines 4,000, repeats 2 | **given by hand** |" in page.text({"line-rate": _part(own=False)})
    assert "| lines 4,000, repeats 2 | **quick** |" in page.text({"line-rate": _part(quick=True, own=False)})


def test_figures_that_only_show_that_a_part_runs_make_no_page_of_the_documents(tmp_path: Path) -> None:
    (tmp_path / "line-rate.json").write_text(json.dumps(_part(quick=True)))
    written = page.write(tmp_path, tmp_path / "documents")
    assert written == tmp_path / "docs" / "performance.md"
    assert not (tmp_path / "documents").exists()


def test_every_plot_is_well_formed() -> None:
    for plot in _part()["plots"]:
        drawn = ElementTree.fromstring(svg(plot))
        assert drawn.tag.endswith("svg")
        assert plot["title"] in "".join(drawn.itertext())
