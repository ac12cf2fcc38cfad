"""The history, made once for the tests of this folder, and the records that it is published as."""

from collections.abc import Sequence

import pytest

from recouvra.local.demonstration.history import History, made_history
from recouvra.local.demonstration.inbound import HireKey, Upstream
from tests.oracle import PublishedRecord


def numbered(key: HireKey) -> str:
    """A number for a hire, as a stack might have given it; no stack gave it, so nobody knows it."""
    return f"{key[0]}:{key[1]}"


@pytest.fixture(scope="session")
def history() -> History:
    """The one that `recouvra demo` publishes."""
    return made_history()


def published(history: History) -> list[Upstream]:
    """Every record of a history, month by month."""
    return [one for month in history.months for one in (*month.reported(numbered), *month.registrations)]


@pytest.fixture(scope="session")
def inbound(history: History) -> list[Upstream]:
    """Every record of the whole."""
    return published(history)


@pytest.fixture(scope="session")
def records(inbound: Sequence[Upstream]) -> list[PublishedRecord]:
    """The records as one partition a topic would hold them."""
    offsets: dict[str, int] = {}
    found = []
    for one in inbound:
        record = one.record()
        offset = offsets[record.topic] = offsets.get(record.topic, -1) + 1
        found.append(PublishedRecord(record.topic, 0, offset, record.key, record.value, record.headers))
    return found
