"""Roles die where something is done and not yet known to be done; and all stays exact.

One point of each kind; `python -m tests.faults` has workers and APIs die at all of them.
"""

from __future__ import annotations

from tests.faults.fault import all_faults
from tests.faults.trial import Trial

QUICK = (
    "worker inside-the-transaction",
    "worker committed-unheard",
    "worker before-publishing-a-fact",
    "worker acknowledged-not-deleted",
    "api act-unheard",
)


async def test_everything_is_exact_although_every_role_dies_at_exact_points(trial: Trial) -> None:
    async with trial.load:
        for name in QUICK:
            await all_faults()[name].strike(trial)
    state, facts = await trial.exact()
    assert len(facts) > len(state.placements) > 0
    assert len(trial.acts.posted) == 1
