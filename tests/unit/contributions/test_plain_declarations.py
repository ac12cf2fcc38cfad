"""What the quick reader takes is what the contract takes, to the same event and content; the rest it leaves alone."""

import json
import random
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import fitted
from services.contributions.doors.plain_declarations import read_plainly
from tests.unit import quick_reading

VALUE: dict[str, Any] = {
    "declaration_id": "D-2026-01",
    "payer_id": "PAYER-1",
    "period": "2026-01",
    "part": 1,
    "parts": 1,
    "replaces": None,
    "totals": {"lines": 2, "base_xof": 90_000},
    "lines": [
        {"line_no": 1, "insured_number": "123456789048", "base_xof": 50_000},
        {"line_no": 2, "insured_number": "100000000001", "base_xof": 40_000},
    ],
}
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1.0, 1.5, 10**3, 10**12, 10**12 + 1, -(10**12), 10**15 + 1, 2**31 - 1, 2**31, 2**63),
    *("", "1", "A", "é", "٠١٢٣٤٥٦٧٨٩٠١", "0123456789 1", "12345678901", "1234567890123", "A" * 64, "A" * 65, "a\nb"),
    *(
        "2026-12",
        "2026-13",
        "0000-01",
        "-",
        " D",
        "\x00",
        "\ud800",
        [],
        [[]],
        {},
        {"lines": 1},
        [5],
        [1, 100000000001, 5],
    ),
]
RAW = [
    b"1.0",
    b"1e3",
    b"-0",
    b"007",
    b"00",
    b"",
    b"18446744073709551617",
    b"NaN",
    b"Infinity",
    b"9" * 400,
    b"1E400",
    b"'x'",
    b"// c\n1",
    b"\xff",
    b"[" * 300,
]
PLACES: list[tuple[Any, ...]] = [(name,) for name in VALUE] + [
    ("totals", "lines"),
    ("totals", "base_xof"),
    ("totals", "else"),
    ("else",),
]
PLACES += [("lines", at, name) for at in (0, 1) for name in ("line_no", "insured_number", "base_xof", "else")]


agrees = partial(quick_reading.agrees, read_plainly, PayrollDeclared)
agrees_or_is_refused = partial(quick_reading.agrees_or_is_refused, read_plainly, PayrollDeclared)


def put(place: tuple[Any, ...], said: Any) -> dict[str, Any]:
    """The value with something else in one place."""
    changed: dict[str, Any] = json.loads(json.dumps(VALUE))
    at: Any = changed
    for name in place[:-1]:
        at = at[name]
    at[place[-1]] = said
    return changed


def test_a_plain_declaration_is_read_quickly_however_it_is_written() -> None:
    for value in (VALUE, {name: VALUE[name] for name in reversed(VALUE) if name != "replaces"}, {**VALUE, "lines": []}):
        assert agrees(json.dumps(value).encode())
        assert agrees(json.dumps(value, indent=2).encode())
    assert agrees(json.dumps({**VALUE, "replaces": "D-2025-12"}).encode())


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_what_stands_in_one_place_is_read_as_the_contract_reads_it_or_not_at_all(place: tuple[Any, ...]) -> None:
    taken = [agrees(json.dumps(put(place, said)).encode()) for said in ODD]
    taken += [agrees(json.dumps(put(place, said), separators=(",", ":")).encode()) for said in ODD]
    taken += [agrees(json.dumps(put(place, "@@")).encode().replace(b'"@@"', raw)) for raw in RAW]
    taken += [agrees(json.dumps(put(place, "@@"), separators=(",", ":")).encode().replace(b'"@@"', raw)) for raw in RAW]
    without = put(place, None)
    at: Any = without
    for name in place[:-1]:
        at = at[name]
    del at[place[-1]]
    taken.append(agrees(json.dumps(without).encode()))
    assert not all(taken)


def test_another_byte_anywhere_in_a_compact_value_is_read_as_the_contract_reads_it_or_not_at_all() -> None:
    value = json.dumps(VALUE, separators=(",", ":")).encode()
    for at in range(len(value)):
        for put_there in (b"7", b"0", b",", b",0", b"0,"):
            agrees_or_is_refused(value[:at] + put_there + value[at:])
        for put_instead in (b"x", b"7", b" "):
            agrees_or_is_refused(value[:at] + put_instead + value[at + 1 :])
        for length in (1, 2, 12):
            agrees_or_is_refused(value[:at] + value[at + length :])
            agrees_or_is_refused(value[:at] + b"0" * length + value[at + length :])
    changes = {
        b'"base_xof":': b'"base_xof1":',
        b'"insured_number":': b'"insured_1number":',
        b'"line_no":1,': b'"line_no":1,"line_no":1,',
        b'"line_no":2,': b'"line_no":2,"line_no":2,',
        b'"base_xof":40000': b'"base_xof":40000,"base_xof":40000',
    }
    for name, changed in changes.items():
        assert name in value
        agrees_or_is_refused(value.replace(name, changed, 1))
        agrees_or_is_refused(value.replace(name, changed))


