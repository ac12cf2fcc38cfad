"""The made history against the rules: by the contracts' own reader, and by the oracle, which shares nothing with it."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from recouvra.contracts.care_form_submitted import CareFormSubmitted
from recouvra.contracts.codes import AnomalyCode, Reason
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import Refusal, read
from recouvra.contracts.registration_requested import RegistrationRequested
from recouvra.contracts.territories import regions
from recouvra.local.demonstration.calendar import END
from recouvra.local.demonstration.history import History
from recouvra.local.demonstration.inbound import Inbound, Upstream
from recouvra.local.demonstration.odd_hires import LIKELY_DUPLICATES
from recouvra.local.demonstration.payers import INSURED, shared
from recouvra.local.demonstration.registering import REHIRES, TRANSFERS
from tests.oracle import PublishedRecord, State, recompute

AS_PUBLISHED = "41865f5ef20797dd"
"""Of identities and values. Another would be another history under the same event ids: old folders would refuse it."""


@pytest.fixture(scope="session")
def state(records: Sequence[PublishedRecord]) -> State:
    """What the oracle makes of the records, no fact being known."""
    return recompute(records)


def digest(inbound: Sequence[Upstream]) -> str:
    """Of everything that travels."""
    found = sha256()
    for one in inbound:
        record = one.record()
        found.update(repr((record.topic, record.key, record.headers)).encode() + (record.value or b""))
    return found.hexdigest()


def events(inbound: Sequence[Upstream]) -> list[Inbound]:
    """What is no poison."""
    return [one for one in inbound if isinstance(one, Inbound)]


def test_the_history_is_the_same_for_ever(inbound: Sequence[Upstream]) -> None:
    """Its event ids say so already: with other content they would be conflicts."""
    assert digest(inbound).startswith(AS_PUBLISHED)


def test_three_hundred_payers_of_five_kinds_are_in_all_regions(history: History) -> None:
    """Local authorities and private employers in each."""
    everywhere = {region.territory_code for region in regions()}
    assert len(everywhere) == 20
    assert len(history.payers) == 300
    assert len({payer.kind for payer in history.payers}) == 5
    for kind in ("local_authority", "private_employer"):
        assert {payer.territory_code[:2] for payer in history.payers if payer.kind == kind} == everywhere
    assert {payer.frequency for payer in history.payers} == {"monthly", "quarterly"}


def test_twelve_thousand_people_are_insured(history: History, state: State) -> None:
    """Whoever moved to another payer, or came back, counts once; whoever merely looks like somebody counts."""
    assert len(state.persons) == INSURED + LIKELY_DUPLICATES
    assert sum(len(payer.staff) for payer in history.payers) == INSURED + TRANSFERS + REHIRES


def test_employers_of_ten_people_or_fewer_file_by_the_quarter(history: History) -> None:
    """LAW-020, and DEF-020 for exactly ten."""
    for payer in history.payers:
        if payer.kind in ("local_authority", "private_employer"):
            hired = sum(employee.request_id.startswith("H") for employee in payer.staff)
            assert payer.frequency == ("quarterly" if hired <= 10 else "monthly"), payer.payer_id


def test_nobody_is_hired_as_a_child(inbound: Sequence[Upstream]) -> None:
    """But for those who were hired before their birth, on purpose."""
    hires = [one.event for one in events(inbound) if isinstance(one.event, RegistrationRequested)]
    young = [hire for hire in hires if hire.hired_on.year - hire.person.birth_date.year < 17]
    assert {hire.request_id[0] for hire in young} == {"X"}


def test_every_event_is_read_and_nothing_else_is(inbound: Sequence[Upstream]) -> None:
    """The reader of the services takes each event, and of the others refuses each, for every reason that it has."""
    reasons = set()
    for one in inbound:
        if isinstance(one, Inbound):
            assert read(one.record()).event == one.event
            continue
        with pytest.raises(Refusal) as refused:
            read(one.record())
        reasons.add(refused.value.reason)
    assert reasons == set(Reason) - {Reason.UNAUTHORISED_SOURCE, Reason.CONFLICTING_DUPLICATE, Reason.INTERNAL}


def test_nothing_happens_after_the_end_nor_a_payment_before_its_value_date(inbound: Sequence[Upstream]) -> None:
    """The end itself is past, whatever machine this runs on."""
    assert datetime.now(UTC) > END
    for one in inbound:
        assert datetime(2024, 1, 2, tzinfo=UTC) <= one.at <= END
    for one in events(inbound):
        if isinstance(one.event, PaymentReported) and one.event.reverses is None:
            assert one.event.paid_on <= one.at.date()


def test_an_identity_says_one_thing(history: History, inbound: Sequence[Upstream]) -> None:
    """The few that come twice say the same; and all are told without the insured numbers."""
    said = {one.identity: one.record() for one in inbound}
    for one in events(inbound):
        assert said[one.identity].value == one.record().value
    assert len(inbound) - len(said) >= 3
    names = [
        name
        for month in history.months
        for name in (*month.reported_identities, *(one.identity for one in month.registrations))
    ]
    assert Counter(names) == Counter(one.identity for one in inbound)


def test_who_pays_pays_what_the_law_makes_due(history: History, state: State) -> None:
    """Per payer and period, what the made declarations come to is what the oracle assesses."""
    made: Counter[tuple[str, str]] = Counter()
    for month in history.months:
        for one in month.returns:
            made[one.payer.payer_id, one.period] += one.due_xof
    # Without facts the oracle cannot tell under which kind a pair was first assessed (DEF-033).
    of_two_kinds = {p.payer_id for p in history.payers if any(change.kind != p.kind for change in p.changes)}
    assert len(of_two_kinds) == 1
    found = {key: pair.assessed_xof for key, pair in state.pairs.items() if pair.assessed_xof}
    assert {key: due for key, due in made.items() if due and key[0] not in of_two_kinds} == {
        key: due for key, due in found.items() if key[0] not in of_two_kinds
    }
    assert {payer_id for payer_id, _ in found} == {payer.payer_id for payer in history.payers}


def test_every_way_of_declaring_occurs(inbound: Sequence[Upstream], state: State) -> None:
    """Parts, replacements, complements, nil, rejections, what waits; and every anomaly that payroll offices cause."""
    declared = [one.event for one in events(inbound) if isinstance(one.event, PayrollDeclared)]
    assert max(event.parts for event in declared) >= 3
    assert any(event.totals.lines == 0 for event in declared)
    bases = Counter(assessment.basis for assessment in state.assessments.values())
    assert bases["replacement"] >= 50
    assert bases["declared"] >= 5_000
    outcomes = Counter(answer.outcome for answer in state.answers.values())
    assert outcomes["pending"] == 2
    assert outcomes["rejected"] >= 8
    assert len(state.waiting) == 1
    codes = {anomaly.code for answer in state.answers.values() for anomaly in answer.anomalies}
    assert codes >= set(AnomalyCode) - {AnomalyCode.NOT_EMPLOYED_HERE}  # only a stack, having drawn numbers, can tell


def test_every_way_of_paying_occurs(inbound: Sequence[Upstream], state: State) -> None:
    """On time, late, in part, early, for several months, designated or not; bounced; nobody's; too much."""
    paid = [one.event for one in events(inbound) if isinstance(one.event, PaymentReported)]
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


