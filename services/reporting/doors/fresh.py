"""How far behind the figures are, asked of everybody who knows: for the report and for the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recouvra.chassis.http import Face
from recouvra.contracts.topics import FACTS
from services.reporting.doors import neighbours
from services.reporting.projections.marks import complete_up_to
from services.reporting.reports import freshness
from services.reporting.reports.instants import told


@dataclass(frozen=True, slots=True)
class Fresh:
    """Freshness of the figures that are complete up to the marks of the awaited services."""

    face: Face
    awaited: Sequence[str]

    async def now(self) -> dict[str, Any]:
        """The answer of `/v1/freshness`; who does not answer within two seconds is told as unreachable."""
        told_by = await neighbours.told(self.face.settings.peers or {})
        letters = {service: None if one is None else one.dead_letters for service, one in told_by.items()}
        ends = await neighbours.ends(self.face.settings.kafka, list(FACTS))  # before positions: no lag but what is one
        pool = await self.face.database.pool()
        async with (
            pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            complete = await complete_up_to(connection, self.awaited)
            rows = await freshness.topics(connection, ends, letters)
            verified = {service: None if one is None else one.verified for service, one in told_by.items()}
            verified["reporting"] = await freshness.own_verified(connection)
        return {"complete_up_to": complete and told(complete), "topics": rows, "verified": freshness.shown(verified)}
