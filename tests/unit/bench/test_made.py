"""What the bench publishes is what the contracts read, and the floor's rows are the same lines."""

from collections import Counter

from bench.made import MONTHS, Payer, alike, declared, known, lines_of, log_normal, paid, rows
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.topics import EVENTS
from recouvra.law.insured_number import is_insured_number

PAYERS = [*alike(2, 3), Payer("LARGE", 2_345, 6)]


def test_every_made_value_is_read_by_its_contract_under_its_own_key() -> None:
    seen = Counter[str]()
    for made in (*known(PAYERS), *declared(PAYERS, [0, 35]), *paid(PAYERS, [0, 1])):
        event = EVENTS[made.topic].model_validate_json(made.value)
        assert event.key.encode() == made.key
        assert event.event_type() == made.event_type
        seen[made.topic] += 1
    assert seen == {"payer-affiliated": 3, "person-registered": 2_351, "payroll-declared": 10, "payment-reported": 6}


def test_the_floor_copies_the_lines_that_are_declared_in_their_order() -> None:
    lines = [
        (event.payer_id, event.declaration_id, line.line_no, line.insured_number, event.period, line.base_xof)
        for made in declared(PAYERS, [3, 4])
        for event in [PayrollDeclared.model_validate_json(made.value)]
        for line in event.lines
    ]
    assert lines == list(rows(PAYERS, [3, 4]))
    assert len(lines) == lines_of(PAYERS, [3, 4])
    assert all(is_insured_number(line[3]) for line in lines)


def test_parts_add_up_to_their_totals_whatever_their_size() -> None:
    for lines_a_part in (1, 1_000):
        parts = [PayrollDeclared.model_validate_json(made.value) for made in declared(PAYERS[:1], [1], lines_a_part)]
        assert sum(len(part.lines) for part in parts) == parts[0].totals.lines
        assert sum(line.base_xof for part in parts for line in part.lines) == parts[0].totals.base_xof
        assert [part.part for part in parts] == list(range(1, parts[0].parts + 1))


def test_log_normal_payers_have_exactly_the_people_asked_for_and_share_none() -> None:
    payers = log_normal(5_000, most=700, first=100)
    numbers = [number for payer in payers for number in payer.numbers()]
    assert len(numbers) == len(set(numbers)) == 5_000
    assert max(payer.size for payer in payers) <= 700
    assert len(MONTHS) == 36
