"""What the quick reader takes of our own facts is what their contracts take, to the same event and content."""

import json
import random
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.event import Event
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.payment_held import PaymentHeld
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.reading import fitted
from services.reporting.doors.plain_facts import QUICKLY
from tests.unit import quick_reading

_PLACE = {"payer_id": "PAYER-1", "payer_kind": "state", "territory_code": "0101001"}
_PAID = {"payment_source": "/bank/1", "payment_id": "P:1", "received_on": "2026-02-12", "channel": "mobile_money"}
_DUE = {"declaration_id": "D-1", "basis": "replacement", "assessed_xof": -5, "insured_share_xof": -2}
_DUE |= {"payer_share_xof": -3, "line_count": -1, "filed_on": "2026-02-10", "due_on": "2026-02-15"}
VALUES: dict[type[Event], dict[str, Any]] = {
    ContributionAssessed: _PLACE | {"period": "2026-01"} | _DUE,
    ContributionReceived: _PLACE | {"period": "2026-01"} | _PAID | {"received_xof": 10**18},
    PaymentHeld: {"payer_id": "PAYER-1"} | _PAID | {"held_as": "suspense", "held_xof": 7},
    PayerAffiliated: _PLACE
    | {"name": "Commune I", "filing_frequency": "monthly", "affiliated_on": "0001-01-01", "closed_on": None},
    PersonRegistered: _PLACE
    | {"insured_number": "123456789048", "role": "dependant", "principal_number": None, "category": "worker"}
    | {"birth_year": 1980, "sex": "F", "registered_on": "9999-12-31", "relationship": "child"},
}
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1.0, 1.5, 9999, 10_000, 10**15 + 1, 10**18, 10**18 + 1, -(10**18) - 1, 2**63),
    *("", "1", "A", "é", "A" * 64, "A" * 65, "A" * 1001, "a b", "a\nb", "01", "012", "٠١", "\x00", "\x7f", [], {}),
    *("2026-12", "2026-13", "0000-01", "2026-02-28", "2026-02-29", "2026-2-01", "0000-01-01", "10000-01-01"),
    *("20260228", "2026-02-28T00:00:00Z", "1577836800", "state", "State", "credit", "suspense", "child", "M"),
]
RAW = [b"1.0", b"1e3", b"-0", b"007", b"NaN", b"Infinity", b"9" * 400, b"'x'", b"// c\n1", b"\xff", b"[" * 300, b'"\t"']
PLACES = [(event_class, name) for event_class, value in VALUES.items() for name in [*value, "else"]]


def agrees(event_class: type[Event], value: bytes) -> bool:
    return quick_reading.agrees(QUICKLY[event_class], event_class, value)


@pytest.mark.parametrize("event_class", VALUES)
def test_what_our_services_publish_is_read_quickly_however_it_is_written(event_class: type[Event]) -> None:
    value = VALUES[event_class]
    assert agrees(event_class, fitted(event_class, json.dumps(value).encode()).to_json())
    assert agrees(event_class, json.dumps({name: value[name] for name in reversed(value)}, indent=2).encode())
    for name, said in value.items():  # days of every century
        if isinstance(said, str) and said[4:5] == said[7:8] == "-":
            assert agrees(event_class, json.dumps(value | {name: f"{date(1, 2, 3)}"}).encode())


@pytest.mark.parametrize(("event_class", "name"), PLACES)
def test_what_stands_in_one_place_is_read_as_the_contract_reads_it_or_not_at_all(
    event_class: type[Event], name: str
) -> None:
    value = VALUES[event_class]
    taken = [agrees(event_class, json.dumps(value | {name: said}).encode()) for said in ODD]
    taken += [agrees(event_class, json.dumps(value | {name: "@@"}).encode().replace(b'"@@"', raw)) for raw in RAW]
    taken.append(agrees(event_class, json.dumps({one: said for one, said in value.items() if one != name}).encode()))
    taken.append(agrees(event_class, f"{json.dumps(value)[:-1]}, {json.dumps(name)}: 5}}".encode()))
    assert not all(taken)


def test_money_held_for_nobody_is_left_to_the_contract_which_knows_that_a_credit_has_a_payer() -> None:
    for held_as in ("credit", "suspense"):
        value = VALUES[PaymentHeld] | {"payer_id": None, "held_as": held_as}
        assert not agrees(PaymentHeld, json.dumps(value).encode())


@given(st.sampled_from(list(VALUES)), st.integers(0, 2**32), st.integers(1, 4))
@example(ContributionAssessed, 0, 1)
def test_bytes_changed_anywhere_are_read_as_the_contract_reads_them_or_not_at_all(
    event_class: type[Event], seed: int, count: int
) -> None:
    chosen = random.Random(seed)
    value = bytearray(json.dumps(VALUES[event_class]).encode())
    for _ in range(count):
        at = chosen.randrange(len(value))
        value[at : at + chosen.randrange(3)] = bytes([chosen.choice(b'0123456789-.eE"{}[],: \\u\tAz\xc3\xa9')])
    quick_reading.agrees_or_is_refused(QUICKLY[event_class], event_class, bytes(value))
