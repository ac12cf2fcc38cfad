"""Read plain `payroll-declared` values straight into columns, many times as fast as their contract does.

The contract (pydantic) stays what says what a declaration is: whatever is not plain is read by it, and a test holds
that what is taken here is what the contract takes, to the same event and the same content. Plain is ASCII without an
escape, without a field that the contract does not know, with insured numbers of 12 digits as registration draws them,
which begin with no 0, and without a base below 0: what payroll sends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Annotated, NamedTuple

import msgspec

from recouvra.contracts.event import IDENTIFIER_PATTERN, PERIOD_PATTERN, Event
from recouvra.contracts.payroll_declared import PayrollDeclared, Totals
from recouvra.contracts.reading import Plainly
from services.contributions.domain.columns import PlainLines
from services.contributions.doors.plain_lines import Array, columns_of

_IDENTIFIER = re.compile(IDENTIFIER_PATTERN)
_PERIOD = re.compile(PERIOD_PATTERN)
_PREFIX = blake2b(PayrollDeclared.event_type().encode() + b"\n", digest_size=16)

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
_encode = msgspec.json.Encoder().encode

_NO_LINES = msgspec.Raw(b"")
_NOTHING = b"[]"
_LINES_BEGIN, _LINES_END = b',"lines":[', b"]}"
_BEGUN_WELL = re.compile(rb'\[(\{"line_no":\d+,"insured_number":"\d+","base_xof":\d+\}[,\]]|\])').match


class _Said(NamedTuple):
    """What a value says: all but the lines, and those as JSON that is as compact as the content's hash has it."""

    declared: _Declared
    lines: Array


def read_plainly(values: Sequence[bytes]) -> list[Plainly]:
    """Of each value the event and its content (DEF-027); None where only the contract can tell."""
    said = [_said(value) for value in values]
    lines = columns_of([_NOTHING if one is None else one.lines for one in said])
    return [
        None if one is None or columns is None else (_event(one.declared, columns), _content(one))
        for one, columns in zip(said, lines, strict=True)
    ]


def _said(value: bytes) -> _Said | None:
    at = value.find(_LINES_BEGIN)
    lines: Array = memoryview(value)[at + len(_LINES_BEGIN) - 1 : -1]
    # Lines that stand at the end, without blanks and with their fields in order, need not be looked at here: they are
    # read as they should be byte for byte, or not at all. Then the rest says the same with them and without.
    are_last = at >= 0 and value.endswith(_LINES_END) and _BEGUN_WELL(lines)
    looked_at = value[:at] + _LINES_BEGIN + _LINES_END if are_last else value
    if b"\\" in looked_at or not looked_at.isascii():
        return None
    try:
        said = _decode(looked_at)
        if not are_last:
            lines = _encode(_decode_lines(said.lines))
    except (msgspec.MsgspecError, RecursionError):
        return None
    if said.part > said.parts or not _PERIOD.fullmatch(said.period):
        return None
    names = [said.declaration_id, said.payer_id] + ([] if said.replaces is None else [said.replaces])
    return _Said(said, lines) if all(map(_IDENTIFIER.fullmatch, names)) else None


def _event(said: _Declared, lines: PlainLines) -> Event:
    return PayrollDeclared.certain(
        declaration_id=said.declaration_id,
        payer_id=said.payer_id,
        period=said.period,
        part=said.part,
        parts=said.parts,
        replaces=said.replaces,
        totals=Totals.model_construct(lines=said.totals.lines, base_xof=said.totals.base_xof),
        lines=lines,
    )


def _content(said: _Said) -> bytes:
    said.declared.lines = _NO_LINES
    hashed = _PREFIX.copy()
    hashed.update(_encode(said.declared)[:-1])  # up to the lines, which are the last of the fields and need no copy
    hashed.update(said.lines)
    hashed.update(b"}")
    return hashed.digest()
