"""What the tests of backup and restore do with a local stack: the commands as an administrator runs them, and kills."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg

from recouvra.contracts.topics import FACTS, WRITES, journal_of
from recouvra.local.folder import DataFolder
from recouvra.local.ports import database_url
from recouvra.local.postgres import SUPERUSER
from tests.oracle import PublishedRecord
from tests.stack.running import eventually, read_all, stack_kafka
from tests.standing.processes import LocalUp

RECOUVRA = Path(sys.executable).with_name("recouvra")
JOURNALS = tuple(journal_of(service) for service, topics in WRITES.items() if topics)


async def run(*words: str | Path) -> dict[str, Any]:
    """`recouvra` with these words and `--json`; what it prints. It must end well."""
    code, said, errors = await _run(*words, "--json")
    assert code == 0, f"{words}: {errors[-2000:]}"
    found: dict[str, Any] = json.loads(said)
    return found


async def _run(*words: str | Path) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        RECOUVRA, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, errors = await process.communicate()
    return process.returncode, said.decode(), errors.decode()


async def backed_up(stack: LocalUp, folder: Path) -> dict[str, Any]:
    """A backup of a stack that runs; its manifest."""
    await run("backup", folder, "--data", stack.folder)
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return manifest


async def restored(stack: LocalUp, folder: Path, *services: str) -> None:
    """Puts databases of a stack that is stopped back; without names, all four."""
    chosen = [word for service in services for word in ("--service", service)]
    told = await run("restore", folder, *chosen, "--data", stack.folder)
    assert [row["service"] for row in told["databases"]] == list(services or WRITES)


async def restore_refused(stack: LocalUp, folder: Path) -> str:
    """Why databases of a stack that runs are not put back."""
    code, _, errors = await _run("restore", folder, "--data", stack.folder)
    assert code == 1, errors
    return errors


class TooLateError(Exception):
    """All was done, and well, before it could be killed."""


async def restore_killed(stack: LocalUp, folder: Path, service: str) -> None:
    """Starts to put all four back, and is killed by SIGKILL while it does this one; TooLateError where it is done."""
    process = subprocess.Popen(  # noqa: ASYNC220
        [RECOUVRA, "restore", folder, "--data", stack.folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    server = stack.folder / "postgres" / "data" / "postmaster.pid"
    password = DataFolder(stack.folder).secret("superuser")

    async def midway() -> None:
        if process.poll() is not None:
            return  # how it ended is judged below
        try:
            port = int(server.read_text().splitlines()[3])
            elsewhere = await asyncpg.connect(database_url(SUPERUSER, password, port, "postgres"), timeout=2)
        except (OSError, IndexError, ValueError, TimeoutError, asyncpg.PostgresError) as error:
            raise AssertionError("the database does not answer yet") from error
        try:
            async with asyncio.timeout(30):
                while not await elsewhere.fetchval(_MIDWAY, service):  # noqa: ASYNC110 (no event tells)
                    await asyncio.sleep(0.002)
        except TimeoutError as error:
            raise AssertionError("it is not midway yet") from error
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise AssertionError("the database answers no more") from error
        finally:
            elsewhere.terminate()

    try:
        await eventually(midway, 60)
    finally:
        process.kill()
    code = process.wait()
    if code == 0:
        raise TooLateError("it was done before it could be killed")
    assert code == -signal.SIGKILL, f"it ended by itself, with {code}"


_MIDWAY = (
    "select count(*) from pg_stat_activity where application_name = 'recouvra-restore' and datname = $1 "
    "and query like 'COPY%'"
)


async def killed_while_it_catches_up(stack: LocalUp, service: str) -> None:
    """Starts a stack and kills it by SIGKILL once a service did some of what was lost again, and not all of it.

    TooLateError where it was ready before.
    """
    folder = DataFolder(stack.folder)
    ports = folder.ports(None)
    url = database_url(SUPERUSER, folder.secret("superuser"), ports.of("postgres"), service)
    starting = asyncio.create_task(stack.start(180))

    async def midway() -> bool:
        if starting.done():
            return False  # how it ended is judged below
        try:
            connection = await asyncpg.connect(url, timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            raise AssertionError("the database does not answer yet") from error
        try:
            first = await connection.fetchval(_KNOWN, journal_of(service))
            async with asyncio.timeout(150):
                while (await connection.fetchval(_KNOWN, journal_of(service))) < first + 3:
                    if starting.done():
                        return False
                    await asyncio.sleep(0.002)
            assert await connection.fetchval("select is_behind from clock"), "it has caught up"
            return True
        finally:
            connection.terminate()

    try:
        if not await eventually(midway, 150):
            await starting
            raise TooLateError("it was ready before it could be killed")
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await stack.end(signal.SIGKILL)


_KNOWN = "select coalesce((select next_offset from published where topic = $1), 0)"


async def told(stack: LocalUp) -> list[PublishedRecord]:
    """Every record that our services ever told: facts, and why; in the order of their places."""
    found = await read_all(stack_kafka(await stack.ready()), [*FACTS, *JOURNALS])
    return sorted(found, key=lambda record: record[:3])


def told_twice(records: Sequence[PublishedRecord]) -> list[tuple[str, bytes | None]]:
    """The ids under which something was told more than once on one topic."""
    names = Counter((record.topic, dict(record.headers)["ce_id"]) for record in records)
    return [name for name, times in names.items() if times > 1]
