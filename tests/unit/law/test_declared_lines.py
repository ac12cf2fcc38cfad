"""Declarations judged by the law alone: whole, and line by line."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recouvra.contracts.codes import AnomalyCode
from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.law.beside import Beside
from recouvra.law.declared import Header, before_scheme, disagreement, in_future
from recouvra.law.finding import Finding
from recouvra.law.lines import Register, accepted_numbers, judge_lines

NOBODY = Register("P", {})


def lines(*rows: tuple[int, str, int]) -> DeclaredLines:
    """Lines from (line_no, insured number, base)."""
    return DeclaredLines([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])


def header(**said: object) -> Header:
    """A header of a declaration of one line of 50,000, with what is said otherwise."""
    usual = {
        "payer_id": "P",
        "period": "2026-01",
        "parts": 1,
        "replaces": None,
        "total_lines": 1,
        "total_base_xof": 50_000,
    }
    return Header(**(usual | said))  # type: ignore[arg-type]


ONE_LINE = [lines((1, "N1", 50_000))]


def test_parts_that_agree_with_each_other_and_their_lines_are_not_found_at_fault() -> None:
    assert disagreement([header()], ONE_LINE) is None
    assert disagreement([header(total_lines=0, total_base_xof=0)], [lines()]) is None


@pytest.mark.parametrize(
    ("pointer", "name", "received", "expected"),
    [
        ("/payer_id", "payer_id", "Q", "P"),
        ("/period", "period", "2025-12", "2026-01"),
        ("/parts", "parts", 2, 1),
        ("/replaces", "replaces", "D0", None),
        ("/totals/lines", "total_lines", 9, 1),
        ("/totals/base_xof", "total_base_xof", 9, 50_000),
    ],
)
def test_the_first_read_part_is_expected_and_the_first_that_differs_received(
    pointer: str, name: str, received: object, expected: object
) -> None:
    headers = [header(), header(), header(**{name: received}), header(**{name: received})]
    found = disagreement(headers, ONE_LINE)
    assert found == Finding(None, AnomalyCode.TOTALS_DISAGREE, pointer, received, expected)  # type: ignore[arg-type]


def test_of_several_parts_that_differ_the_first_to_be_read_is_received() -> None:
    found = disagreement([header(), header(parts=3), header(parts=2)], ONE_LINE)
    assert found is not None
    assert (found.received, found.expected) == (3, 1)


def test_totals_count_refused_lines_too() -> None:
    sent = [lines((1, "N1", 50_000), (1, "N1", 70_000), (3, "N3", -20_000))]
    assert disagreement([header(total_lines=3, total_base_xof=100_000)], sent) is None
    assert disagreement([header(total_lines=2, total_base_xof=100_000)], sent) == Finding(
        None, AnomalyCode.TOTALS_DISAGREE, "/totals/lines", 2, 3
    )
    assert disagreement([header(total_lines=3, total_base_xof=120_000)], sent) == Finding(
        None, AnomalyCode.TOTALS_DISAGREE, "/totals/base_xof", 120_000, 100_000
    )


def test_a_period_before_the_scheme_names_the_first_one_that_has_a_rate() -> None:
    expected = Finding(None, AnomalyCode.PERIOD_BEFORE_SCHEME, "/period", "2010-10", "2010-11")
    assert before_scheme("state", "2010-10") == before_scheme(None, "2010-10") == expected
    assert before_scheme("state", "2010-11") is None


def test_a_period_is_in_the_future_of_the_month_of_its_latest_part() -> None:
    last_second = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
    assert in_future("2026-01", last_second) is None
    assert in_future("2026-02", last_second) == Finding(
        None, AnomalyCode.PERIOD_IN_FUTURE, "/period", "2026-02", "2026-01"
    )


def test_a_refused_line_carries_one_code_and_an_accepted_line_every_one_that_holds() -> None:
    beside = Beside()
    beside.add("D0", {"N1", "N2"})
    beside.add("D1", {"N2", "N5"})
    register = Register("P", {"N1": "P", "N3": "Q", "N6": None}, beside)
    sent = [
        lines((1, "N1", 39_999), (1, "N2", 50_000), (2, "N1", 50_000), (2, "N2", 10)),
        lines((3, "N3", -1), (3, "N3", 1), (3, "N2", -5), (4, "N5", 0), (5, "N6", 40_000)),
    ]
    judged = judge_lines(sent, "state", "2026-01", register)
    code = AnomalyCode
    number = "/lines/insured_number"
    assert judged.findings == [
        Finding(1, code.BELOW_FLOOR, "/lines/base_xof", 39_999, 40_000),
        Finding(1, code.ALREADY_DECLARED, number, "N1", "D0"),
        Finding(1, code.DUPLICATE_LINE, "/lines/line_no", 1, None),
        Finding(2, code.DUPLICATE_LINE, number, "N1", None),
        Finding(2, code.BELOW_FLOOR, "/lines/base_xof", 10, 40_000),
        Finding(2, code.UNKNOWN_INSURED, number, "N2", None),
        Finding(2, code.ALREADY_DECLARED, number, "N2", "D0"),
        Finding(3, code.NEGATIVE_BASE, "/lines/base_xof", -1, 0),
        Finding(3, code.BELOW_FLOOR, "/lines/base_xof", 1, 40_000),
        Finding(3, code.NOT_EMPLOYED_HERE, number, "N3", None),
        Finding(3, code.NEGATIVE_BASE, "/lines/base_xof", -5, 0),
        Finding(4, code.UNKNOWN_INSURED, number, "N5", None),
        Finding(4, code.ALREADY_DECLARED, number, "N5", "D1"),
        Finding(5, code.NOT_EMPLOYED_HERE, number, "N6", None),
    ]
    assert (judged.accepted_count, judged.refused_count) == (5, 4)
    assert accepted_numbers(sent) == {"N1", "N2", "N3", "N5", "N6"}
    assert judged.strangers == {"N2", "N3", "N5", "N6"}
    assert judged.doubled == {"D0", "D1"}
    # Three lines raised to the floor, one of nothing, one at the floor.
    assert (judged.insured_share_xof, judged.payer_share_xof) == (4 * 1_224, 4 * 1_792)


def test_a_vendor_who_checks_offline_hears_nothing_of_persons() -> None:
    judged = judge_lines([lines((1, "N1", 10))], "private_employer", "2026-01", None)
    assert [finding.code for finding in judged.findings] == [AnomalyCode.BELOW_FLOOR]
    assert judged.insured_share_xof == 1_224


def test_every_line_of_a_self_employed_payer_is_assessed_on_its_class() -> None:
    judged = judge_lines([lines((1, "N1", 150_000), (2, "N2", 0))], "self_employed", "2026-02", None)
    assert (judged.insured_share_xof, judged.payer_share_xof) == (2 * 8_200, 0)
    assert judged.findings == []


def test_lines_of_a_period_without_rates_cannot_be_judged() -> None:
    with pytest.raises(LookupError):
        judge_lines([lines()], "state", "2010-10", None)


@given(
    st.lists(st.tuples(st.integers(1, 6), st.sampled_from("abcdef"), st.integers(-1, 3)), max_size=12),
    st.integers(0, 12),
)
def test_it_does_not_matter_between_which_lines_a_declaration_is_cut_into_parts(
    rows: list[tuple[int, str, int]], cut: int
) -> None:
    whole = judge_lines([lines(*rows)], "state", "2026-01", NOBODY)
    cut_up = judge_lines([lines(*rows[:cut]), lines(*rows[cut:])], "state", "2026-01", NOBODY)
    assert whole == cut_up
    assert whole.accepted_count + whole.refused_count == len(rows)
    assert whole.accepted_count == len(accepted_numbers([lines(*rows)]))
