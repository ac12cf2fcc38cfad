"""Start reading here: how liquidation is put together. Wiring only; nothing opens at import.

A care form's way, five stops: its topic (`READS`) → `doors/events.py` → `acts/read_batch.py` → `domain/caseload.py` →
`store/forms.py`. Around it, `recouvra/chassis/batch.py` is the one transaction.
"""

from pathlib import Path

from recouvra.chassis.main import Service
from recouvra.chassis.settings import Settings
from recouvra.contracts.topics import READS, WRITES
from services.liquidation.doors.events import opens
from services.liquidation.doors.http import create_api
from services.liquidation.invariants import INVARIANTS

NAME = "liquidation"


def build(_: Settings) -> Service:
    """The service as the chassis runs it."""
    return Service(
        name=NAME,
        reads=READS[NAME],
        writes=WRITES[NAME],
        migrations=Path(__file__).parent / "migrations",
        opens=opens,
        api=create_api,
        invariants=INVARIANTS,
    )
