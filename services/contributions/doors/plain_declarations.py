"""Read a plain `payroll-declared` value straight into columns, several times as fast as its contract does.

The contract (pydantic) stays what says what a declaration is: whatever is not plain is read by it, and a test holds
that what is taken here is what the contract takes, to the same event and the same content. Plain is ASCII without an
escape, without a field that the contract does not know, with insured numbers of 12 digits: what payroll sends.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Annotated

import msgspec

from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.contracts.event import IDENTIFIER_PATTERN, PERIOD_PATTERN, Event
from recouvra.contracts.payroll_declared import PayrollDeclared, Totals
from services.contributions.domain.columns import Columns

_IDENTIFIER = re.compile(IDENTIFIER_PATTERN)
_PERIOD = re.compile(PERIOD_PATTERN)
_PREFIX = blake2b(PayrollDeclared.event_type().encode() + b"\n", digest_size=16)

_Total = Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15)]
_PartNumber = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    line_no: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    insured_number: str
    base_xof: Annotated[int, msgspec.Meta(ge=-(10**12), le=10**12)]


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
    lines: Annotated[list[_Line], msgspec.Meta(max_length=1000)]


_decode = msgspec.json.Decoder(_Declared).decode
_encode = msgspec.json.Encoder().encode


def read_plainly(value: bytes) -> tuple[Event, bytes] | None:
    """The event and its content (DEF-027); None where only the contract can tell."""
    if b"\\" in value or not value.isascii():
        return None
    try:
        said = _decode(value)
    except (msgspec.MsgspecError, RecursionError):
        return None
    lines = DeclaredLines(
        [line.line_no for line in said.lines],
        [line.insured_number for line in said.lines],
        [line.base_xof for line in said.lines],
    )
    if said.part > said.parts or not _PERIOD.fullmatch(said.period) or Columns.of(lines).numbers is None:
        return None
    names = [said.declaration_id, said.payer_id] + ([] if said.replaces is None else [said.replaces])
    if not all(map(_IDENTIFIER.fullmatch, names)):
        return None
    hashed = _PREFIX.copy()
    hashed.update(_encode(said))
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
