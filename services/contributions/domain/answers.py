"""The answer to a declaration, as its findings make it and as it travels. Source: DEF-021 to DEF-023."""

from typing import NamedTuple, TypeVar

from recouvra.contracts.codes import AnomalyCode
from recouvra.contracts.declaration_answered import Anomaly, AnsweredInFull, DeclarationAnswered
from recouvra.law.finding import Finding, worded
from services.contributions.domain.declaration import Answer, Declaration

Told = TypeVar("Told", bound=DeclarationAnswered)

TRAVELLING = 1_000
"""How many anomalies travel at most; the rest is served over HTTP."""
VALUE_BYTES = 900_000
"""How large the answer may be as it travels."""


class FullAnswer(NamedTuple):
    """An answer as it is served, with every anomaly: those are findings until they are written, they may be many.

    `told` is the answer without an anomaly in it.
    """

    told: AnsweredInFull
    findings: tuple[Finding, ...]


def rejected(declaration: Declaration, finding: Finding) -> Answer:
    """The answer to a declaration that is worthless as a whole: every line refused, nothing due. Source: DEF-021."""
    count = declaration.line_count
    return Answer("rejected", count, 0, count, 0, 0, None, (finding,))


def pending(declaration: Declaration, payer_id: str) -> Answer:
    """The answer while the payer is not affiliated: no line accepted or refused yet. Source: DEF-023."""
    finding = Finding(None, AnomalyCode.UNKNOWN_PAYER, "/payer_id", payer_id, None)
    return Answer("pending", declaration.line_count, 0, 0, 0, 0, None, (finding,))


def answered(
    payer_id: str, declaration: Declaration, answer: Answer, value_bytes: int = VALUE_BYTES
) -> DeclarationAnswered:
    """The fact of an answer: as many of its first 1,000 anomalies as keep the value within `value_bytes`."""
    travelling = tuple(worded(finding) for finding in answer.findings[:TRAVELLING])
    while True:
        event = _answered(DeclarationAnswered, payer_id, declaration, answer, travelling)
        if not travelling or (size := len(event.to_json())) <= value_bytes:
            return event
        travelling = travelling[: min(len(travelling) - 1, len(travelling) * value_bytes // size)]


def answered_in_full(payer_id: str, declaration: Declaration, answer: Answer) -> FullAnswer:
    """The answer as it is served, with every anomaly."""
    told = _answered(AnsweredInFull, payer_id, declaration, answer._replace(findings=()), ())
    return FullAnswer(told, answer.findings)


def _answered(
    kind: type[Told], payer_id: str, declaration: Declaration, answer: Answer, anomalies: tuple[Anomaly, ...]
) -> Told:
    return kind.certain(
        declaration_id=declaration.declaration_id,
        payer_id=payer_id,
        period=declaration.period,
        outcome=answer.outcome,
        lines_received=answer.lines_received,
        lines_accepted=answer.lines_accepted,
        lines_rejected=answer.lines_rejected,
        assessed_xof=answer.assessed_xof,
        due_on=answer.due_on,
        anomalies=anomalies,
        anomalies_left=len(answer.findings) - len(anomalies),
    )
