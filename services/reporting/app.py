"""Start reading here: what reporting reads, how it takes it in, and what it answers. Nothing opens at import."""

from __future__ import annotations

from pathlib import Path

from recouvra.chassis.main import Service
from recouvra.chassis.settings import Settings
from recouvra.contracts.topics import MARKS, READS, WRITES
from services.reporting.doors import events, http
from services.reporting.projections.marks import Marks

NAME = "reporting"
AWAITED = ("registration", "contributions", "liquidation")
"""Who writes facts here: figures are complete up to the least that all of them have marked (DEF-007)."""


def build(settings: Settings) -> Service:
    """The service, wired."""
    return Service(
        name=NAME,
        reads=(*READS[NAME], MARKS),
        writes=WRITES[NAME],
        migrations=Path(__file__).parent / "migrations",
        opens=events.opens,
        api=lambda settings, migrations, reading: http.build_api(settings, migrations, reading, AWAITED),
        plain={MARKS: Marks()},
    )
