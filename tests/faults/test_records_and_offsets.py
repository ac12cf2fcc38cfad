"""Whatever is published, and whatever becomes of offsets, each record counts once and nobody's record waits for it."""

from __future__ import annotations

from tests.faults.fault import all_faults
from tests.faults.of_records import flooded
from tests.faults.trial import Trial

QUICK = (
    "odd records",
    "header keys that are not UTF-8",
    "offsets beginning while stopped",
    "offsets deleted while running",
    "topic again under other event ids",
    "ended in order",
)


async def test_everything_is_exact_whatever_is_published_and_becomes_of_offsets_and_workers(trial: Trial) -> None:
    async with trial.load:
        for name in QUICK:
            await all_faults()[name].strike(trial)
        await flooded(1_500, trial)
    state, facts = await trial.exact(last=True)
    assert len(facts) > len(state.placements) > 0
