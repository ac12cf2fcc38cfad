"""Whose each insured number is, as a service that reads `person-registered` may know it while it reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from tests.recount.facts import Fact

UNKNOWN, ELSEWHERE = "unknown-insured", "not-employed-here"


class People:
    """The payers that each number ever had.

    `known_first` are the facts that the service had read before anything else, None for all of them: only what came
    later is for the order to decide.
    """

    def __init__(self, facts: Sequence[Fact], known_first: Sequence[Fact] | None, closing: str | None = None) -> None:
        told, first = payers_by_number(facts), payers_by_number(facts if known_first is None else known_first)
        self._last, self._closing = {number: payers[-1:] for number, payers in told.items()}, closing
        self._early = {number: payers[-1] for number, payers in first.items()}
        self._late = {number: payers[len(first.get(number, ())) :] for number, payers in told.items()}

    def payers(self, number: str, month: str) -> list[str | None]:
        """Return whom a number may have been found to belong to, the last one last; empty for an unknown number."""
        if month == self._closing:
            return self._last.get(number, [])
        early = [self._early[number]] if number in self._early else []
        return [*early, *self._late.get(number, ())]

    def codes(self, number: str, payer_id: str, month: str) -> frozenset[str | None]:
        """Return the codes, None for no code, of which a line of this number in a payer's declaration carries one."""
        found = {None if whose == payer_id else ELSEWHERE for whose in self.payers(number, month)}
        if month == self._closing:
            return frozenset(found or {UNKNOWN})
        return frozenset(found if number in self._early else {*found, UNKNOWN})


def payers_by_number(facts: Sequence[Fact]) -> dict[str, list[str | None]]:
    """Return the payers of each number in the order in which they were told."""
    found: dict[str, list[str | None]] = defaultdict(list)
    for fact in facts:
        if fact.topic == "person-registered":
            found[fact.body["insured_number"]].append(fact.body["payer_id"])
    return found
