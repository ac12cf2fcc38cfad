"""Start reading here: what reporting reads, how it takes it in, and what it answers. Nothing opens at import."""

from __future__ import annotations

from pathlib import Path

from recouvra.chassis.batch import Reading
from recouvra.chassis.main import Service
from recouvra.chassis.settings import Settings
from recouvra.contracts.topics import MARKS, READS, WRITES
from services.reporting.doors import events, http
from services.reporting.doors.plain_facts import QUICKLY
from services.reporting.invariants import INVARIANTS
from services.reporting.projections import standing
from services.reporting.projections.marks import Marks
from services.reporting.rebuilding.rebuild import rebuild

NAME = "reporting"
AWAITED = ("registration", "contributions", "liquidation")
"""Who writes facts here: figures are complete up to the least that all of them have marked (DEF-007)."""

MIGRATIONS = Path(__file__).parent / "migrations"


async def rebuilt(settings: Settings, reading: Reading, check: bool, as_json: bool) -> int:
    """The read models made again from the topics; an exit code."""
    return await rebuild(settings, reading, MIGRATIONS, AWAITED, check=check, as_json=as_json)


def build(settings: Settings) -> Service:
    """The service, wired."""
    return Service(
        name=NAME,
        reads=(*READS[NAME], MARKS),
        writes=WRITES[NAME],
        migrations=MIGRATIONS,
        opens=events.opens,
        api=lambda settings, migrations, reading: http.build_api(settings, migrations, reading, AWAITED),
        plain={MARKS: Marks()},
        quickly=QUICKLY,
        lanes=1,  # what is summed above pairs is made by one transaction at a time
        begins=standing.tell_strays,
        rebuild=rebuilt,
        invariants=INVARIANTS,
    )
