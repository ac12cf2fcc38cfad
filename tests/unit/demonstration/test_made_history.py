"""The made history against the rules: by the contracts' own reader, and by the oracle, which shares nothing with it."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import read
from recouvra.contracts.registration_requested import RegistrationRequested
from recouvra.local.demonstration.calendar import END
from recouvra.local.demonstration.history import History, made_history
from recouvra.local.demonstration.inbound import Inbound
from recouvra.local.demonstration.payers import shared
from recouvra.local.demonstration.territories import regions
from tests.oracle import PublishedRecord, State, recompute

AS_PUBLISHED = "4ebf3520fef56700"
"""Of identities and values. Another would be another history under the same event ids: old folders would refuse it."""


@pytest.fixture(scope="session")
def state(records: Sequence[PublishedRecord]) -> State:
    """What the oracle makes of the records, no fact being known."""
    return recompute(records)


def digest(inbound: Sequence[Inbound]) -> str:
    """Of everything that travels."""
    lines = (f"{one.source} {one.event_id} {one.at.isoformat()} ".encode() + one.event.to_json() for one in inbound)
    return sha256(b"\n".join(lines)).hexdigest()


def test_the_history_is_the_same_for_ever(inbound: Sequence[Inbound]) -> None:
    """Its event ids say so already: with other content they would be conflicts."""
    assert digest(inbound).startswith(AS_PUBLISHED)


def test_making_it_again_makes_the_same(history: History) -> None:
    """Nothing is left to chance."""
    assert made_history() == history


def test_sixty_payers_of_five_kinds_are_in_all_regions(history: History) -> None:
    """Local authorities and private employers in each."""
    everywhere = {region.territory_code for region in regions()}
    assert len(everywhere) == 20
    assert len(history.payers) == 60
    assert len({payer.kind for payer in history.payers}) == 5
    for kind in ("local_authority", "private_employer"):
        assert {payer.territory_code[:2] for payer in history.payers if payer.kind == kind} == everywhere
    assert {payer.frequency for payer in history.payers} == {"monthly", "quarterly"}


def test_three_thousand_people_are_insured(history: History, state: State) -> None:
    """Whoever moved to another payer counts once."""
    assert state.people == 3_000
    assert sum(len(payer.staff) for payer in history.payers) == 3_012


def test_employers_of_ten_people_or_fewer_file_by_the_quarter(history: History) -> None:
    """LAW-020, and DEF-020 for exactly ten."""
    for payer in history.payers:
        if payer.kind in ("local_authority", "private_employer"):
            hired = sum(employee.request_id.startswith("H") for employee in payer.staff)
            assert payer.frequency == ("quarterly" if hired <= 10 else "monthly")


def test_nobody_is_hired_as_a_child(inbound: Sequence[Inbound]) -> None:
    """But for the one hire that is wrong on purpose."""
    hires = [one.event for one in inbound if isinstance(one.event, RegistrationRequested)]
    young = [hire for hire in hires if hire.hired_on.year - hire.person.birth_date.year < 18]
    assert [hire.request_id[0] for hire in young] == ["X"]


def test_every_event_is_read_without_refusal(inbound: Sequence[Inbound]) -> None:
    """The reader of the services takes each."""
    for one in inbound:
        assert read(one.record()).event == one.event


def test_nothing_happens_after_the_end_nor_a_payment_before_its_value_date(inbound: Sequence[Inbound]) -> None:
    """The end itself is past, whatever machine this runs on."""
    assert datetime.now(UTC) > END
    for one in inbound:
        assert datetime(2025, 1, 2, tzinfo=UTC) <= one.at <= END
        if isinstance(one.event, PaymentReported) and one.event.reverses is None:
            assert one.event.paid_on <= one.at.date()


def test_an_identity_says_one_thing(history: History, inbound: Sequence[Inbound]) -> None:
    """The few that come twice say the same; and all are told without the insured numbers."""
    said = {one.identity: one.event for one in inbound}
    assert all(said[one.identity] == one.event for one in inbound)
    assert len(inbound) - len(said) >= 3
    names = [
        name
        for month in history.months
        for name in (*month.declared_and_paid_identities, *(one.identity for one in month.registrations))
    ]
    assert Counter(names) == Counter(one.identity for one in inbound)


def test_who_pays_pays_what_the_law_makes_due(history: History, state: State) -> None:
    """Per payer and period, what the made declarations come to is what the oracle assesses."""
    made: Counter[tuple[str, str]] = Counter()
    for month in history.months:
        for one in month.returns:
            made[one.payer.payer_id, one.period] += one.due_xof
    found = {key: pair.assessed_xof for key, pair in state.pairs.items() if pair.assessed_xof}
    assert {key: due for key, due in made.items() if due} == found
    assert {payer_id for payer_id, _ in found} == {payer.payer_id for payer in history.payers}


def test_every_way_of_declaring_occurs(inbound: Sequence[Inbound], state: State) -> None:
    """Parts, replacements, complements, nil, rejections, what waits; and every anomaly that payroll offices cause."""
    declared = [one.event for one in inbound if isinstance(one.event, PayrollDeclared)]
    assert max(event.parts for event in declared) >= 3
    assert any(event.totals.lines == 0 for event in declared)
    bases = Counter(assessment.basis for assessment in state.assessments.values())
    assert bases["replacement"] >= 3
    assert bases["declared"] >= 500
    outcomes = Counter(answer.outcome for answer in state.answers.values())
    assert outcomes["pending"] == 2
    assert outcomes["rejected"] >= 8
    assert len(state.waiting) == 1
    codes = {anomaly.code for answer in state.answers.values() for anomaly in answer.anomalies}
    assert codes >= {
        "unknown-payer", "totals-disagree", "period-in-future", "negative-base", "duplicate-line", "below-floor",
        "unknown-insured", "already-declared",
    }  # fmt: skip


def test_every_way_of_paying_occurs(inbound: Sequence[Inbound], state: State) -> None:
    """On time, late, in part, early, for several months, designated or not; bounced; nobody's; too much."""
    paid = [one.event for one in inbound if isinstance(one.event, PaymentReported)]
    assert {event.channel for event in paid} == {"treasury", "bank", "mobile_money", "cash", "cheque"}
    assert sum(event.period is not None for event in paid) > 100
    assert sum(event.period is None for event in paid) > 100
    assert sum(payment.reversed for payment in state.payments.values()) >= 5
    placed = state.placements.values()
    assert sum(placement.suspense_xof > 0 for placement in placed) >= 6
    assert any(len(placement.received) >= 3 for placement in placed)
    assert any(placement.credit for placement in placed)
    assert {pair.received_xof >= pair.assessed_xof for pair in state.pairs.values()} == {True, False}
    early = [event for event in paid if event.period and f"{event.paid_on:%Y-%m}" == event.period]
    assert early


def test_some_local_authorities_hardly_pay(history: History, state: State) -> None:
    """Less than a third of what they owe."""
    hardly = []
    for payer in history.payers:
        pairs = [pair for key, pair in state.pairs.items() if key[0] == payer.payer_id]
        if 3 * sum(pair.received_xof for pair in pairs) < sum(pair.assessed_xof for pair in pairs):
            hardly.append(payer.kind)
    assert hardly.count("local_authority") >= 5


def test_two_payments_are_set_aside_and_nothing_else(state: State) -> None:
    """The same payment with another amount."""
    assert [(letter.service, letter.reason) for letter in state.dead_letters.values()] == [
        ("contributions", "conflicting-duplicate")
    ] * 2
    assert state.faults == []


def test_sharing_gives_out_everybody_and_the_least_to_each() -> None:
    """Or says that there are too few."""
    from random import Random

    for people in (30, 31, 97, 5_000):
        sizes = shared(Random(people), people, 10, 1.2, 3)
        assert sum(sizes) == people
        assert min(sizes) >= 3
    with pytest.raises(ValueError, match="too few"):
        shared(Random(1), 29, 10, 1.2, 3)
