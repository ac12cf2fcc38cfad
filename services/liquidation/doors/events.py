"""The event door: one subscriber over `person-registered`, `rights-changed`, `care-form-submitted`.

The chassis reads and decodes (each record alone) and opens the transaction; what comes through here is good events.
"""

from __future__ import annotations

from collections.abc import Sequence

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Work
from recouvra.contracts.reading import Received
from services.liquidation.acts.read_batch import read_batch


async def opens(connection: Connection, events: Sequence[Received]) -> Work:
    """Hands a batch to the act that takes it in."""
    return await read_batch(connection, events)
