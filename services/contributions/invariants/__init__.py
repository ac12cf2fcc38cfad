"""What must always hold of contributions' data, and how it is looked at: `verify` asks each, on a snapshot."""

from recouvra.chassis.verifying import Invariants
from services.contributions.invariants.contents import CONTENTS
from services.contributions.invariants.declarations import DECLARATIONS
from services.contributions.invariants.judging import LINES
from services.contributions.invariants.money import MONEY
from services.contributions.invariants.told import KEEPS, TOLD

INVARIANTS = Invariants((*MONEY, *DECLARATIONS, *LINES, *CONTENTS, *TOLD), KEEPS)
"""All of them."""
