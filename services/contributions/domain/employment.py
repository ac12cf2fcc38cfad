"""Who employs whom, as far as a batch needs to know: the payers' rosters, and what was told beside. Source: DEF-022."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from recouvra.contracts.declared_lines import DeclaredLines
from services.contributions.domain.columns import Columns, Integers, as_text

NOBODY: Integers = np.empty(0, np.int64)


@dataclass(slots=True)
class Employment:
    """Rosters answer for nearly every line at once; the few that they do not hold are told one by one.

    Attributes:
        told: insured number → payer_id now, None for nobody's. What stands here holds, whatever a roster says.
        told_at: insured number → `ce_time` of the fact that holds, of the persons in the batch.
        rosters: payer_id → the numbers that belonged to it when the batch was opened, ascending. A payer without one
            is taken for one without workers: theirs must be told.
        wholly: the payers whose rosters hold every number that they declare, by the lines that `beyond_rosters` saw.
    """

    told: dict[str, str | None] = field(default_factory=dict)
    told_at: dict[str, datetime] = field(default_factory=dict)
    rosters: dict[str, Integers] = field(default_factory=dict)
    wholly: set[str] = field(default_factory=set)

    def beyond_rosters(self, lines: Sequence[tuple[str, DeclaredLines]]) -> set[str]:
        """The numbers of lines, each with the payer that declares them, of which the payer's roster says nothing.

        To be asked once, of all lines that may be judged: of whoever has none of these, none is looked up again.
        """
        beyond: set[str] = set()
        self.wholly = {payer_id for payer_id, _ in lines}
        for payer_id, declared in lines:
            roster = self.rosters.get(payer_id, NOBODY)
            numbers = Columns.of(declared).numbers if roster.size else None
            if numbers is None:
                lacking = declared.insured_number
            else:
                lacking = list(map(as_text, numbers[absent(numbers, roster)].tolist()))
            if lacking:
                beyond.update(lacking)
                self.wholly.discard(payer_id)
        return beyond

    def by(self, payer_id: str) -> PayerOf:
        """Whom a number belongs to, for the lines of one payer."""
        return PayerOf(payer_id, self.told, self.rosters.get(payer_id, NOBODY), payer_id in self.wholly)


@dataclass(frozen=True, slots=True)
class PayerOf(Mapping[str, str | None]):
    """Insured number → the payer it belongs to now, None for nobody's; a number that is absent is unknown.

    It answers for what one payer declares; whom the payer's own roster does not hold, and nobody told, is unknown.
    `holds_all`: the roster is known to hold whatever number is asked of.
    """

    payer_id: str
    told: Mapping[str, str | None]
    roster: Integers
    holds_all: bool = False

    def __getitem__(self, number: str) -> str | None:
        """Raises KeyError for a number that is unknown."""
        if number in self.told:
            return self.told[number]
        if len(number) == 12 and number.isdecimal():
            at = self.roster.searchsorted(sought := int(number))
            if at < self.roster.size and self.roster[at] == sought:
                return self.payer_id
        raise KeyError(number)

    def __iter__(self) -> Iterator[str]:
        """The numbers that are known."""
        yield from self.told
        yield from (number for number in map(as_text, self.roster) if number not in self.told)

    def __len__(self) -> int:
        """How many numbers are known."""
        return sum(1 for _ in self)

    def uncertain(self, numbers: Integers) -> NDArray[np.bool_]:
        """Of which of these numbers the roster alone does not say that they belong to the payer."""
        found = np.zeros(numbers.shape, np.bool_) if self.holds_all else absent(numbers, self.roster)
        told = [int(number) for number in self.told if len(number) == 12 and number.isdecimal()]
        return found | np.isin(numbers, told) if told else found


def absent(numbers: Integers, roster: Integers) -> NDArray[np.bool_]:
    """Which of these numbers a roster, ascending, does not hold."""
    if not roster.size:
        return np.ones(numbers.shape, np.bool_)
    found: NDArray[np.bool_] = roster.take(roster.searchsorted(numbers), mode="clip") != numbers
    return found
