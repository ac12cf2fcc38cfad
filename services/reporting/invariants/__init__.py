"""What must always hold of the read models, and how it is looked at: `verify` asks each, on a snapshot."""

from recouvra.chassis.verifying import Invariants
from services.reporting.invariants.complete import COMPLETE
from services.reporting.invariants.derived import AMOUNTS, BY_NOW, IN_YEARS, OF_DAYS, OF_MONTHS, OF_PAYERS_NOW, STANDING
from services.reporting.invariants.ledgers import KEEPS, LEDGERS, PROGRESS, SETTLED
from services.reporting.invariants.sums import CONSERVED, WITHIN_DUES

INVARIANTS = Invariants(
    (
        *(CONSERVED, WITHIN_DUES, COMPLETE, LEDGERS, SETTLED, PROGRESS),
        *(STANDING, BY_NOW, OF_DAYS, OF_MONTHS, OF_PAYERS_NOW, IN_YEARS, AMOUNTS),
    ),
    KEEPS,
)
"""All of them."""
