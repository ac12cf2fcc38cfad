"""What one declaration in force says of one insured person, and what is due for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.contracts.event import PayerKind
from recouvra.law.base import base_used
from recouvra.law.lines import accepted_lines
from recouvra.law.parameters import rates_for
from recouvra.law.shares import shares
from services.contributions.domain.account import Pair


class Sent(NamedTuple):
    """The lines of one declaration that name a number, as (line_no, base) in the order in which they count.

    `whole` are all lines of the declaration, needed only where another line may have had one of these line numbers.
    """

    insured_number: str
    lines: Sequence[tuple[int, int]]
    whole: Sequence[DeclaredLines] | None = None


@dataclass(frozen=True, slots=True)
class CareerLine:
    """One accepted line: the base as declared and as used, and both shares, in francs. Source: DEF-001, DEF-003."""

    period: str
    payer_id: str
    payer_kind: PayerKind
    declaration_id: str
    line_no: int
    base_xof: int
    base_used_xof: int
    insured_share_xof: int
    payer_share_xof: int


def career_line(payer_id: str, declaration_id: str, pair: Pair, sent: Sent) -> CareerLine | None:
    """The line of the number that stands in an accepted declaration, or None where each was refused.

    By the kind and the edition of the rows that the pair was first assessed under; each share is rounded half-up on
    its own, as when it was assessed. Raises LookupError for a period before the scheme, of which nothing is accepted.
    Source: DEF-001, DEF-003, DEF-022, DEF-033.
    """
    standing = _standing(sent)
    if standing is None:
        return None
    line_no, base_xof = standing
    rates = rates_for(pair.payer_kind, pair.period, pair.law_edition)
    if rates is None:
        raise LookupError(f"no rate is dated for {pair.payer_kind} in {pair.period}")
    used_xof = base_used(pair.payer_kind, base_xof, pair.period, pair.law_edition)
    insured_share_xof, payer_share_xof = shares(used_xof, rates)
    return CareerLine(
        period=pair.period,
        payer_id=payer_id,
        payer_kind=pair.payer_kind,
        declaration_id=declaration_id,
        line_no=line_no,
        base_xof=base_xof,
        base_used_xof=used_xof,
        insured_share_xof=insured_share_xof,
        payer_share_xof=payer_share_xof,
    )


def _standing(sent: Sent) -> tuple[int, int] | None:
    """(line_no, base) of the one line that stands: a number stands in one accepted line of a declaration at most."""
    if sent.whole is None:
        return next(((line_no, base_xof) for line_no, base_xof in sent.lines if base_xof >= 0), None)
    accepted = accepted_lines(sent.whole)
    return next(((line_no, base_xof) for line_no, number, base_xof in accepted if number == sent.insured_number), None)
