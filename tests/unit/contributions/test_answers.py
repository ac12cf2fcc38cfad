"""How much of an answer travels."""

from datetime import date

import pytest

from recouvra.contracts.codes import AnomalyCode
from recouvra.law.finding import Finding
from services.contributions.domain.answers import VALUE_BYTES, answered
from services.contributions.domain.declaration import Answer, Declaration


def answer(count: int) -> Answer:
    """An answer with so many findings of the longest numbers that there can be."""
    findings = [
        Finding(number, AnomalyCode.ALREADY_DECLARED, "/lines/insured_number", f"{number:064}", "D" * 64)
        for number in range(1, count + 1)
    ]
    return Answer("accepted_with_anomalies", count, count, 0, 0, 0, date(2026, 2, 15), tuple(findings))


DECLARATION = Declaration("D1", "2026-01", 1, None)


@pytest.mark.parametrize(("count", "travel", "left"), [(0, 0, 0), (1_000, 1_000, 0), (1_001, 1_000, 1)])
def test_the_first_thousand_anomalies_travel(count: int, travel: int, left: int) -> None:
    event = answered("P", DECLARATION, answer(count))
    assert (len(event.anomalies), event.anomalies_left) == (travel, left)
    assert [anomaly.line_no for anomaly in event.anomalies] == list(range(1, travel + 1))


def test_the_longest_answer_stays_within_its_bytes() -> None:
    assert len(answered("P", DECLARATION, answer(1_000)).to_json()) <= VALUE_BYTES


@pytest.mark.parametrize("value_bytes", [100_000, 10_000, 1_000, 10])
def test_an_answer_gives_up_its_last_anomalies_until_it_fits(value_bytes: int) -> None:
    event = answered("P", DECLARATION, answer(1_200), value_bytes)
    assert len(event.anomalies) + event.anomalies_left == 1_200
    assert len(event.to_json()) <= value_bytes or not event.anomalies
    one_more = answered("P", DECLARATION, answer(1_200), value_bytes=10**9)
    assert event.anomalies == one_more.anomalies[: len(event.anomalies)]
