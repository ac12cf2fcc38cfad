"""Start reading here: how contributions is put together. Wiring only; nothing opens at import.

A payment's way, five stops: its topic (`READS`) → `doors/events.py` → `acts/read_batch.py` → `domain/book.py` →
`store/payments.py`. Around it, `recouvra/chassis/batch.py` is the one transaction.
"""

from pathlib import Path

from recouvra.chassis.main import Service
from recouvra.chassis.settings import Settings
from recouvra.contracts.topics import READS, WRITES
from services.contributions.acts.assign_payment import ASSIGN, WITHDRAW, assign_as_told, withdraw_as_told
from services.contributions.doors.events import QUICKLY, EventDoor
from services.contributions.doors.http import create_api
from services.contributions.invariants import INVARIANTS

NAME = "contributions"


def build(_: Settings) -> Service:
    """The service as the chassis runs it."""
    return Service(
        name=NAME,
        reads=READS[NAME],
        writes=WRITES[NAME],
        migrations=Path(__file__).parent / "migrations",
        opens=EventDoor(),
        quickly=QUICKLY,
        api=create_api,
        acts={ASSIGN: assign_as_told, WITHDRAW: withdraw_as_told},
        invariants=INVARIANTS,
    )
