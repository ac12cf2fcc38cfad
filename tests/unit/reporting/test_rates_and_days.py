"""What is computed outside the database: rates, percentiles, instants, the day on which a period was paid."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from recouvra.chassis.positions import Place
from services.reporting.reports.freshness import dead_letters, lag_records
from services.reporting.reports.instants import instant, told
from services.reporting.reports.liquidation import percentile
from services.reporting.reports.payer import paid_on
from services.reporting.reports.rates import rate

DAYS = [date(2026, 1, day) for day in (5, 10, 15)]


@given(st.integers(0, 10**30), st.integers(1, 10**30))
def test_a_rate_is_the_exact_quotient_rounded_once(part_xof: int, whole_xof: int) -> None:
    with localcontext() as exact:
        exact.prec = 120
        expected = (Decimal(part_xof) / Decimal(whole_xof)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
        assert rate(part_xof, whole_xof) == f"{expected:f}"


@pytest.mark.parametrize(
    ("part_xof", "whole_xof", "expected"),
    [
        (0, 5, "0.0000"),
        (1, 20_000, "0.0000"),
        (3, 20_000, "0.0002"),
        (5, 5, "1.0000"),
        (5, 0, None),
        (0, 0, None),
        (1, 3, "0.3333"),
        (10**25 + 1, 2 * 10**29, "0.0001"),
        (-1, 3, "-0.3333"),
    ],
)
def test_a_rate_is_half_even_with_four_decimals(part_xof: int, whole_xof: int, expected: str | None) -> None:
    assert rate(part_xof, whole_xof) == expected


def test_an_instant_goes_out_as_it_came_in() -> None:
    for text in ("2026-02-01T12:00:00Z", "2026-02-01T12:00:00.000001Z"):
        assert told(instant(text)) == text
    assert told(instant("2026-02-01")) == "2026-02-01T23:59:59.999999Z"
    assert told(instant("2026-02-01T12:00:00.1234567-01:00")) == "2026-02-01T13:00:00.123456Z"
    assert told(instant("2026-02-01 12:00:00 01:00")) == "2026-02-01T11:00:00Z"
    assert told(instant("0001-01-01T00:00:00Z")) == "0001-01-01T00:00:00Z"


def test_a_leap_second_is_the_first_instant_of_the_next_minute_as_in_a_record() -> None:
    for text in ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60.5Z", "2017-01-01 00:59:60 01:00"):
        assert told(instant(text)) == "2017-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        *(None, 5, "", "2026-2-1", "2026-02-01T12:00Z", "2026-02-01T12:00:00", "\u0662026-02-01", "2026-02-30"),
        *("2026-02-01T12:00:60Z", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+01:00"),
    ],
)
def test_what_is_no_instant_is_refused(text: object) -> None:
    with pytest.raises(PydanticCustomError):
        instant(text)


@pytest.mark.parametrize(
    ("due_xof", "receipts", "expected"),
    [
        (100, [(DAYS[1], 60), (DAYS[0], 40)], DAYS[1]),
        (100, [(DAYS[0], 100), (DAYS[2], 50), (DAYS[2], -50)], DAYS[0]),
        (100, [(DAYS[0], 100), (DAYS[0], -100), (DAYS[2], 100)], DAYS[2]),
        (100, [(DAYS[0], 99)], None),
        (100, [], None),
        (0, [], None),
        (-5, [], None),
    ],
)
def test_a_period_is_paid_on_the_value_date_that_completes_it(
    due_xof: int, receipts: list[tuple[date, int]], expected: date | None
) -> None:
    assert paid_on(due_xof, receipts) == expected


@given(st.lists(st.integers(-400, 4_000), min_size=1, max_size=60), st.sampled_from([Fraction(1, 2), Fraction(9, 10)]))
def test_a_percentile_is_the_least_delay_up_to_which_so_many_forms_lie(days: list[int], part: Fraction) -> None:
    found = percentile([(day, 1) for day in days], part)
    assert found in days
    assert sum(day <= found for day in days) >= len(days) * part
    assert sum(day < found for day in days) < len(days) * part
    assert found == percentile(Counter(days).items(), part)


@pytest.mark.parametrize(
    ("counted", "median", "ninetieth"),
    [
        ([], None, None),
        ([(7, 1)], 7, 7),
        ([(7, 1), (2, 1)], 2, 7),
        ([(30, 1), (1, 9)], 1, 1),
        ([(30, 2), (1, 9)], 1, 30),
        ([(5, 10**12), (-1, 10**12 + 1)], -1, 5),
    ],
)
def test_delays_are_counted_and_their_percentiles_did_occur(
    counted: list[tuple[int, int]], median: int | None, ninetieth: int | None
) -> None:
    assert (percentile(counted, Fraction(1, 2)), percentile(counted, Fraction(9, 10))) == (median, ninetieth)


def test_a_lag_counts_unread_offsets_a_partition_never_read_whole() -> None:
    ends = {Place("t", 0): 10, Place("t", 1): 4, Place("u", 0): 3}
    assert lag_records(ends, {Place("t", 0): 7, Place("u", 0): 5}) == {"t": 7, "u": 0}


def test_dead_letters_are_those_of_every_service_that_reads_the_topic() -> None:
    letters = {"reporting": {"payer-affiliated": 1}, "contributions": {"payer-affiliated": 2, "payroll-declared": 3}}
    assert dead_letters("payer-affiliated", letters) == 3
    assert dead_letters("payroll-declared", letters) == 3
    assert dead_letters("person-registered", letters) == 0
    assert dead_letters("care-form-submitted", letters) is None
    assert dead_letters("payer-affiliated", letters | {"contributions": None}) == "unreachable"
    assert dead_letters("contribution-assessed", letters | {"contributions": None}) == 0
