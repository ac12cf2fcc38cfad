"""Every role dies at every point where something is done and not yet known to be done; and all stays exact."""

from __future__ import annotations

from tests.faults.dying import ACT_POINTS, WORKER_POINTS
from tests.faults.fault import all_faults
from tests.faults.trial import Trial


async def test_everything_is_exact_although_every_role_dies_at_every_exact_point(trial: Trial) -> None:
    async with trial.load:
        for name in [f"worker {point}" for point in WORKER_POINTS] + [f"api {point}" for point in ACT_POINTS]:
            await all_faults()[name].strike(trial)
    state, facts = await trial.exact()
    assert len(facts) > len(state.placements) > 0
    assert len(trial.acts.posted) == len(ACT_POINTS)
