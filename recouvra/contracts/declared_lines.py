"""The lines of a declaration in memory: a column each, where JSON has an object a line.

A nation's month has millions of lines: an object for each would cost more than all that is done with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import FailFast, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from recouvra.contracts.event import Contract, Identifier, LineNumber, Xof


class DeclaredLine(Contract):
    """One worker's line of a declaration."""

    line_no: LineNumber = Field(description="Number of the line, unique in the whole declaration, from 1.")
    insured_number: Identifier = Field(
        description="The worker's insured number, as registration gave it. An unknown one is accepted and answered."
    )
    base_xof: Xof = Field(
        description="Contribution base (assiette) in whole francs: all pay, without expense refunds and family "
        "benefits. 0 for an employee without pay; a negative base is refused, line by line."
    )


class DeclaredLines:
    """Lines in the order in which they were sent: three lists of one length, whose elements are those of a line.

    Two are equal that say the same. Whoever has them in another form may make the lists when they are asked for.
    """

    def __init__(self, line_no: list[int], insured_number: list[str], base_xof: list[int]) -> None:
        self._lists = line_no, insured_number, base_xof

    @property
    def line_no(self) -> list[int]:
        """The number of each line."""
        return self._lists[0]

    @property
    def insured_number(self) -> list[str]:
        """Whom each line is about."""
        return self._lists[1]

    @property
    def base_xof(self) -> list[int]:
        """The base of each line, in francs."""
        return self._lists[2]

    @property
    def total_base_xof(self) -> int:
        """The sum of the bases, in francs."""
        return sum(self.base_xof)

    @classmethod
    def of(cls, lines: Sequence[DeclaredLine]) -> DeclaredLines:
        """The columns of lines that are objects."""
        return cls(
            [line.line_no for line in lines],
            [line.insured_number for line in lines],
            [line.base_xof for line in lines],
        )

    def __len__(self) -> int:
        """How many lines."""
        return len(self.line_no)

    def __eq__(self, other: object) -> bool:
        """Whether they say the same, in the same order."""
        return isinstance(other, DeclaredLines) and (
            (self.line_no, self.insured_number, self.base_xof) == (other.line_no, other.insured_number, other.base_xof)
        )

    def __repr__(self) -> str:
        """How many there are: what they say is nobody's business in a log."""
        return f"<{len(self)} lines>"

    def __iter__(self) -> Iterator[DeclaredLine]:
        """The lines as objects, for whoever has few of them."""
        for line_no, number, base_xof in zip(self.line_no, self.insured_number, self.base_xof, strict=True):
            yield DeclaredLine.model_construct(line_no=line_no, insured_number=number, base_xof=base_xof)

    def cut(self, start: int, stop: int) -> DeclaredLines:
        """The lines from one place to before another."""
        return DeclaredLines(self.line_no[start:stop], self.insured_number[start:stop], self.base_xof[start:stop])


@dataclass(frozen=True, slots=True)
class UpTo:
    """How a contract holds `DeclaredLines`: an array of at most so many `DeclaredLine`.

    A faulty line ends the reading, unless it is to go on `to_the_end` and tell all that are.
    """

    lines: int
    to_the_end: bool = False

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema of the array, whose objects become columns once they are read."""
        array = Annotated[
            tuple[DeclaredLine, ...], Field(strict=False, max_length=self.lines), FailFast(not self.to_the_end)
        ]
        return core_schema.no_info_before_validator_function(
            _objects,
            core_schema.no_info_after_validator_function(DeclaredLines.of, handler.generate_schema(array)),
            serialization=core_schema.plain_serializer_function_ser_schema(
                list, return_schema=handler.generate_schema(list[DeclaredLine])
            ),
        )


def _objects(lines: Any) -> Any:
    """Columns that are checked again, as objects; whatever else comes stays as it is."""
    return tuple(lines) if isinstance(lines, DeclaredLines) else lines
