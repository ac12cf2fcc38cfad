"""`python -m services.liquidation --api|--worker|--migrate`."""

from recouvra.chassis.main import run
from services.liquidation.app import build

run(build)
