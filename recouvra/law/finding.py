"""What is wrong with a declaration or one of its lines, and how it is put into sentences."""

from typing import NamedTuple

from recouvra.contracts.codes import AnomalyCode, anomaly_message
from recouvra.contracts.declaration_answered import Anomaly


class Finding(NamedTuple):
    """One anomaly: `field` is a JSON Pointer into the declaration, `line_no` None for the whole of it."""

    line_no: int | None
    code: AnomalyCode
    field: str
    received: int | str | None
    expected: int | str | None


def worded(finding: Finding) -> Anomaly:
    """A finding with the sentences that tell its publisher what to do. Source: DEF-021, DEF-022."""
    return Anomaly(
        line_no=finding.line_no,
        code=finding.code,
        field=finding.field,
        received=finding.received,
        expected=finding.expected,
        message=anomaly_message(finding.code, finding.received, finding.expected),
    )
