"""Columns are judged as lines are, one after the other, wherever they can be judged as columns."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.contracts.event import PayerKind
from recouvra.law.lines import Register, judge_lines
from recouvra.law.parameters import EDITION
from services.contributions.domain.columns import Columns
from services.contributions.domain.employment import Employment
from services.contributions.domain.judging_plainly import judge_plainly

KINDS: list[PayerKind] = ["state", "local_authority", "private_employer", "pension_body", "self_employed"]
BASES = st.sampled_from([0, 1, 28_459, 35_000, 39_999, 40_000, 40_001, 150_000, 150_001, 10**12]) | st.integers(
    -1, 2_000_000
)
LINES = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40), BASES), max_size=30)


def number(n: int) -> str:
    """Mostly 12 digits, and once none."""
    return "N-40" if n == 40 else f"{n:012d}"


def columns(*parts: DeclaredLines) -> Columns:
    """The columns of parts, one after the other."""
    return Columns.joined([Columns.of(part) for part in parts])


@given(
    LINES,
    st.sets(st.integers(0, 39)),
    st.dictionaries(st.integers(0, 40), st.sampled_from(["P", "Q", None]), max_size=8),
    st.sampled_from(KINDS),
    st.sampled_from(["2010-11", "2014-12", "2015-01", "2016-01", "2026-01"]),
    st.integers(0, 30),
)
@example(
    [(1, 1, 40_000), (2, 2, 40_000)], {1, 2}, {1: "Q"}, "state", "2026-01", 1
)  # one moved since the roster was read
def test_both_find_the_same(
    rows: list[tuple[int, int, int]],
    roster: set[int],
    told: dict[int, str | None],
    kind: PayerKind,
    period: str,
    cut: int,
) -> None:
    lines = DeclaredLines([row[0] for row in rows], [number(row[1]) for row in rows], [row[2] for row in rows])
    parts = [lines.cut(0, cut), lines.cut(cut, len(lines))]
    employment = Employment(
        {number(n): payer for n, payer in told.items()}, {}, {"P": np.array(sorted(roster), np.int64)}
    )
    employment.beyond_rosters([("P", part) for part in parts])
    employed = employment.by("P")
    slowly = judge_lines(parts, kind, period, Register("P", employed), EDITION)
    plainly = judge_plainly(columns(*parts), kind, period, employed, EDITION)
    assert plainly == slowly if plainly is not None else True
    # It may leave to the other only what it says that it leaves.
    could_be_refused = slowly.refused_count or "N-40" in lines.insured_number
    assert (plainly is None) <= bool(could_be_refused or sum(map(abs, lines.base_xof)) > 10**11)
    known = {n: employed.get(n, "unknown") for n in lines.insured_number}
    assert known == {
        n: employment.told[n] if n in employment.told else "P" if n != "N-40" and int(n) in roster else "unknown"
        for n in lines.insured_number
    }
    assert {n for n in lines.insured_number if known[n] != "P"} >= slowly.strangers


@given(LINES, st.sets(st.integers(0, 39)))
def test_what_no_roster_holds_is_looked_up(rows: list[tuple[int, int, int]], roster: set[int]) -> None:
    lines = DeclaredLines([row[0] for row in rows], [number(row[1]) for row in rows], [row[2] for row in rows])
    employment = Employment(rosters={"P": np.array(sorted(roster), np.int64)})
    beyond = employment.beyond_rosters([("P", lines), ("Q", lines)])
    assert beyond == set(lines.insured_number)
    alone = employment.beyond_rosters([("P", lines)])
    strangers = {number(n) for _, n, _ in rows if n == 40 or n not in roster}
    assert strangers <= alone <= set(lines.insured_number)
    if roster and "N-40" not in lines.insured_number:
        assert alone == strangers
