"""Read a plain `payroll-declared` value straight into columns, many times as fast as its contract does.

The contract (pydantic) stays what says what a declaration is: whatever is not plain is read by it, and a test holds
that what is taken here is what the contract takes, to the same event and the same content. Plain is ASCII without an
escape, without a field that the contract does not know, with insured numbers of 12 digits as registration draws them,
which begin with no 0, and without a base below 0: what payroll sends.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Annotated

import msgspec
import numpy as np

from recouvra.contracts.event import IDENTIFIER_PATTERN, PERIOD_PATTERN, Event
from recouvra.contracts.payroll_declared import PayrollDeclared, Totals
from services.contributions.domain.columns import Integers, PlainLines

_IDENTIFIER = re.compile(IDENTIFIER_PATTERN)
_PERIOD = re.compile(PERIOD_PATTERN)
_PREFIX = blake2b(PayrollDeclared.event_type().encode() + b"\n", digest_size=16)
_MOST_LINES = 1000

_Total = Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15)]
_PartNumber = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A line, in the contract's order of fields."""

    line_no: int
    insured_number: str
    base_xof: int


class _Totals(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    lines: _Total
    base_xof: _Total


class _Declared(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The fields in the contract's order, which is that of the content's hash; a null is left out of it."""

    declaration_id: str
    payer_id: str
    period: str
    part: _PartNumber
    parts: _PartNumber
    replaces: str | None = None
    totals: _Totals
    lines: msgspec.Raw


_decode = msgspec.json.Decoder(_Declared).decode
_decode_lines = msgspec.json.Decoder(list[_Line]).decode
_decode_integers = msgspec.json.Decoder(list[int]).decode
_encode = msgspec.json.Encoder().encode

_DIGITS = b"0123456789"
_NO_LINES = msgspec.Raw(b"")
_WITHOUT_DIGITS = b'{"line_no":,"insured_number":"","base_xof":}'
_NAMES = (b'{"line_no":', b',"insured_number":"', b'","base_xof":')
_ALL_WITHOUT_DIGITS = b"[" + b",".join([_WITHOUT_DIGITS] * _MOST_LINES)
_BETWEEN_INTEGERS = bytes(set(_WITHOUT_DIGITS) - set(b",")) + b"[]"


def read_plainly(value: bytes) -> tuple[Event, bytes] | None:
    """The event and its content (DEF-027); None where only the contract can tell."""
    if b"\\" in value or not value.isascii():
        return None
    try:
        said = _decode(value)
        written = bytes(said.lines)
        lines = _in_columns(written)
        if lines is None:  # written with blanks, or with its fields in another order
            written = _encode(_decode_lines(written))
            lines = _in_columns(written)
    except (msgspec.MsgspecError, RecursionError):
        return None
    if lines is None or said.part > said.parts or not _PERIOD.fullmatch(said.period):
        return None
    names = [said.declaration_id, said.payer_id] + ([] if said.replaces is None else [said.replaces])
    if not all(map(_IDENTIFIER.fullmatch, names)):
        return None
    said.lines = _NO_LINES
    hashed = _PREFIX.copy()
    hashed.update(_encode(said)[:-1])  # up to the lines, which are the last of the fields and need no copy
    hashed.update(written)
    hashed.update(b"}")
    event = PayrollDeclared.model_construct(
        declaration_id=said.declaration_id,
        payer_id=said.payer_id,
        period=said.period,
        part=said.part,
        parts=said.parts,
        replaces=said.replaces,
        totals=Totals.model_construct(lines=said.totals.lines, base_xof=said.totals.base_xof),
        lines=lines,
    )
    return event, hashed.digest()


def _in_columns(said: bytes) -> PlainLines | None:
    """The lines of an array that is written as the content's hash has it, byte for byte; None for any other.

    What is left without its digits shows that nothing but digits can differ from that, and that each name stands there
    as often as there are lines, that no digit is in a name. Then the integers alone are left, parted by commas, and are
    read at once.
    """
    frame = said.translate(None, _DIGITS)
    count = len(frame) // (len(_WITHOUT_DIGITS) + 1)
    if count > _MOST_LINES or frame != (_ALL_WITHOUT_DIGITS[: len(frame) - 1] if count else b"[") + b"]":
        return None
    if not all(said.count(name) == count for name in _NAMES):
        return None
    integers = _integers(said.translate(None, _BETWEEN_INTEGERS), 3 * count)
    if integers is None:
        return None
    columns = np.ascontiguousarray(integers.reshape(count, 3).T)
    if count:
        least, most = columns.min(axis=1).tolist(), columns.max(axis=1).tolist()
        if least[0] < 1 or least[1] < 10**11 or most[0] >= 2**31 or most[1] >= 10**12 or most[2] > 10**12:
            return None
    return PlainLines(*columns)


def _integers(flat: bytes, count: int) -> Integers | None:
    """So many integers, of nothing but digits with commas between them; None where JSON has no such number.

    numpy reads them many times as fast as a JSON parser, but takes 007 for 7, and what is beyond an int64 for the last
    of them, which no column may hold. So whatever may have a zero in front is read as JSON.
    """
    if b",," in flat:
        return None
    if flat.startswith(b"0") or b",0" in flat:
        try:
            integers = np.array(_decode_integers(b"[" + flat + b"]"), np.int64)
        except (msgspec.MsgspecError, OverflowError):
            return None
    else:
        integers = np.fromstring(flat, np.int64, sep=",")
    return integers if integers.size == count else None
