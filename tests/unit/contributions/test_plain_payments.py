"""What the quick reader takes is what the contract takes, to the same event and content; the rest it leaves alone."""

import json
import random
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.reading import fitted
from services.contributions.doors.events import QUICKLY
from tests.unit import quick_reading

VALUE: dict[str, Any] = {
    "payment_id": "M-1",
    "payer_id": "PAYER-1",
    "reference": "ordre 7",
    "amount_xof": 90_000,
    "paid_on": "2026-02-28",
    "channel": "treasury",
    "period": "2026-01",
    "reverses": "M-0",
}
ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 1.0, 1.5, 10**12, 10**12 + 1, 2**63, 2**64, [], {}, [[]]),
    *("", "1", "A", "é", "A" * 64, "A" * 65, "A" * 600, "A" * 601, "a\nb", "a\n", " D", "-", "\x00", "\ud800", "\x7f"),
    *("2026-12", "2026-13", "0000-01", "0001-01", "9999-12", "2026-1", "2026-01-01", "20260101", "2026-W01-1"),
    *("2026-02-29", "2024-02-29", "0000-01-01", "0001-01-01", "9999-12-31", "2026-1-1", "+2026-01-01", "1577836800"),
    *("2026-01-01T00:00:00", "2026-01-01 ", "2026-01-01Z", "bank", "mobile_money", "cash", "cheque", "Bank", "gold"),
]
RAW = [
    *(b"1.0", b"1e3", b"-0", b"007", b"00", b"", b"18446744073709551617", b"NaN", b"Infinity", b"9" * 400, b"1E400"),
    *(b"'x'", b"// c\n1", b"\xff", b"[" * 300, b'"a\x01b"', b'"a\x7fb"', b'"\\u0041"', b"5e-324", b"1e0", b"+1"),
]
PLACES = [*VALUE, "else"]


agrees = partial(quick_reading.agrees, QUICKLY[PaymentReported], PaymentReported)
agrees_or_is_refused = partial(quick_reading.agrees_or_is_refused, QUICKLY[PaymentReported], PaymentReported)


def test_plain_payments_are_read_quickly_however_they_are_written() -> None:
    nulls = {name: None for name in ("reference", "period", "reverses")}
    for said in (VALUE, VALUE | nulls, VALUE | {"payer_id": None}, dict(reversed(VALUE.items()))):
        without_nulls = {name: one for name, one in said.items() if one is not None}
        for value in (said, without_nulls):
            assert agrees(json.dumps(value).encode())
            assert agrees(json.dumps(value, indent=2).encode())
            assert agrees(json.dumps(value, separators=(",", ":")).encode())


def test_what_is_not_plain_is_left_to_the_contract() -> None:
    for said in (VALUE | {"reference": "é"}, VALUE | {"else": 1}, VALUE | {"reference": 'a"b'}):
        value = json.dumps(said).encode()
        assert QUICKLY[PaymentReported]([value])[0] is None
        assert fitted(PaymentReported, value).payment_id == "M-1"


@pytest.mark.parametrize("place", PLACES)
def test_what_stands_in_one_place_is_read_as_the_contract_reads_it_or_not_at_all(place: str) -> None:
    for base in (VALUE, VALUE | {"payer_id": None}):
        for said in ODD:
            agrees_or_is_refused(json.dumps(base | {place: said}).encode())
            agrees_or_is_refused(json.dumps(base | {place: said}, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        for raw in RAW:
            agrees_or_is_refused(json.dumps(base | {place: "@@"}).encode().replace(b'"@@"', raw))
        agrees_or_is_refused(json.dumps({name: one for name, one in base.items() if name != place}).encode())


def test_a_name_that_stands_twice_is_read_as_the_contract_reads_it() -> None:
    said = json.dumps(VALUE)
    for again in ('"amount_xof": 2', '"payer_id": "PAYER-2"', '"payer_id": null', '"reverses": null', '"period": 5'):
        agrees_or_is_refused(f"{said[:-1]}, {again}}}".encode())
        agrees_or_is_refused(f"{{{again}, {said[1:]}".encode())


@given(st.integers(0, 2**32), st.integers(1, 4))
@example(0, 1)
def test_bytes_changed_anywhere_are_read_as_the_contract_reads_them_or_not_at_all(seed: int, count: int) -> None:
    chosen = random.Random(seed)
    value = bytearray(json.dumps(VALUE, separators=chosen.choice([(",", ":"), (", ", ": ")])).encode())
    for _ in range(count):
        at = chosen.randrange(len(value))
        value[at : at + chosen.randrange(3)] = bytes([chosen.choice(b'0123456789-.eE"{}[],: \\u\tAz\xc3\xa9')])
    agrees_or_is_refused(bytes(value))
