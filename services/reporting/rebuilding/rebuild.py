"""Start reading here: the steps of a rebuild, from the first record of the topics to the swap.

make the tables beside · fill them · compare · fill what came meanwhile · swap. Killed at any moment it leaves the
tables that serve as they are, and goes on where it stood when it is run again; after the swap nothing of it is left.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from recouvra.chassis.batch import Reading
from recouvra.chassis.outcome import Retry
from recouvra.chassis.positions import PositionLost
from recouvra.chassis.rereading import RereadError
from recouvra.chassis.settings import Settings
from services.reporting.rebuilding import beside
from services.reporting.rebuilding.beside import BESIDE, SWAPPED
from services.reporting.rebuilding.comparing import Comparison, compare
from services.reporting.rebuilding.failure import RebuildError
from services.reporting.rebuilding.filling import Filling
from services.reporting.rebuilding.swapping import swap
from services.reporting.rebuilding.telling import Telling, failed

_NEAR = 1_000  # records: read in less time than anybody notices that the worker waits


_OF_A_SESSION = (asyncpg.InterfaceError, asyncpg.InternalClientError)  # it ended, as asyncpg tells it


async def rebuild(
    settings: Settings, reading: Reading, migrations: Path, awaited: Sequence[str], *, check: bool, as_json: bool
) -> int:
    """Makes the read models again; with `check` only compares them.

    Returns:
        The exit code: 0 swapped, or compared and the same; 1 `check` found differences, or broken off, which is said.
    """
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await _steps(settings, reading, migrations, awaited, check, Telling(as_json))
    except RebuildError as error:
        failed(error)
    except (asyncpg.PostgresError, *_OF_A_SESSION, PositionLost, RereadError, Retry, OSError) as error:
        failed(f"interrompu ; relancez, on reprend où on en est / broken off; run it again, it goes on: {error!r}")
    except asyncio.CancelledError:
        failed("arrêté ; relancez, on reprend où on en est / stopped; run it again, it goes on")
    return 1


async def _steps(
    settings: Settings, reading: Reading, migrations: Path, awaited: Sequence[str], check: bool, tell: Telling
) -> int:
    keeper = await beside.keeper(settings.database_url)
    filling = None
    try:
        serving = await beside.serving(keeper, migrations)
        tell.begun(await beside.make(keeper, migrations))
        filling = await Filling.open(settings.database_url, reading, settings.kafka, serving, tell.filled)
        await _nearly(filling)
        for table in SWAPPED:  # without statistics the first reports would be planned as for empty tables
            await keeper.execute(f"vacuum (analyze) {BESIDE}.{table}")
        found = await _compared(keeper, filling, serving, awaited)
        tell.compared(found)
        if not check:
            await _nearly(filling)
            await swap(keeper, migrations, filling.to_the_very_ends, tell.waits, _said(found))
        tell.ended(swapped=not check)
        return int(check and bool(found.differences))
    finally:
        if filling is not None:
            filling.close()
        keeper.terminate()


async def _nearly(filling: Filling) -> None:
    """Fills until little is left, however much came while it filled."""
    while await filling.to_the_ends() > _NEAR:
        pass


async def _compared(keeper: asyncpg.Connection, filling: Filling, serving: str, awaited: Sequence[str]) -> Comparison:
    """What is found once nothing was replayed while it was looked for; the new ones get their number by it."""
    found = await compare(keeper, serving, awaited)
    while found.differences and await filling.what_was_replayed():
        found = await compare(keeper, serving, awaited)
    known = await keeper.fetchval(f"select number from {serving}.edition")  # noqa: S608 - a schema's name
    same = found.as_of is not None and not found.differences
    number = (known or 0) + (0 if same else 1)
    await keeper.execute(f"update {BESIDE}.edition set number = $1", number)  # noqa: S608 - a constant
    return found


def _said(found: Comparison) -> str:
    count = sum(one.only_before + one.only_now + one.changed for one in found.differences)
    return f"{count} différences / differences"
