"""The rosters of payers, kept in memory from batch to batch: to ask the database of each line costs more than the rest.

A roster that is kept holds as long as its version in the database does, which every change to it renews, whoever makes
it (a trigger sees to that). Versions are asked in each batch, before any roster is read anew: so what is kept is what
the database would tell, or newer than what it told a moment ago, never older.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from uuid import UUID

import numpy as np

from recouvra.chassis.database import Connection
from services.contributions.domain.columns import Integers, integers_of
from services.contributions.domain.employment import NOBODY

MOST_NUMBERS = 8_000_000
"""How many numbers are kept, of 8 bytes each; those of the payers that were longest not asked for go first."""


class Rosters:
    """Of each payer, the 12-digit numbers that belong to it, ascending; `most` numbers at once. One for a process."""

    def __init__(self, most: int = MOST_NUMBERS) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[UUID, Integers]] = OrderedDict()
        self._count = 0

    async def of(self, connection: Connection, payers: Collection[str]) -> dict[str, Integers]:
        """The rosters of these payers, any number, as the database has them now; a payer without workers has none."""
        if not payers:
            return {}
        rows = await connection.fetch("select * from roster where payer_id = any($1::text[])", list(payers))
        versions: dict[str, UUID] = {row["payer_id"]: row["version"] for row in rows}
        found: dict[str, Integers] = {}
        for payer_id, version in versions.items():
            kept = self._kept.get(payer_id)
            if kept is not None and kept[0] == version:
                found[payer_id] = kept[1]
                self._kept.move_to_end(payer_id)
        if stale := versions.keys() - found.keys():
            read = await _read(connection, stale)
            for payer_id in stale:
                found[payer_id] = read.get(payer_id, NOBODY)
                self._keep(payer_id, versions[payer_id], found[payer_id])
        return found

    def _keep(self, payer_id: str, version: UUID, numbers: Integers) -> None:
        if payer_id in self._kept:
            self._count -= self._kept.pop(payer_id)[1].size
        self._kept[payer_id] = version, numbers
        self._count += numbers.size
        while self._count > self._most and len(self._kept) > 1:
            self._count -= self._kept.popitem(last=False)[1][1].size


async def _read(connection: Connection, payers: Collection[str]) -> dict[str, Integers]:
    """All numbers of a payer as one string: a row or an element for each would cost ten times as much."""
    rows = await connection.fetch(
        "select payer_id, string_agg(insured_number, '') from insured "
        "where payer_id = any($1::text[]) and octet_length(insured_number) = 12 group by payer_id",
        list(payers),
    )
    return {payer_id: np.sort(integers_of(joined)) for payer_id, joined in rows}
