"""Faults of processes, servers, machine and clock under load, one of each kind: everything is exact after each.

`python -m tests.faults` does all of them, several times, and tells how soon they were over.
"""

from __future__ import annotations

import pytest

from tests.faults.fault import all_faults
from tests.faults.trial import Trial

QUICK = (
    "relay killed",
    "zombie",
    "twins",
    "more and fewer",
    "database stopped at once",
    "connections cut",
    "clock stepped",
    "disk full",
)


@pytest.mark.parametrize("name", QUICK)
async def test_everything_is_exact_after(name: str, trial: Trial) -> None:
    if name == "disk full" and trial.stack.disk is None:
        pytest.skip("this machine lets nobody mount a file system of its own")
    await trial.suffer(all_faults()[name])
    state, facts = await trial.exact()
    assert len(facts) > len(state.placements) > 0
