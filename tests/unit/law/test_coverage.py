"""What the fund bears of care, and within how many days it pays: dated rows, and amounts to the franc."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recouvra.law import parameters
from recouvra.law.coverage import fund_share, payment_term_days
from recouvra.law.parameters import CoverageRow, TermRow

DAY = date(2026, 3, 1)
RATES = {"ambulatory": Fraction(7, 10), "hospital": Fraction(8, 10)}


@pytest.fixture
def later_law(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Lets a test add rows, and has them forgotten afterwards."""
    yield monkeypatch
    for remembers in (parameters.coverage_row_on, parameters.term_row_on):
        remembers.cache_clear()


@pytest.mark.parametrize(
    ("care_kind", "accepted", "share"),
    [
        ("ambulatory", 10_000, 7_000),
        ("hospital", 10_000, 8_000),
        ("ambulatory", 5, 4),  # 3.5
        ("ambulatory", 15, 11),  # 10.5
        ("ambulatory", 2, 1),  # 1.4
        ("hospital", 3, 2),  # 2.4
        ("hospital", 2, 2),  # 1.6
        ("hospital", 0, 0),
    ],
)
def test_the_fund_bears_its_rate_and_half_a_franc_goes_up(care_kind: str, accepted: int, share: int) -> None:
    assert fund_share(accepted, care_kind, DAY) == share


@given(accepted=st.integers(0, 10**16), care_kind=st.sampled_from(sorted(RATES)))
def test_the_share_is_the_nearest_franc_however_large_the_form(accepted: int, care_kind: str) -> None:
    exact = accepted * RATES[care_kind]
    assert Fraction(-1, 2) < fund_share(accepted, care_kind, DAY) - exact <= Fraction(1, 2)


@pytest.mark.parametrize("care_on", [date.min, date(2009, 12, 31), date.max])
def test_no_day_of_care_is_without_a_rate(care_on: date) -> None:
    assert fund_share(1_000, "hospital", care_on) == 800


def test_a_kind_of_care_that_the_law_does_not_know_is_an_error() -> None:
    with pytest.raises(LookupError):
        fund_share(1_000, "thermal", DAY)


def test_a_later_rate_holds_from_its_first_day_of_care(later_law: pytest.MonkeyPatch) -> None:
    later = CoverageRow("LAW-000", date(2026, 3, 1), "ambulatory", Decimal("0.9"))
    later_law.setattr(parameters, "COVERAGE_ROWS", (*parameters.COVERAGE_ROWS, later))
    parameters.coverage_row_on.cache_clear()
    assert fund_share(1_000, "ambulatory", date(2026, 2, 28)) == 700
    assert fund_share(1_000, "ambulatory", date(2026, 3, 1)) == 900
    assert fund_share(1_000, "hospital", date(2026, 3, 1)) == 800


def test_pharmacies_and_laboratories_alone_have_a_term() -> None:
    kinds = ("cscom", "csref", "hospital", "clinic", "pharmacy", "laboratory")
    assert {kind: payment_term_days(kind, DAY) for kind in kinds if payment_term_days(kind, DAY)} == {
        "pharmacy": 15,
        "laboratory": 30,
    }


def test_before_their_agreement_there_was_no_term() -> None:
    assert payment_term_days("pharmacy", date(2010, 12, 31)) is None
    assert payment_term_days("pharmacy", date(2011, 1, 1)) == 15


def test_a_later_term_holds_from_its_first_day_of_deposit(later_law: pytest.MonkeyPatch) -> None:
    later = TermRow("LAW-000", date(2026, 3, 1), "clinic", days=45)
    later_law.setattr(parameters, "TERM_ROWS", (*parameters.TERM_ROWS, later))
    parameters.term_row_on.cache_clear()
    assert payment_term_days("clinic", date(2026, 2, 28)) is None
    assert payment_term_days("clinic", date(2026, 3, 1)) == 45
