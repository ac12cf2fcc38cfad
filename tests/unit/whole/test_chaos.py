"""Random records of very few names, which meet in every way, end as the oracle recomputes, whatever the order."""

from __future__ import annotations

import json
from collections import Counter

from tests.builders import repeated
from tests.making.chaos import people, records
from tests.oracle import State, conservation, differences, fold, recompute
from tests.unit.whole.fund import Fund

SEEDS = range(40)


def ended(seed: int) -> State:
    """What one chaos ends in, which is what the oracle expects."""
    fund = Fund(seed, "event" if seed % 2 else "system")
    fund.publish(*people(seed))
    fund.work()
    known_first = list(fund.facts)
    bodies = [json.loads(fact.value or b"") for fact in known_first if fact.topic == "person-registered"]
    numbers = sorted({body["insured_number"] for body in bodies})
    fund.publish(*repeated(records(seed, numbers[:6]), seed))
    fund.work()
    expected = recompute(fund.log, fund.facts, known_first=known_first)
    assert differences(expected, fold(fund.facts)) == [], seed
    assert conservation(fund.facts, expected.payments) == [], seed
    return expected


def test_whatever_meets_ends_as_the_oracle_says() -> None:
    ends = [ended(seed) for seed in SEEDS]
    codes = Counter(a.code for end in ends for answer in end.answers.values() for a in answer.anomalies)
    assert min(codes[code] for code in ("already-replaced", "replaces-unknown", "already-declared")) > 9
    assert sum(payment.reversed for end in ends for payment in end.payments.values()) > 20
    assert sum(len(end.waiting_reversals) for end in ends) > 20
    assert sum(form.reasons == ("duplicate-form",) for end in ends for f in end.forms.values() for form in f) > 20
