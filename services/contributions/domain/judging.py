"""What a complete declaration comes to, given all that its payer has declared before: pure, nothing is changed."""

from typing import NamedTuple

from recouvra.contracts.event import PayerKind
from recouvra.law import declared as law
from recouvra.law.beside import Beside
from recouvra.law.declared import Named
from recouvra.law.due import due_on
from recouvra.law.finding import Finding
from recouvra.law.lines import Judged, Register, accepted_numbers, judge_lines
from recouvra.law.parameters import EDITION
from services.contributions.domain import answers
from services.contributions.domain.account import Account, Affiliation, Pair
from services.contributions.domain.declaration import Answer, Declaration, State
from services.contributions.domain.employment import PayerOf
from services.contributions.domain.judging_plainly import judge_plainly


class Verdict(NamedTuple):
    """What taking effect will mean: the answer, and for an accepted declaration what follows from it.

    Attributes:
        pair: the pair that it touches, perhaps new; None when rejected.
        replaced: the accepted declaration whose place it takes; None when it adds to what was declared.
        strangers: the numbers of accepted lines that are not the payer's now.
        doubled: the payer's other declarations in force for the period that share a number.
    """

    answer: Answer
    pair: Pair | None = None
    replaced: Declaration | None = None
    strangers: frozenset[str] = frozenset()
    doubled: frozenset[str] = frozenset()


def judge(account: Account, declaration: Declaration, payer_of: PayerOf) -> Verdict:
    """Judges a complete declaration of an affiliated payer, by what holds of the pair or else of the payer now.

    `payer_of`: for its lines. Raises LookupError for a payer without affiliation.
    Source: DEF-002, DEF-021, DEF-022, DEF-024, DEF-033.
    """
    if account.affiliation is None:
        raise LookupError(f"{account.key} is not affiliated")
    pair = account.pairs.get(declaration.period)
    kind = pair.payer_kind if pair else account.affiliation.payer_kind
    edition = pair.law_edition if pair else EDITION
    finding = own_fault(declaration, kind, edition) or _cannot_replace(account, declaration)
    if finding is not None:
        return Verdict(answers.rejected(declaration, finding))
    pair = pair or _new_pair(account.affiliation, declaration.period)
    replaced = _takes_place_of(account, declaration)
    judged = _judged(account, declaration, kind, payer_of, edition)
    strangers, doubled = frozenset(judged.strangers), frozenset(judged.doubled)
    return Verdict(_accepted(declaration, judged, pair), pair, replaced, strangers, doubled)


def _judged(account: Account, declaration: Declaration, kind: PayerKind, payer_of: PayerOf, edition: int) -> Judged:
    """What the lines come to, column by column where they are plain, and else one after the other."""
    beside = _beside(account, declaration)
    if beside is None:
        plainly = judge_plainly(declaration.columns_in_order(), kind, declaration.period, payer_of, edition)
        if plainly is not None:
            return plainly
    register = Register(account.key, payer_of, beside, declaration.replaces)
    return judge_lines(declaration.lines_in_order(), kind, declaration.period, register, edition)


def _beside(account: Account, declaration: Declaration) -> Beside | None:
    """What is in force for the same period, where anything of it stays so; read once, then kept by `came_to_effect`."""
    beside = account.beside.get(declaration.period)
    if beside is None:
        others = [one for one in account.declarations.values() if one.in_force and one.period == declaration.period]
        if all(one.declaration_id == declaration.replaces for one in others):
            return None
        beside = account.beside[declaration.period] = Beside()
        for other in sorted(others, key=lambda other: other.completed_no or 0):
            beside.add(other.declaration_id, accepted_numbers(other.lines_in_order()))
    return beside if beside.others(than=declaration.replaces) else None


def came_to_effect(account: Account, declaration: Declaration, replaced: Declaration | None) -> None:
    """Has those that are judged after an accepted declaration judged beside it, and no more beside what it replaced.

    Source: DEF-024.
    """
    beside = account.beside.get(declaration.period)
    if beside is None:
        return
    if replaced is not None:
        beside.remove(replaced.declaration_id, accepted_numbers(replaced.lines_in_order()))
    beside.add(declaration.declaration_id, accepted_numbers(declaration.lines_in_order()))


def own_fault(declaration: Declaration, payer_kind: PayerKind | None, edition: int = EDITION) -> Finding | None:
    """What makes the declaration worthless by itself; without a kind, whatever the payer will turn out to be.

    Source: DEF-021.
    """
    return law.own_fault(
        declaration.headers_as_read(), declaration.lines_in_order(), declaration.latest_at, payer_kind, edition
    )


def _cannot_replace(account: Account, declaration: Declaration) -> Finding | None:
    """What is wrong with the declaration named in `replaces`, if anything is. Source: DEF-021."""
    if declaration.replaces is None:
        return None
    named = account.declarations.get(declaration.replaces)
    known = (
        Named(named.declaration_id, named.period, named.state is State.ACCEPTED, named.replaced_by) if named else None
    )
    return law.cannot_replace(declaration.declaration_id, declaration.period, declaration.replaces, known)


def _takes_place_of(account: Account, declaration: Declaration) -> Declaration | None:
    named = account.declarations.get(declaration.replaces) if declaration.replaces else None
    return named if named is not None and named.in_force else None


def _new_pair(affiliation: Affiliation, period: str) -> Pair:
    """The pair as it is frozen at its first assessment. Source: DEF-020, DEF-033."""
    return Pair(
        period=period,
        payer_kind=affiliation.payer_kind,
        territory_code=affiliation.territory_code,
        filing_frequency=affiliation.filing_frequency,
        due_on=due_on(affiliation.payer_kind, affiliation.filing_frequency, period),
        law_edition=EDITION,
    )


def _accepted(declaration: Declaration, judged: Judged, pair: Pair) -> Answer:
    return Answer(
        outcome="accepted_with_anomalies" if judged.findings else "accepted",
        lines_received=declaration.line_count,
        lines_accepted=judged.accepted_count,
        lines_rejected=judged.refused_count,
        insured_share_xof=judged.insured_share_xof,
        payer_share_xof=judged.payer_share_xof,
        due_on=pair.due_on,
        findings=tuple(judged.findings),
    )
