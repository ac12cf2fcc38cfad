"""`python -m services.contributions --api|--worker|--migrate`."""

from recouvra.chassis.main import run
from services.contributions.app import build

run(build)
