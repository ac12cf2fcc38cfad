"""In which order drafts are published, and the log that they would make."""

from __future__ import annotations

import random
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

from tests.making.drafts import Draft
from tests.recount.state import PublishedRecord


def interleave(
    drafts: Sequence[Draft], seed: int, keep: Literal["marked", "every key", "nothing"] = "marked"
) -> list[Draft]:
    """Return the drafts in a random global order, those that are `late` at its end.

    Within one topic and key the given order is kept of the `ordered` drafts ("marked"), of all ("every key"), or not.
    """
    dice = random.Random(f"interleave {seed}")
    moments = [(draft.late, dice.random()) for draft in drafts]
    chains: dict[tuple[str, bytes | None], list[int]] = defaultdict(list)
    for place, draft in enumerate(drafts):
        if keep == "every key" or (keep == "marked" and draft.ordered):
            chains[(draft.topic, draft.key)].append(place)
    for chain in chains.values():
        for place, moment in zip(chain, sorted(moments[place] for place in chain), strict=True):
            moments[place] = moment
    return [drafts[place] for place in sorted(range(len(drafts)), key=lambda place: moments[place])]


def in_waves(drafts: Sequence[Draft], waves: int, seed: int) -> list[list[Draft]]:
    """Cut drafts that stand in their order into so many waves of random sizes, none of them empty."""
    cuts = sorted(random.Random(f"waves {seed}").sample(range(1, len(drafts)), waves - 1))
    return [list(drafts[start:end]) for start, end in zip([0, *cuts], [*cuts, len(drafts)], strict=True)]


def repeated(drafts: Sequence[Draft], seed: int, share: float = 0.05) -> list[Draft]:
    """Return the drafts with a share of them published once more, byte for byte, anywhere later."""
    dice = random.Random(f"repeated {seed}")
    found = list(drafts)
    for place in sorted(dice.sample(range(len(drafts)), int(len(drafts) * share)), reverse=True):
        found.insert(dice.randint(place + 1, len(found)), drafts[place])
    return found


def as_published(drafts: Iterable[Draft], partitions: int = 3) -> list[PublishedRecord]:
    """Return the records of a broker that took the drafts in this order: the oracle can read them without one."""
    offsets: dict[tuple[str, int], int] = defaultdict(int)
    records = []
    for draft in drafts:
        partition = zlib.crc32(draft.key or b"") % partitions
        offset = offsets[(draft.topic, partition)]
        offsets[(draft.topic, partition)] += 1
        records.append(PublishedRecord(draft.topic, partition, offset, draft.key, draft.value, draft.headers))
    return records
