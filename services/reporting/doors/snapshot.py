"""One consistent view for one answer: how far the figures are complete, and the figures, of the same instant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from recouvra.chassis.database import Connection, Database
from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message
from recouvra.contracts.topics import MARKS
from services.reporting.projections.marks import complete_up_to
from services.reporting.projections.standing import HAS_STRAYS

# A fund's payers and periods are grouped without going to the disk. Each statement is planned for its own instant: a
# plan for whatever instant was seen to take half a minute. To start processes pays only where all pairs are read.
_SETTINGS = "; ".join(
    f"set local {setting}"
    for setting in (
        "work_mem = '32MB'",
        "jit = off",
        "plan_cache_mode = force_custom_plan",
        "parallel_setup_cost = 30000",
    )
)
# A replay moves no position. Its audit lines are counted: the newest of them may be committed before an older one.
_READ = f"""
select md5(concat_ws(' ', string_agg(concat_ws('/', topic, partition, next_offset), ' ' order by topic, partition),
                     'replays', (select count(*) from audit where act = 'replay'),
                     'edition', (select number from edition))) as positions,
       (select number from edition) as edition,
       ({HAS_STRAYS}) as has_strays
from position where topic <> $1
"""  # noqa: S608 - constants of ours


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A transaction that sees what was committed at one moment.

    Attributes:
        complete_up_to: no fact known up to then is missing.
        positions: names the facts that are in; it changes with each one, read at its place or replayed.
        edition: the number of the read models that answer; it changes where wrong ones were made again.
    """

    connection: Connection
    complete_up_to: datetime
    positions: str
    edition: int

    def answered(self, as_of: datetime | None) -> datetime:
        """The instant that is answered: a later one than `complete_up_to` is answered as that (DEF-007)."""
        return self.complete_up_to if as_of is None else min(as_of, self.complete_up_to)


@asynccontextmanager
async def snapshot(database: Database, awaited: Sequence[str]) -> AsyncIterator[Snapshot]:
    """Opens the view; raises a 503 problem before every awaited service was once read completely.

    And while there are facts that a worker of the version before appended, and that the next batch has yet to tell.
    """
    pool = await database.pool()
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(_SETTINGS)
        complete = await complete_up_to(connection, awaited)
        if complete is None:
            raise _not_yet("Les premiers faits sont", "The first facts are still")
        read = await connection.fetchrow(_READ, MARKS)
        assert read is not None  # an aggregate always answers
        if read["has_strays"]:
            raise _not_yet("Des faits sont", "Some facts are")
        yield Snapshot(connection, complete, read["positions"], read["edition"])


def _not_yet(fr: str, en: str) -> Problem:
    message = Message(
        fr=f"{fr} en cours de lecture ; réessayez dans quelques secondes.",
        en=f"{en} being read; try again in a few seconds.",
    )
    return Problem(503, "not-complete-yet", message)
