"""Figures are complete as far as a mark says that was reached, and no further (DEF-007, ADR 6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from recouvra.chassis import positions
from recouvra.chassis.positions import Place
from recouvra.chassis.records_read import extents_of
from recouvra.chassis.rereading import Stretch, reread
from recouvra.chassis.verifying import Finding, Invariant, Look
from recouvra.contracts.codes import Message
from recouvra.contracts.reading import Refusal
from recouvra.contracts.topics import MARKS
from services.reporting.projections.marks import Mark, Marks

_LATEST = 20_000  # of the marks that still stand: ten minutes' of three writers at work, hours' of a quiet fund


async def _complete(look: Look) -> AsyncIterator[Finding]:
    async with look.snapshot() as connection:
        stored = await positions.stored(connection)
        complete = {row["service"]: row["up_to"] for row in await connection.fetch("select * from complete")}
    ends = await extents_of(look, (MARKS,))
    reached, earliest = await asyncio.to_thread(_reached, look.settings.kafka, ends, stored)
    for service, up_to in complete.items():
        instants = reached.get(service, set())
        # A mark that has expired, or stands before those that were read again, can't be asked any more.
        if up_to not in instants and (not earliest.get(service) or up_to >= earliest[service]):
            yield Finding({"service": service}, up_to, max(instants, default=None), up_to)
    for service in reached.keys() - complete.keys():
        yield Finding({"service": service}, None, max(reached[service]))


def _reached(
    bootstrap: str, ends: Mapping[Place, Stretch], stored: Mapping[Place, int]
) -> tuple[dict[str, set[datetime]], dict[str, datetime]]:
    """By service, the instants of the marks whose offsets were all read, and the earliest of all of its marks."""
    stretches = {}
    for place, (begin, end) in ends.items():
        stop = min(stored.get(place, 0), end)
        stretches[place] = max(begin, stop - _LATEST), stop
    reached: dict[str, set[datetime]] = {}
    earliest: dict[str, datetime] = {}
    reader = Marks()
    for records in reread(bootstrap, stretches):
        for record in records:
            try:
                mark = reader.read(record)
            except Refusal:
                continue
            earliest[mark.service] = min(mark.up_to, earliest.get(mark.service, mark.up_to))
            if _is_reached(mark, stored):
                reached.setdefault(mark.service, set()).add(mark.up_to)
    return reached, earliest


def _is_reached(mark: Mark, stored: Mapping[Place, int]) -> bool:
    return all(
        offset <= stored.get(Place(topic, int(partition)), 0)
        for topic, partitions in mark.offsets.items()
        for partition, offset in partitions.items()
    )


COMPLETE = Invariant(
    "complete-as-marked",
    Message(
        fr="Les chiffres sont complets jusqu'où une marque atteinte le dit, et pas au-delà.",
        en="Figures are complete as far as a mark that was reached says, and no further (DEF-007).",
    ),
    _complete,
)
