"""Start reading here: how registration is put together. Wiring only; nothing opens at import.

A hire's way, five stops: its topic (`READS`) → `doors/events.py` → `acts/read_batch.py` → `domain/register.py` →
`store/hires.py`. Around it, `recouvra/chassis/batch.py` is the one transaction.
"""

from pathlib import Path

from recouvra.chassis.main import Service
from recouvra.chassis.settings import Settings
from recouvra.contracts.topics import READS, WRITES
from services.registration.acts.affiliate_payer import AFFILIATE, affiliate_as_told
from services.registration.doors.events import opens
from services.registration.doors.http import create_api
from services.registration.invariants import INVARIANTS

NAME = "registration"


def build(_: Settings) -> Service:
    """The service as the chassis runs it."""
    return Service(
        name=NAME,
        reads=READS[NAME],
        writes=WRITES[NAME],
        migrations=Path(__file__).parent / "migrations",
        opens=opens,
        api=create_api,
        acts={AFFILIATE: affiliate_as_told},
        invariants=INVARIANTS,
    )
