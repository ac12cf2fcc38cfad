"""The parts of the bench in the order in which they run, and trials that run on demand, with their sizes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bench.beside import against
from bench.career import career
from bench.freshness import freshness
from bench.growth import growth
from bench.line_rate import line_rate
from bench.payments import payments
from bench.reads import reads
from bench.telling import Told
from bench.trials import backlog, large_payer, small_payers
from bench.upkeep import upkeep
from bench.workers import workers

_HOURS = 3_600.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what runs, its own sizes, and quick ones that only show that it runs."""

    run: Callable[..., Awaitable[Told]]
    sizes: Mapping[str, int]
    quick: Mapping[str, int]
    deadline_seconds: float = 0.5 * _HOURS

    def sized(self, given: Mapping[str, int], *, quick: bool = False) -> dict[str, int]:
        """Its sizes, those that it has and that were given by hand in their place."""
        sizes = dict(self.quick if quick else self.sizes)
        return sizes | {name: value for name, value in given.items() if name in sizes}


PARTS: dict[str, Part] = {
    "line-rate": Part(line_rate, {"lines": 3_000_000, "repeats": 3}, {"lines": 40_000, "repeats": 1}),
    "against": Part(
        against,
        {"lines": 2_000_000, "warm": 6, "seconds": 10, "repeats": 3},
        {"lines": 40_000, "warm": 0, "seconds": 5, "repeats": 1},
    ),
    "workers": Part(workers, {"lines": 2_000_000, "repeats": 3}, {"lines": 20_000, "repeats": 1}),
    "payments": Part(payments, {"payers": 4_000, "repeats": 3}, {"payers": 100, "repeats": 1}),
    "career": Part(career, {"lines": 1_000_000, "asked": 1_000}, {"lines": 20_000, "asked": 100}),
    "freshness": Part(freshness, {"payers": 900, "seconds": 30}, {"payers": 100, "seconds": 6}),
    "reads": Part(reads, {"payers": 20_000, "seconds": 6}, {"payers": 300, "seconds": 3}),
    "rebuild-verify-backup": Part(
        upkeep,
        {"lines": 200_000, "payers": 200, "repeats": 3},
        {"lines": 20_000, "payers": 50, "repeats": 1},
    ),
    "growth": Part(growth, {"lines": 30_000_000}, {"lines": 60_000}, deadline_seconds=8 * _HOURS),
}
"""What `all` runs, what counts most first."""

TRIALS: dict[str, Part] = {
    "try-large-payer": Part(
        large_payer, {"workers": 200_000, "repeats": 3}, {"workers": 5_000, "repeats": 1}, deadline_seconds=2 * _HOURS
    ),
    "try-small-payers": Part(
        small_payers, {"payers": 20_000, "months": 3}, {"payers": 200, "months": 3}, deadline_seconds=2 * _HOURS
    ),
    "try-backlog": Part(backlog, {"lines": 10_000_000}, {"lines": 300_000}, deadline_seconds=2 * _HOURS),
}
"""What runs by its name alone."""
