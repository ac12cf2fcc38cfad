"""The parts of the bench in the order in which they run, with their sizes."""

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
from bench.upkeep import upkeep
from bench.workers import workers


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what runs, its sizes on an ordinary day, and those that only show that it runs."""

    run: Callable[..., Awaitable[Told]]
    sizes: Mapping[str, int]
    quick: Mapping[str, int]
    deadline_seconds: float = 3_600.0


PARTS: dict[str, Part] = {
    "line-rate": Part(line_rate, {"lines": 500_000, "repeats": 3}, {"lines": 20_000, "repeats": 1}),
    "workers": Part(workers, {"lines": 300_000, "repeats": 3}, {"lines": 20_000, "repeats": 1}),
    "payments": Part(payments, {"payers": 800, "repeats": 3}, {"payers": 100, "repeats": 1}),
    "career": Part(career, {"lines": 1_000_000, "asked": 300}, {"lines": 20_000, "asked": 100}),
    "freshness": Part(freshness, {"payers": 500, "seconds": 24}, {"payers": 50, "seconds": 5}),
    "reads": Part(reads, {"payers": 20_000, "seconds": 6}, {"payers": 200, "seconds": 3}),
    "against": Part(
        against, {"lines": 600_000, "seconds": 12, "repeats": 3}, {"lines": 24_000, "seconds": 5, "repeats": 1}
    ),
    "growth": Part(growth, {"lines": 10_000_000}, {"lines": 60_000}, deadline_seconds=8 * 3_600.0),
    "rebuild-verify-backup": Part(
        upkeep,
        {"lines": 500_000, "payers": 500, "repeats": 3},
        {"lines": 20_000, "payers": 50, "repeats": 1},
    ),
}
