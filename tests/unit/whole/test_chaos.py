"""Random records of very few names, which meet in every way, end as the oracle recomputes, whatever the order."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from tests.builders import Draft, repeated
from tests.making.chaos import people, records
from tests.oracle import State, conservation, differences, fold, recompute
from tests.unit.whole.fund import Fund

SEEDS = range(40)


def sent_again(drafts: Sequence[Draft], seed: int) -> list[Draft]:
    """Waves of which a part, that nobody acknowledged, is sent before the whole."""
    dice, drafts = random.Random(f"waves {seed}"), repeated(drafts, seed, 0.3)
    waves = [drafts[at : at + 20] for at in range(0, len(drafts), 20)]
    return [draft for wave in waves for draft in (*wave[: dice.choice((0, dice.randrange(20)))], *wave)]


def renamed(drafts: Sequence[Draft], seed: int) -> list[Draft]:
    """Everything, and then some of it under other event ids."""
    dice = random.Random(f"renamed {seed}")
    again = [draft for draft in drafts if dice.random() < 0.4]
    return [*drafts, *(draft.again(event_id=f"R{seed}-{n}") for n, draft in enumerate(again))]


def ended(seed: int, repeats: Callable[[Sequence[Draft], int], list[Draft]] = repeated) -> State:
    """What one chaos ends in, which is what the oracle expects."""
    fund = Fund(seed, "event" if seed % 2 else "system")
    fund.publish(*people(seed))
    fund.work()
    known_first = list(fund.facts)
    bodies = [json.loads(fact.value or b"") for fact in known_first if fact.topic == "person-registered"]
    numbers = sorted({body["insured_number"] for body in bodies})
    fund.publish(*repeats(records(seed, numbers[:6]), seed))
    fund.work()
    expected = recompute(fund.log, fund.facts, known_first=known_first)
    assert differences(expected, fold(fund.facts)) == [], seed
    assert conservation(fund.facts, expected.payments) == [], seed
    return expected


@pytest.mark.parametrize("repeats", [sent_again, renamed])
@pytest.mark.parametrize("seed", [1_224, 1_450, *range(20)])  # the first two the recount once got wrong
def test_what_comes_again_changes_nothing(repeats: Callable[[Sequence[Draft], int], list[Draft]], seed: int) -> None:
    assert ended(seed, repeats).pairs


def test_whatever_meets_ends_as_the_oracle_says() -> None:
    ends = [ended(seed) for seed in SEEDS]
    codes = Counter(a.code for end in ends for answer in end.answers.values() for a in answer.anomalies)
    assert min(codes[code] for code in ("already-replaced", "replaces-unknown", "already-declared")) > 9
    assert sum(payment.reversed for end in ends for payment in end.payments.values()) > 20
    assert sum(len(end.waiting_reversals) for end in ends) > 20
    assert sum(form.reasons == ("duplicate-form",) for end in ends for f in end.forms.values() for form in f) > 20
