"""The bench comes to its end on servers of its own: a part of it, as small as can be."""

from __future__ import annotations

from pathlib import Path

from bench.career import ANYBODY, career
from bench.ground import ground


async def test_a_bench_that_ends_has_measured_all_that_it_tells(tmp_path: Path) -> None:
    async with ground(tmp_path) as here:
        found = await career(here, lines=720, asked=20)
    filled = found["raw"]["filled"]
    assert filled["units"] == 720
    assert filled["cpu_seconds_per_million"]["contributions worker"] > 0
    assert filled["peak_mib"]["postgres"] > 1
    asked = {who: [one for some in rounds for one in some] for who, rounds in found["raw"]["ms"].items()}
    assert {len(taken) for taken in asked.values()} == {20}
    assert min(min(taken) for taken in asked.values()) > 0
    assert found["goals"][0]["measured"] in {round(one, 2) for one in asked[ANYBODY]}
