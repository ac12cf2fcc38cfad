"""Faults of processes, servers, disk and clock under load, one of each kind: everything is exact after each few.

`python -m tests.faults` does all of them, several times, and tells how soon they were over.
"""

from __future__ import annotations

import pytest

from tests.faults.fault import all_faults
from tests.faults.trial import Trial

PROCESSES = ("relay killed", "zombie", "twins", "more and fewer")
SESSIONS = ("backend killed", "database stopped at once", "connections cut", "crowded")


@pytest.mark.parametrize("names", [PROCESSES, SESSIONS, ("clock stepped",), ("disk full",)], ids=", ".join)
async def test_everything_is_exact_after(names: tuple[str, ...], trial: Trial) -> None:
    if "disk full" in names and trial.stack.disk is None:
        pytest.skip("this machine lets nobody mount a file system of its own")
    for name in names:
        await trial.suffer(all_faults()[name])
    state, facts = await trial.exact()
    assert len(facts) > len(state.placements) > 0
