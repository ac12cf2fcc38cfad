"""`python -m tests.servers.till --worker`: a till as a process, to be killed."""

from recouvra.chassis.main import run
from tests.servers.till.counting import build

if __name__ == "__main__":
    run(build)