def test_every_service_sets_records_aside_and_nothing_is_impossible(state: State) -> None:
    """Payments, declarations, hires and affiliations that contradict what was said, beside what nobody can read."""
    letters = Counter((letter.service, letter.reason) for letter in state.dead_letters.values())
    assert {service for service, _ in letters} == {"registration", "contributions", "liquidation"}
    assert letters["contributions", "conflicting-duplicate"] >= 10
    assert letters["registration", "conflicting-duplicate"] == 2
    assert state.faults == []


def test_something_of_every_kind_waits(state: State) -> None:
    """A declaration for a part, others and hires for a payer, a reversal for its payment, forms for their patient."""
    assert state.waiting
    assert state.waiting_reversals
    assert len(state.waiting_forms) >= 10
    assert [answer.outcome for answer in state.requests.values()].count("pending") == 3


def test_every_way_of_filing_a_care_form_occurs(inbound: Sequence[Upstream]) -> None:
    """By each kind of provider, in time and late, twice, with other content, after its submission, of nothing."""
    told = [(one.at, one.event) for one in events(inbound) if isinstance(one.event, CareFormSubmitted)]
    forms = [form for _, form in told]
    assert {form.provider_kind for form in forms} == {"cscom", "csref", "hospital", "clinic", "pharmacy", "laboratory"}
    repeated = [serial for serial, count in Counter(form.form_serial for form in forms).items() if count > 1]
    contents = {(form.form_serial, form.content()) for form in forms}
    disputed = [serial for serial, count in Counter(serial for serial, _ in contents).items() if count > 1]
    assert len(repeated) > len(disputed) > 5
    assert any(form.care_on > form.submitted_on for form in forms)
    assert any(line.quantity <= 0 for form in forms for line in form.lines)
    for kind, term_days in (("pharmacy", 15), ("laboratory", 30)):
        days = [(at.date() - form.submitted_on).days for at, form in told if form.provider_kind == kind]
        assert min(days) <= term_days < max(days)


def test_sharing_gives_out_everybody_and_the_least_to_each() -> None:
    """Or says that there are too few."""
    from random import Random

    for people in (30, 31, 97, 5_000):
        sizes = shared(Random(people), people, 10, 1.2, 3)
        assert sum(sizes) == people
        assert min(sizes) >= 3
    with pytest.raises(ValueError, match="too few"):
        shared(Random(1), 29, 10, 1.2, 3)
