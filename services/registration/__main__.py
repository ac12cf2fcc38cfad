"""`python -m services.registration --api|--worker|--migrate`."""

from recouvra.chassis.main import run
from services.registration.app import build

run(build)
