"""A declaration as it was sent, and what makes it worthless as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from recouvra.contracts.codes import AnomalyCode
from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.law.finding import Finding
from recouvra.law.parameters import EDITION, first_period
from recouvra.law.period import month_of


class Header(NamedTuple):
    """What one part says of the whole declaration."""

    payer_id: str
    period: str
    parts: int
    replaces: str | None
    total_lines: int
    total_base_xof: int

    @classmethod
    def said_in(cls, event: PayrollDeclared) -> "Header":
        """What the part that an event carries says. Source: DEF-021."""
        totals = event.totals
        return cls(event.payer_id, event.period, event.parts, event.replaces, totals.lines, totals.base_xof)


@dataclass(frozen=True, slots=True)
class Named:
    """The earlier declaration that one names in `replaces`. Source: DEF-021.

    Attributes:
        accepted: whether it took effect, whatever replaced it since.
        replaced_by: the declaration that took its place, or that closed it while it was incomplete.
    """

    declaration_id: str
    period: str
    accepted: bool
    replaced_by: str | None


_SAME_IN_ALL_PARTS = (
    ("/payer_id", "payer_id"),
    ("/period", "period"),
    ("/parts", "parts"),
    ("/replaces", "replaces"),
    ("/totals/lines", "total_lines"),
    ("/totals/base_xof", "total_base_xof"),
)


def own_fault(
    headers: Sequence[Header],
    lines: Sequence[DeclaredLines],
    latest_at: datetime,
    payer_kind: str | None,
    edition: int = EDITION,
) -> Finding | None:
    """What makes a complete declaration worthless by itself; without a kind, whatever the payer will turn out to be.

    `headers` in the order in which the parts were read, `lines` in that of their numbers, `latest_at` the latest
    `ce_time` among them. Source: DEF-021.
    """
    period = headers[0].period
    return disagreement(headers, lines) or before_scheme(payer_kind, period, edition) or in_future(period, latest_at)


def cannot_replace(declaration_id: str, period: str, replaces: str, named: Named | None) -> Finding | None:
    """What is wrong with the declaration that `replaces` names, if anything is; None for one that was never sent.

    One that is neither accepted nor closed by this very declaration was rejected, or completed after this one: it was
    unknown when this one was completed, whenever the payer was affiliated. Source: DEF-021.
    """
    if named is None or named.declaration_id == declaration_id or named.period != period:
        return Finding(None, AnomalyCode.REPLACES_UNKNOWN, "/replaces", replaces, None)
    if named.replaced_by is not None:
        if named.replaced_by == declaration_id:
            return None
        return Finding(None, AnomalyCode.ALREADY_REPLACED, "/replaces", replaces, named.replaced_by)
    return None if named.accepted else Finding(None, AnomalyCode.REPLACES_UNKNOWN, "/replaces", replaces, None)


def closed_by(declaration_id: str, replacing_id: str) -> Finding:
    """Why an incomplete declaration is rejected: a complete one named it as replaced. Source: DEF-021."""
    return Finding(None, AnomalyCode.ALREADY_REPLACED, "/declaration_id", declaration_id, replacing_id)


def disagreement(headers: Sequence[Header], lines: Sequence[DeclaredLines]) -> Finding | None:
    """The first field in which the parts disagree among themselves, or with what their lines sum to.

    `headers` in the order in which the parts were read, at least one: the first says what is expected, the first that
    differs what was received. Every line counts in the totals, refused ones too. Source: DEF-021.
    """
    first = headers[0]
    total_lines, total_base_xof = sum(map(len, lines)), sum(part.total_base_xof for part in lines)
    agree = first.total_lines == total_lines and first.total_base_xof == total_base_xof
    if agree and all(header == first for header in headers[1:]):
        return None
    sums = {"total_lines": total_lines, "total_base_xof": total_base_xof}
    for pointer, name in _SAME_IN_ALL_PARTS:
        said = [getattr(header, name) for header in headers]
        for value in said:
            if value != said[0]:
                return Finding(None, AnomalyCode.TOTALS_DISAGREE, pointer, value, said[0])
        if name in sums and said[0] != sums[name]:
            return Finding(None, AnomalyCode.TOTALS_DISAGREE, pointer, said[0], sums[name])
    return None


def before_scheme(payer_kind: str | None, period: str, edition: int = EDITION) -> Finding | None:
    """A period that no dated rate of this kind of payer covers; without a kind, of any. Source: DEF-021, LAW-010."""
    first = first_period(payer_kind, edition)
    return Finding(None, AnomalyCode.PERIOD_BEFORE_SCHEME, "/period", period, first) if period < first else None


def in_future(period: str, latest_at: datetime) -> Finding | None:
    """A period later than the month, UTC, of the declaration's latest `ce_time`. Source: DEF-021."""
    latest = month_of(latest_at)
    return Finding(None, AnomalyCode.PERIOD_IN_FUTURE, "/period", period, latest) if period > latest else None
