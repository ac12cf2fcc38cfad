"""The law's dated rows, and the amounts that they make."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recouvra.law import parameters
from recouvra.law.base import base_used, is_below_floor
from recouvra.law.due import due_on
from recouvra.law.parameters import DueRow, RateRow, Rates, classes_for, first_period, floor_for, rates_for
from recouvra.law.period import first_day, following, month_of, quarter_end
from recouvra.law.shares import shares

KINDS = ("state", "local_authority", "private_employer", "pension_body", "self_employed")


@pytest.fixture
def later_law(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Lets a test add rows, and has them forgotten afterwards."""
    yield monkeypatch
    for remembers in (rates_for, first_period, floor_for, classes_for, parameters.due_row_for):
        remembers.cache_clear()


def rates(kind: str, period: str = "2026-01") -> Rates:
    """The rates of a kind that has some."""
    found = rates_for(kind, period)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "insured", "payer"),
    [
        ("private_employer", 1224, 1400),
        ("state", 1224, 1792),
        ("local_authority", 1224, 1792),
        ("pension_body", 300, 0),
        ("self_employed", 2624, 0),
    ],
)
def test_the_floor_gives_the_check_values_of_the_rules(kind: str, insured: int, payer: int) -> None:
    assert shares(40_000, rates(kind)) == (insured, payer)


@given(base=st.integers(0, 10**12), kind=st.sampled_from(KINDS))
def test_each_share_is_the_nearest_franc_and_a_half_goes_up(base: int, kind: str) -> None:
    found = rates(kind)
    for share, rate in zip(shares(base, found), (found.insured_rate, found.payer_rate), strict=True):
        assert Fraction(-1, 2) <= base * Fraction(rate) - share < Fraction(1, 2)


def test_half_a_franc_rounds_up() -> None:
    # 200 × 0.0075 = 1.5, and 25 × 0.0306 = 0.765; 5,000 × 0.0075 = 37.5.
    assert shares(200, rates("pension_body")) == (2, 0)
    assert shares(5_000, rates("pension_body")) == (38, 0)
    assert shares(66, rates("pension_body")) == (0, 0)
    assert shares(67, rates("pension_body")) == (1, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_has_a_rate_before_november_2010(kind: str) -> None:
    assert rates_for(kind, "2010-10") is None
    assert rates_for(kind, "2010-11") is not None
    assert first_period(kind) == first_period(None) == "2010-11"


@pytest.mark.parametrize(
    ("period", "floor"),
    [
        ("2004-07", 0),  # the row starts on the 5th, after the period's first day
        ("2004-08", 28_460),
        ("2010-11", 28_460),
        ("2014-12", 28_460),
        ("2015-01", 35_000),
        ("2015-12", 35_000),
        ("2016-01", 40_000),
        ("2026-01", 40_000),
    ],
)
def test_a_period_has_the_floor_of_its_first_day(period: str, floor: int) -> None:
    assert floor_for(period) == floor


@pytest.mark.parametrize(
    ("declared", "used"), [(0, 0), (1, 40_000), (39_999, 40_000), (40_000, 40_000), (40_001, 40_001)]
)
@pytest.mark.parametrize("kind", ["state", "local_authority", "private_employer"])
def test_pay_is_raised_to_the_floor_unless_there_is_none(kind: str, declared: int, used: int) -> None:
    assert base_used(kind, declared, "2026-01") == used
    assert is_below_floor(kind, declared, "2026-01") is (used != declared)


def test_a_small_pension_stands_as_declared() -> None:
    assert base_used("pension_body", 1, "2026-01") == 1
    assert not is_below_floor("pension_body", 1, "2026-01")


@pytest.mark.parametrize(
    ("income", "amount"),
    [
        (0, 125_000),
        (150_000, 125_000),
        (150_001, 400_000),
        (450_000, 400_000),
        (450_001, 675_000),
        (750_000, 675_000),
        (750_001, 900_000),
        (1_500_000, 900_000),
        (1_500_001, 1_000_000),
        (10**12, 1_000_000),
    ],
)
def test_a_bound_belongs_to_the_class_that_it_closes(income: int, amount: int) -> None:
    assert base_used("self_employed", income, "2026-03") == amount
    assert base_used("self_employed", income, "2026-02") == amount


def test_classes_and_due_days_are_not_dated_before_the_scheme() -> None:
    with pytest.raises(LookupError):
        classes_for("2010-10")
    with pytest.raises(LookupError):
        due_on("state", "monthly", "2010-10")


@pytest.mark.parametrize(
    ("frequency", "period", "day"),
    [
        ("monthly", "2026-01", date(2026, 2, 15)),
        ("monthly", "2026-12", date(2027, 1, 15)),
        ("quarterly", "2026-01", date(2026, 4, 15)),
        ("quarterly", "2026-02", date(2026, 4, 15)),
        ("quarterly", "2026-03", date(2026, 4, 15)),
        ("quarterly", "2026-10", date(2027, 1, 15)),
        ("quarterly", "2026-12", date(2027, 1, 15)),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_period_is_due_on_the_15th_after_it_or_after_its_quarter(
    kind: str, frequency: str, period: str, day: date
) -> None:
    assert due_on(kind, frequency, period) == day


def test_a_due_day_moves_past_a_week_end_only_where_its_row_says_so(later_law: pytest.MonkeyPatch) -> None:
    moving = DueRow("LAW-000", date(2026, 1, 1), "state", 15, moves_to_working_day=True, edition=2)
    later_law.setattr(parameters, "DUE_ROWS", (*parameters.DUE_ROWS, moving))
    assert due_on("state", "monthly", "2026-01", edition=2) == date(2026, 2, 16)  # the 15th is a Sunday
    assert due_on("state", "monthly", "2026-02", edition=2) == date(2026, 3, 16)
    assert due_on("state", "monthly", "2026-03", edition=2) == date(2026, 4, 15)  # a Wednesday
    assert due_on("state", "monthly", "2026-01", edition=1) == date(2026, 2, 15)


def test_a_later_text_changes_nothing_of_what_an_earlier_edition_said(later_law: pytest.MonkeyPatch) -> None:
    raised = RateRow("LAW-000", date(2026, 1, 15), "state", rates("pension_body"), edition=2)
    later_law.setattr(parameters, "RATE_ROWS", (*parameters.RATE_ROWS, raised))
    assert rates_for("state", "2027-01", 1) == rates("state", "2025-01")
    assert rates_for("state", "2027-02", 2) == raised.rates
    assert rates_for("state", "2026-01", 2) != raised.rates  # it starts after that period's first day


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_months_follow_each_other_and_quarters_close(day: date) -> None:
    period = f"{day:%Y-%m}"
    assert first_day(period) == day.replace(day=1)
    assert following(period) > period
    assert (first_day(following(period)) - first_day(period)).days in (28, 29, 30, 31)
    end = quarter_end(period)
    assert int(end[5:]) % 3 == 0
    assert period <= end <= following(following(period))


def test_a_month_is_told_in_utc() -> None:
    assert month_of(datetime(2026, 2, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))) == "2026-01"
