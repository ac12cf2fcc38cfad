"""What must always hold of liquidation's data, and how it is looked at: `verify` asks each, on a snapshot."""

from recouvra.chassis.verifying import Invariants
from services.liquidation.invariants.forms import CLAIMED, FORMS, KEEPS, KEPT, PATIENTS, SERIALS, WAITING

INVARIANTS = Invariants((FORMS, SERIALS, WAITING, CLAIMED, KEPT, PATIENTS), KEEPS)
"""All of them."""
