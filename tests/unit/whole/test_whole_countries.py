"""A whole country read by the rules of all services in memory ends, in every order, as the oracle recomputes."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from recouvra.contracts.codes import AnomalyCode, FormCode, Reason, RegistrationCode
from tests.builders import Country, affiliation, country, interleave, repeated
from tests.making.closing import MONTH, closing
from tests.making.intruders import MENDED, RULES
from tests.oracle import Acts, PublishedRecord, Replay, State, facts_of, fold, recompute, wrong
from tests.recount.state import Key, Place
from tests.unit.whole.fund import Fund

# Of each code every `field` that the table of events.md allows; `/payer_id` never differs among parts of one key.
FIELDS = {
    ("unknown-payer", "/payer_id"),
    ("totals-disagree", "/period"),
    ("totals-disagree", "/parts"),
    ("totals-disagree", "/replaces"),
    ("totals-disagree", "/totals/lines"),
    ("totals-disagree", "/totals/base_xof"),
    ("period-before-scheme", "/period"),
    ("period-in-future", "/period"),
    ("replaces-unknown", "/replaces"),
    ("already-replaced", "/replaces"),
    ("already-replaced", "/declaration_id"),
    ("negative-base", "/lines/base_xof"),
    ("duplicate-line", "/lines/line_no"),
    ("duplicate-line", "/lines/insured_number"),
    ("below-floor", "/lines/base_xof"),
    ("unknown-insured", "/lines/insured_number"),
    ("not-employed-here", "/lines/insured_number"),
    ("already-declared", "/lines/insured_number"),
}


def settled(fund: Fund, seed: int) -> tuple[Country, list[PublishedRecord]]:
    """Reads a country's payers and hires, and makes the rest with the numbers that were drawn; the facts until now."""
    fund.publish(*repeated(interleave(country(seed).people_first, seed), seed))
    fund.work()
    bodies = [json.loads(fact.value or b"") for fact in fund.facts if fact.topic == "registration-answered"]
    numbers = {(b["payer_id"], b["request_id"]): b["insured_number"] for b in bodies if b["insured_number"]}
    return country(seed, numbers=numbers), list(fund.facts)


def exact(fund: Fund, known_first: list[PublishedRecord], acts: Acts, month: str | None = None) -> State:
    """What the oracle expects, which nothing differs from."""
    expected = recompute(fund.log, fund.facts, acts=acts, known_first=known_first, closing=month)
    assert wrong(expected, fund.facts) == []
    return expected


def read_in_any_order(seed: int) -> State:
    """Reads a country; what it ended in."""
    fund = Fund(seed, "event" if seed % 2 else "system")
    made, known_first = settled(fund, seed)
    fund.publish(*repeated(interleave(made.rest, seed), seed))
    fund.work()
    fund.publish(*closing(facts_of(fund.facts)))
    fund.work()
    return exact(fund, known_first, Acts(), MONTH)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_country_ends_as_the_oracle_says_in_any_order(seed: int) -> None:
    assert len(read_in_any_order(seed).pairs) > 40


@pytest.mark.parametrize("seed", [11, 12])  # those that the stack is tried with
def test_a_country_shows_every_code_and_every_reason(seed: int) -> None:
    state = read_in_any_order(seed)
    declared = {(anomaly.code, anomaly.field) for answer in state.answers.values() for anomaly in answer.anomalies}
    assert declared == FIELDS
    assert {code for code, _ in declared} == set(AnomalyCode)
    assert {answer.outcome for answer in state.answers.values()} == {
        "accepted",
        "accepted_with_anomalies",
        "pending",
        "rejected",
    }
    assert {a.code for request in state.requests.values() for a in request.anomalies} == set(RegistrationCode)
    assert {request.outcome for request in state.requests.values()} == {
        "registered",
        "already_registered",
        "transferred",
        "pending",
        "rejected",
    }
    forms = [form for filed in state.forms.values() for form in filed]
    assert {code for form in forms for code in form.reasons} == set(FormCode)
    assert {form.outcome for form in forms} == {"accepted", "reduced", "rejected"}
    reasons = {(letter.service, letter.reason) for letter in state.dead_letters.values()}
    told = set(Reason) - {Reason.INTERNAL, Reason.UNAUTHORISED_SOURCE}
    assert reasons == {
        (service, reason) for service in ("registration", "contributions", "liquidation") for reason in told
    }
    assert {pair.payer_kind for pair in state.pairs.values()} == {
        "state",
        "local_authority",
        "private_employer",
        "pension_body",
        "self_employed",
    }
    assert min(len(state.waiting), len(state.waiting_forms), len(state.waiting_reversals)) > 0


@dataclass
class Desk:
    """An operator who replays, affiliates, assigns and takes back while records come in."""

    fund: Fund
    never: list[str]
    dice: random.Random
    replays: list[Replay] = field(default_factory=list)
    posted: list[tuple[dict[str, Any], datetime]] = field(default_factory=list)
    given: dict[Key, str] = field(default_factory=dict)
    acted: int = 0

    def replay(self, place: Place) -> None:
        """Replays one dead letter."""
        self.replays.append(Replay(place, self.fund.next_of(*place[:2])))
        self.fund.replay(place)

    def act(self) -> None:
        """Does one thing that can be done now."""
        self.acted += 1
        if self.never and self.dice.random() < 0.2:
            body = dict(affiliation(self.never.pop(), request_id="POSTED").body)
            self.posted.append((body, self.fund.post_payer(body)))
        if self.dice.random() < 0.4 and (name := self.in_suspense()):
            self.fund.assign(name, self.given.setdefault(name, "P0000"))
        elif self.given and self.dice.random() < 0.6:
            name = self.dice.choice(sorted(self.given))
            self.fund.withdraw(name)
            del self.given[name]

    def in_suspense(self) -> Key | None:
        """Some money in suspense."""
        placements = fold(self.fund.facts).placements
        return self.dice.choice(sorted(name for name, placed in placements.items() if placed.suspense_xof) or [None])


@pytest.mark.parametrize("seed", [20, 21])
def test_a_country_with_all_that_people_do_beside_it_ends_as_the_oracle_says(seed: int) -> None:
    fund = Fund(seed, "event" if seed % 2 else "system", RULES)
    made, known_first = settled(fund, seed)
    fund.publish(*interleave(made.intrusions, seed))
    fund.work()
    letters = fold(fund.facts).dead_letters
    refused = [place for place, letter in letters.items() if letter.reason == "unauthorised-source"]
    assert len(refused) > 30
    fund.rules = MENDED
    fund.publish(*repeated(interleave([d for d in made.rest if d not in made.intrusions], seed), seed))
    desk = Desk(fund, [payer.payer_id for payer in made.payers if payer.fate == "never"], random.Random(seed))
    desk.dice.shuffle(refused)
    for place in refused:
        fund.work(desk.dice.randrange(40))
        desk.replay(place)
        desk.act()
    fund.work()
    acts = Acts(desk.given, desk.posted, desk.replays, RULES, MENDED)
    state = exact(fund, known_first, acts)
    assert set(state.letters_now.values()) == {"replayed", "unauthorised-source"}
