"""A figure is traced back to the dated rows that hold for its kind of payer and its period."""

from __future__ import annotations

from datetime import date

import pytest

from recouvra.law.grounds import grounds

RATES = ("LAW-010", "2010-11-01")
DUE = ("LAW-020", "2010-11-01")


@pytest.mark.parametrize(
    ("kind", "period", "rows"),
    [
        ("private_employer", "2026-01", [RATES, ("LAW-012", "2016-01-01"), DUE]),
        ("local_authority", "2015-12", [RATES, ("LAW-012", "2015-01-01"), DUE]),
        ("state", "2014-12", [RATES, ("LAW-012", "2004-07-05"), DUE]),
        ("pension_body", "2026-01", [RATES, DUE]),
        ("self_employed", "2026-03", [RATES, ("LAW-013", "2010-11-01"), DUE]),
    ],
)
def test_each_kind_owes_by_its_own_rows_of_the_periods_first_day(
    kind: str, period: str, rows: list[tuple[str, str]]
) -> None:
    assert [(row["source"], row["starts_on"].isoformat()) for row in grounds(kind, period)] == rows


def test_rows_tell_their_values_rates_as_texts() -> None:
    rates, floor, due = grounds("local_authority", "2026-01")
    assert (rates["insured_rate"], rates["payer_rate"]) == ("0.0306", "0.0448")
    assert floor == {"source": "LAW-012", "starts_on": date(2016, 1, 1), "floor_xof": 40_000}
    assert (due["day_of_month"], due["moves_to_working_day"]) == (15, False)
    classes = grounds("self_employed", "2026-03")[1]["classes"]
    assert (classes[0], classes[-1]) == (
        {"up_to_xof": 150_000, "base_xof": 125_000},
        {"up_to_xof": None, "base_xof": 1_000_000},
    )


def test_before_the_scheme_there_is_no_rate_and_no_due_day() -> None:
    assert [row["source"] for row in grounds("state", "2010-10")] == ["LAW-012"]
