"""What is wrong with a declaration or one of its lines, before it is put into sentences."""

from typing import NamedTuple

from recouvra.contracts.codes import AnomalyCode


class Finding(NamedTuple):
    """One anomaly: `field` is a JSON Pointer into the declaration, `line_no` None for the whole of it."""

    line_no: int | None
    code: AnomalyCode
    field: str
    received: int | str | None
    expected: int | str | None
