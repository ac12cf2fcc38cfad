"""One consistent view for one answer: how far the figures are complete, and the figures, of the same instant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from recouvra.chassis.database import READER, Connection, Database
from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message
from recouvra.contracts.topics import MARKS
from services.reporting.projections.standing import HAS_STRAYS

# A fund's payers and periods are grouped without going to the disk. A statement's plan is kept, since to plan one anew
# takes as long as to sum a country; `planned_anew` says of which that holds. To start processes pays only where all
# pairs are read.
SESSION = READER | {
    "work_mem": "32MB",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "parallel_setup_cost": "30000",
}


@lru_cache
def _read(awaited: tuple[str, ...]) -> str:
    """What a snapshot tells of itself; names of ours, and no argument, so that its plan is kept.

    `complete` stands first, and is locked first: a rebuild that swaps tables waits there, or we do. A replay
    moves no position. Its audit lines are counted: the newest of them may be committed before an older one.
    """
    services = ", ".join(f"'{service}'" for service in awaited)
    return f"""
    select case when count(*) = {len(awaited)} then min(up_to) end as complete_up_to,
        (select md5(concat_ws(' ', string_agg(concat_ws('/', topic, partition, next_offset), ' '
                                              order by topic, partition),
                              'replays', (select count(*) from audit where act = 'replay'),
                              'edition', (select number from edition)))
         from position where topic <> '{MARKS}') as positions,
        (select number from edition) as edition, ({HAS_STRAYS}) as has_strays
    from complete where service in ({services})
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

    async def planned_anew(self) -> None:
        """From here on statements are planned for their own arguments.

        Of what reads pairs or ledgers, a plan for whatever instant was seen to take half a minute.
        """
        await self.connection.execute("set local plan_cache_mode = force_custom_plan")

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
        read = await connection.fetchrow(_read(tuple(awaited)))
        assert read is not None  # an aggregate always answers
        if read["complete_up_to"] is None:
            raise _not_yet("Les premiers faits sont", "The first facts are still")
        if read["has_strays"]:
            raise _not_yet("Des faits sont", "Some facts are")
        yield Snapshot(connection, read["complete_up_to"], read["positions"], read["edition"])


def _not_yet(fr: str, en: str) -> Problem:
    message = Message(
        fr=f"{fr} en cours de lecture ; réessayez dans quelques secondes.",
        en=f"{en} being read; try again in a few seconds.",
    )
    return Problem(503, "not-complete-yet", message)
