"""What must always hold of registration's data, and how it is looked at: `verify` asks each, on a snapshot."""

from recouvra.chassis.verifying import Invariants
from services.registration.invariants.contents import CONTENTS, KEEPS
from services.registration.invariants.people import PEOPLE

INVARIANTS = Invariants((*PEOPLE, *CONTENTS), KEEPS)
"""All of them."""
