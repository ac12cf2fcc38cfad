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
        """The columns of lines as they were sent."""
        if isinstance(lines, PlainLines):
            return lines.columns
        line_nos, bases = np.array(lines.line_no, np.int64), np.array(lines.base_xof, np.int64)
        return cls(line_nos, as_integers(lines.insured_number), bases)

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


class PlainLines(DeclaredLines):
    """Lines that are columns, with a number of 12 digits in each: lists are made of them for whoever asks."""

    def __init__(self, line_nos: Integers, numbers: Integers, bases: Integers) -> None:
        self.columns = Columns(line_nos, numbers, bases)
        self._numbers = numbers

    @property
    def line_no(self) -> list[int]:
        """The number of each line."""
        return list(map(int, self.columns.line_nos))

    @property
    def insured_number(self) -> list[str]:
        """Whom each line is about."""
        return [as_text(number) for number in self._numbers.tolist()]

    @property
    def base_xof(self) -> list[int]:
        """The base of each line, in francs."""
        return list(map(int, self.columns.bases))

    @property
    def total_base_xof(self) -> int:
        """The sum of the bases, in francs."""
        return int(self.columns.bases.sum())

    def __len__(self) -> int:
        """How many lines."""
        return self.columns.bases.size


def as_text(number: int) -> str:
    """The insured number that an integer stands for."""
    return f"{number:012d}"


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
