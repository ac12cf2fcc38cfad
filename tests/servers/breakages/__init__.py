"""What people may do to the databases by hand, statement by statement, and which invariants must name it."""

from tests.servers.breakages.of_contributions import CONTRIBUTIONS
from tests.servers.breakages.of_the_others import LIQUIDATION, REGISTRATION, REPORTING
from tests.servers.breakages.one import Breakage

ALL = (*CONTRIBUTIONS, *REGISTRATION, *LIQUIDATION, *REPORTING)
"""All of them."""

__all__ = ["ALL", "Breakage"]
