"""An event id that says two things on two topics: which of them stands is for the order, and the oracle follows it.

A repeat under another event id claims nothing: an id that was only ever a repeat's is still to be had (DEF-027).
"""

from __future__ import annotations

import pytest

from tests.builders import affiliation, declaration, payment
from tests.oracle import conservation, differences, fold, recompute
from tests.unit.whole.fund import Fund

SOURCE = "/payroll/P1"
DECLARED = declaration("P1", "2026-01", [("N1", 40_000)]).by(SOURCE)
SAID = {
    "first": DECLARED.again(event_id="first"),
    "again": DECLARED.again(event_id="again"),
    "paid": payment("P1", 1_000, payment_id="V").by(SOURCE).again(event_id="again"),
}


@pytest.mark.parametrize(
    ("order", "refused"),
    [
        ("first again paid", []),
        ("first again again paid", []),
        ("first again paid again", [("payroll-declared", 2)]),
        ("first paid again", [("payroll-declared", 1)]),
        ("again paid first", [("payment-reported", 0)]),
        ("paid again first", [("payroll-declared", 0)]),
        ("paid first again", [("payroll-declared", 1)]),
    ],
)
def test_what_stands_follows_the_order(order: str, refused: list[tuple[str, int]]) -> None:
    fund = Fund(1)
    for draft in [affiliation("P1"), *(SAID[name] for name in order.split())]:
        fund.publish(draft)
        fund.work()
    expected = recompute(fund.log, fund.facts)
    assert differences(expected, fold(fund.facts)) == []
    assert conservation(fund.facts, expected.payments) == []
    assert [(topic, offset) for topic, _, offset in expected.dead_letters] == refused