def test_a_base_of_zero_is_read_quickly_wherever_it_stands() -> None:
    for bases in ((0, 0), (0, 5), (5, 0), (10, 20)):
        lines = [{**line, "base_xof": base} for line, base in zip(VALUE["lines"], bases, strict=True)]
        assert agrees(json.dumps({**VALUE, "lines": lines}, separators=(",", ":")).encode())


def test_a_name_that_stands_twice_is_read_as_the_contract_reads_it() -> None:
    said = json.dumps(VALUE)
    for again in ('"part": 2, "parts": 2', '"lines": []', '"payer_id": "PAYER-2"', '"replaces": "D0"', '"totals": 5'):
        agrees(f"{said[:-1]}, {again}}}".encode())
        agrees(f"{{{again}, {said[1:]}".encode())


def test_lines_that_stand_elsewhere_too_are_read_as_the_contract_reads_them_or_not_at_all() -> None:
    value = compact()
    at = value.index(b',"lines":[')
    lines = value[at:-1]
    for head in (value[:at], value[: value.index(b',"part"')], value[: value.index(b',"totals"')]):
        for between in (
            b"",
            lines,
            b',"lines":[]',
            b',"lines":[',
            b',"totals":{"lines":2',
            b',"totals":{"lines":[]}',
            b'"',
        ):
            for tail in (b"}", b"}}", b"]}", b"", b',"part":2}', b',"totals":[]}', b',"else":[]}', b'}{"lines":[]}'):
                agrees_or_is_refused(head + between + lines + tail)
                agrees_or_is_refused(head + lines + between + tail)
    # A text that holds what lines begin with ends there, and a byte that is no text is one wherever it stands.
    for period in (b'2026-01,"lines":[', b"2026-01\xc3\xa9", b"2026-01\xff", b"2026-0\\u0031"):
        agrees_or_is_refused(value.replace(b"2026-01", period))
        agrees_or_is_refused(value.replace(b"D-2026-01", period))


def test_a_thousand_lines_are_read_quickly_and_one_more_is_left_to_the_contract() -> None:
    lines = [{"line_no": n, "insured_number": f"1{n:011d}", "base_xof": n} for n in range(1, 1002)]
    assert agrees(json.dumps({**VALUE, "lines": lines[:1000]}).encode())
    assert not agrees(json.dumps({**VALUE, "lines": lines}).encode())
    with pytest.raises(ValidationError):
        fitted(PayrollDeclared, json.dumps({**VALUE, "lines": lines}).encode())


def compact(**changed: Any) -> bytes:
    """A plain value without blanks, with something else in it."""
    return json.dumps({**VALUE, **changed}, separators=(",", ":")).encode()


def lines_from(first: int, count: int) -> list[dict[str, Any]]:
    return [
        {"line_no": first + n, "insured_number": f"{10**11 + n}", "base_xof": 7 * n * first}
        for n in range(1, count + 1)
    ]


def test_values_read_together_are_read_as_each_alone() -> None:
    several = [
        compact(lines=lines_from(0, 1)),
        compact(lines=[]),
        compact(lines=lines_from(9, 700)),
        compact(lines=lines_from(3, 2), declaration_id="D2", replaces="D1"),
        json.dumps({**VALUE, "lines": lines_from(4, 3)}).encode(),
        *(compact(lines=lines_from(number, 900)) for number in range(5)),  # more than is read at once
        b"{",
        b"",
        compact(lines=lines_from(0, 1001)),
        compact(lines=[{"line_no": 1, "insured_number": "12", "base_xof": 5}]),
        compact(lines=lines_from(1, 4)),
    ]
    alone = [read_plainly([value])[0] for value in several]
    assert [one is None for one in alone] == [False] * 10 + [True] * 4 + [False]
    assert read_plainly(several) == alone
    assert read_plainly(several[:10]) == alone[:10]
    assert read_plainly([]) == []


def test_a_value_does_not_lend_its_lines_to_the_next() -> None:
    whole = compact(lines=lines_from(1, 2))
    at = whole.index(b',{"line_no":3')
    first, second = whole[:at] + b"]}", whole[: whole.index(b"[")] + b"[" + whole[at + 1 :]
    assert [len(read[0].lines) for read in read_plainly([first, second]) if read is not None] == [1, 1]  # type: ignore[attr-defined]
    for cut in range(whole.index(b"["), len(whole)):
        first, second = whole[:cut] + b"]}", whole[: whole.index(b"[")] + b"[" + whole[cut:]
        assert read_plainly([first, second]) == [*read_plainly([first]), *read_plainly([second])]


@given(st.integers(0, 2**32), st.integers(1, 4))
@example(0, 1)
def test_bytes_changed_anywhere_are_read_as_the_contract_reads_them_or_not_at_all(seed: int, count: int) -> None:
    chosen = random.Random(seed)
    value = bytearray(json.dumps(VALUE, separators=chosen.choice([(",", ":"), (", ", ": ")])).encode())
    for _ in range(count):
        at = chosen.randrange(len(value))
        value[at : at + chosen.randrange(3)] = bytes([chosen.choice(b'0123456789-.eE"{}[],: \\u\tAz\xc3\xa9')])
    agrees_or_is_refused(bytes(value))
    around = [compact(lines=lines_from(2, 3)), bytes(value), compact(lines=lines_from(5, 1))]
    assert read_plainly(around) == [read_plainly([one])[0] for one in around]
