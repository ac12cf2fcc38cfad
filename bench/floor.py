"""The floor: COPY of the same lines, one row a line, into a table with the same key and nothing else."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from secrets import token_urlsafe
from typing import cast

from bench.ground import DEADLINE_SECONDS, Ground, drop
from bench.made import Payer
from bench.meter import Spent
from recouvra.local.children import Child


async def floor(ground: Ground, name: str, payers: Sequence[Payer], months: Sequence[int]) -> Spent:
    """Copies their lines of these months into a new database, which is dropped at the end."""
    folder = ground.folder / name
    folder.mkdir()
    url = await ground.postgres.create_database(name, token_urlsafe(12))
    (folder / "told").write_bytes(pickle.dumps((url, ground.postgres.pid, payers, months)))
    client = Child(name, [sys.executable, "-m", "bench.copying", folder], folder / "client.log")
    await client.run(within=DEADLINE_SECONDS)
    await drop(ground.postgres, name)
    return cast(Spent, pickle.loads((folder / "spent").read_bytes()))
