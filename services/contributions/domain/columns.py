"""The lines of one part as columns of integers: how they are judged, looked up and stored. Source: DEF-022, ADR 11."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recouvra.contracts.declared_lines import DeclaredLines

Integers = NDArray[np.int64]

_DIGITS = 12
_WEIGHTS = 10 ** np.arange(_DIGITS - 1, -1, -1, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Columns:
    """Three columns of one length, in the order in which the lines were sent.

    Attributes:
        numbers: the insured numbers, where each is 12 digits as registration draws them; else None.
        bases: as declared, in francs.
    """

    line_nos: Integers
    numbers: Integers | None
    bases: Integers

    @classmethod
    def of(cls, lines: DeclaredLines) -> Columns:
        """The columns of lines as they were sent; made once for lines that are read several times."""
        made: Columns | None = lines.kept.get("columns")
        if made is None:
            line_nos, bases = np.array(lines.line_no, np.int64), np.array(lines.base_xof, np.int64)
            made = lines.kept["columns"] = cls(line_nos, as_integers(lines.insured_number), bases)
        return made

    @classmethod
    def joined(cls, parts: Sequence[Columns]) -> Columns:
        """The columns of several parts, one after the other."""
        if len(parts) == 1:
            return parts[0]
        numbers = [part.numbers for part in parts if part.numbers is not None]
        return cls(
            np.concatenate([part.line_nos for part in parts]),
            np.concatenate(numbers) if len(numbers) == len(parts) else None,
            np.concatenate([part.bases for part in parts]),
        )


def as_integers(numbers: Sequence[str]) -> Integers | None:
    """Insured numbers as integers; None where one is not 12 digits."""
    if not set(map(len, numbers)) <= {_DIGITS}:
        return None
    joined = "".join(numbers)
    if not joined.isascii():
        return None
    found = integers_of(joined)
    return found if found.size == len(numbers) else None


def integers_of(joined: str) -> Integers:
    """Those of many numbers of 12 bytes, one after the other, that are 12 digits."""
    digits = np.frombuffer(joined.encode(), np.uint8).reshape(-1, _DIGITS) - ord("0")
    if digits.max(initial=0) > 9:
        digits = digits[(digits <= 9).all(axis=1)]
    return digits @ _WEIGHTS
