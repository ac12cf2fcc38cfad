"""What a fault is, and which there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from tests.faults.recovery import GOAL_SECONDS, SERVER_GOAL_SECONDS

if TYPE_CHECKING:
    from tests.faults.trial import Trial

MODULES = ("of_processes", "of_servers", "of_clock", "of_points", "of_records", "of_offsets", "of_endings")


@dataclass(frozen=True)
class Fault:
    """One thing that can go wrong.

    Attributes:
        name: as `--only` takes it.
        strike: does it to a trial's stack, and returns at its end: what follows is recovery.
        server: whether broker or database is the victim.
        times: how often `python -m tests.faults` does it to a stack.
    """

    name: str
    strike: Callable[[Trial], Awaitable[None]]
    server: bool = False
    times: int = 3

    @property
    def goal_seconds(self) -> int:
        """Within how long something new is to be seen again."""
        return SERVER_GOAL_SECONDS if self.server else GOAL_SECONDS


FAULTS: dict[str, Fault] = {}
"""All that were registered, by name, in the order of their modules."""


def fault(name: str, *, server: bool = False, times: int = 3) -> Callable[[Callable[[Trial], Awaitable[None]]], Fault]:
    """Registers a fault under a name."""

    def register(strike: Callable[[Trial], Awaitable[None]]) -> Fault:
        assert name not in FAULTS, name
        FAULTS[name] = Fault(name, strike, server, times)
        return FAULTS[name]

    return register


def all_faults() -> dict[str, Fault]:
    """Every fault of every module."""
    for module in MODULES:
        import_module(f"tests.faults.{module}")
    return FAULTS
