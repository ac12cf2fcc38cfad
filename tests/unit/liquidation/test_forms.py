"""What a form comes to (DEF-030), why it or a line is refused (DEF-031)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recouvra.contracts.form_liquidated import FormLiquidated
from tests.unit.liquidation.case import Case, Line, form, person

LINES = st.lists(st.tuples(st.integers(-3, 5), st.integers(-500, 5_000)), min_size=1, max_size=20)


def liquidated(*lines: Line, **said: object) -> FormLiquidated:
    """The fact of one form of a known person."""
    case = Case()
    case.read(person(), form("S1", *lines, **said))
    return case.told()[0]


def amounts(fact: FormLiquidated) -> tuple[int, int, int, int]:
    """Claimed, accepted, the fund's share, the co-payment."""
    return fact.claimed_xof, fact.accepted_xof, fact.fund_share_xof, fact.co_payment_xof


def test_a_form_tells_what_was_filed_and_whose_the_person_is() -> None:
    fact = liquidated((2, 1500), (1, 700))
    assert fact.model_dump(mode="json") == {
        "form_serial": "S1",
        "insured_number": "N1",
        "payer_id": "P1",
        "provider_id": "CSCOM-1",
        "provider_kind": "cscom",
        "care_kind": "ambulatory",
        "care_on": "2026-03-01",
        "submitted_on": "2026-03-05",
        "liquidated_on": "2026-04-01",
        "claimed_xof": 3_700,
        "accepted_xof": 3_700,
        "fund_share_xof": 2_590,  # 3,700 × 70 %
        "co_payment_xof": 1_110,
        "outcome": "accepted",
        "reasons": [],
        "review_flags": [],
    }


def test_hospital_care_is_borne_at_its_own_rate() -> None:
    assert amounts(liquidated((3, 333), care_kind="hospital")) == (999, 999, 799, 200)  # 799.2


def test_half_a_franc_goes_to_the_fund_once_a_form_and_not_once_a_line() -> None:
    # 15 × 70 % = 10.5 → 11; three lines of 5 would each be 3.5 → 4, 12 together.
    assert amounts(liquidated((1, 5), (1, 5), (1, 5))) == (15, 15, 11, 4)


def test_a_line_that_is_not_positive_is_refused_alone_and_claimed_all_the_same() -> None:
    fact = liquidated((0, 900), (1, 0), (-2, 300), (2, -150), (3, 100))
    assert amounts(fact) == (-600, 300, 210, 90)
    assert (fact.outcome, fact.reasons) == ("reduced", ("not-positive",))


def test_two_negatives_make_no_positive() -> None:
    fact = liquidated((-2, -500))
    assert amounts(fact) == (1_000, 0, 0, 0)
    assert (fact.outcome, fact.reasons) == ("rejected", ("not-positive",))


def test_care_after_its_submission_refuses_the_whole_form_with_that_code_alone() -> None:
    fact = liquidated((1, 1000), (0, 5), care_on=date(2026, 3, 6), submitted_on=date(2026, 3, 5))
    assert amounts(fact) == (1_000, 0, 0, 0)
    assert (fact.outcome, fact.reasons) == ("rejected", ("care-after-submission",))


def test_care_on_the_day_of_its_submission_stands() -> None:
    assert liquidated(care_on=date(2026, 3, 5), submitted_on=date(2026, 3, 5)).outcome == "accepted"


def test_the_largest_form_that_may_be_sent_is_reckoned_to_the_franc() -> None:
    fact = liquidated(*[(10_000, 999_999_999)] * 1000)
    assert fact.claimed_xof == 9_999_999_990_000_000
    assert fact.fund_share_xof + fact.co_payment_xof == fact.accepted_xof == fact.claimed_xof


@given(lines=LINES, care_kind=st.sampled_from(["ambulatory", "hospital"]))
def test_whatever_the_lines_the_parts_of_a_form_add_up(lines: list[Line], care_kind: str) -> None:
    fact = liquidated(*lines, care_kind=care_kind)
    standing = [(quantity, price) for quantity, price in lines if min(quantity, price) > 0]
    assert fact.claimed_xof == sum(quantity * price for quantity, price in lines)
    assert fact.accepted_xof == sum(quantity * price for quantity, price in standing)
    assert fact.fund_share_xof + fact.co_payment_xof == fact.accepted_xof
    assert 0 <= fact.co_payment_xof <= fact.fund_share_xof or fact.accepted_xof < 2
    expected = "accepted" if len(standing) == len(lines) else "reduced" if standing else "rejected"
    assert fact.outcome == expected


@pytest.mark.parametrize("number", ["N1", "N2"])
def test_another_content_under_a_serial_is_a_duplicate_of_its_own_each_time(number: str) -> None:
    case = Case()
    case.read(person(), person("N2", "P2"), form())
    case.read(form("S1", (2, 50), insured_number=number), form("S1", (0, 3), insured_number=number))
    assert case.verdicts() == [
        ("S1", "accepted", []),
        ("S1", "rejected", ["duplicate-form"]),
        ("S1", "rejected", ["duplicate-form"]),
    ]
    assert amounts(case.told()[1]) == (100, 0, 0, 0)
    assert [fact.payer_id for fact in case.told()[1:]] == ["P1" if number == "N1" else "P2"] * 2


def test_the_content_of_any_earlier_reading_again_has_no_effect() -> None:
    case = Case()
    first, second = form(), form("S1", (2, 50))
    case.read(person(), first, second)
    assert case.read(first).duplicate
    assert case.read(second).duplicate
    assert len(case.told()) == 2


def test_the_first_form_stands_even_where_it_was_rejected() -> None:
    case = Case()
    case.read(person(), form("S1", (0, 1)), form("S1", (1, 1000)))
    assert case.verdicts() == [("S1", "rejected", ["not-positive"]), ("S1", "rejected", ["duplicate-form"])]


def test_a_duplicate_whose_care_is_after_its_submission_too_carries_its_first_reason_alone() -> None:
    case = Case()
    case.read(person(), form(), form("S1", care_on=date(2027, 1, 1)))
    assert case.verdicts()[1] == ("S1", "rejected", ["duplicate-form"])
