"""`python -m services.reporting --api|--worker|--migrate`."""

from recouvra.chassis.main import run
from services.reporting.app import build

run(build)
