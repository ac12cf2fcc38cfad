"""`--stack=docker`: the same tests, their broker, database and stacks in containers of docker-compose.yml."""

import pytest

from tests.standing.servers import Standing


def pytest_addoption(parser: pytest.Parser) -> None:
    """One more option of pytest's."""
    parser.addoption("--stack", choices=("local", "docker"), default="local", help="What the tests' servers run on")


@pytest.fixture(scope="session")
def standing(pytestconfig: pytest.Config) -> Standing:
    """Where brokers, databases and stacks come from; what is about the local stack itself does not ask it."""
    if pytestconfig.getoption("stack") == "docker":
        from tests.standing.containers import InDocker

        return InDocker()
    from tests.standing.processes import AsProcesses

    return AsProcesses()
