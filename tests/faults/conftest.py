"""One stack under load for all the faults of the quick share: it takes as long to start as a fault takes."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.of_points import mortal
from tests.faults.own import may_mount
from tests.faults.trial import Trial, trial_on

_DISK_BYTES = 2 << 30


@pytest_asyncio.fixture(scope="package")
async def trial(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trial]:
    """A country on a stack whose database has a disk of its own, where this machine lets us mount one.

    It ends with the last test of faults: beside all others it would take their cores.
    """
    own = mortal(tmp_path_factory.mktemp("faults") / "stack", disk_bytes=_DISK_BYTES if may_mount() else 0)
    async with trial_on(own, seed=31) as made:
        yield made
