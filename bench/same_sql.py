"""The statement behind an answer, as the database's own log has it, and how often pgbench gets it answered."""

from __future__ import annotations

import asyncio
import os
import re

import asyncpg

from bench.asking import Client
from bench.failing import BenchFailed
from bench.ground import Fund
from recouvra.local.folder import DataFolder
from recouvra.local.postgres import binaries

_LOGGED = re.compile(
    r"LOG:  duration: [\d.]+ ms  execute [^:]+: (.*?)\n(?:[^\t\n][^\n]*DETAIL:  Parameters: ([^\n]*)\n)?(?=[^\t])",
    re.S,
)
_ARGUMENT = re.compile(r"\$(\d+) = ('(?:[^']|'')*'|NULL)")
_RATE = re.compile(r"tps = ([\d.]+)")


async def statement_behind(fund: Fund, service: str, path: str) -> str:
    """The longest statement of one answer of an API, its arguments as literals; nobody else may be at work.

    Raises:
        BenchFailed: the log tells of none.
    """
    log = DataFolder(fund.ground.folder / "postgres").logs / "postgres.log"
    async with Client(fund.url(service)) as client:
        await client.read(path)  # its plan is made
        await _log_all(fund, "0")
        before = log.stat().st_size
        try:
            await client.read(path)
        finally:
            await _log_all(fund, "-1")
    with log.open("rb") as file:
        file.seek(before)
        if (found := longest_statement(file.read().decode())) is None:
            raise BenchFailed(f"the database's log has no statement of {path}")
    return found


def longest_statement(log: str) -> str | None:
    """Of what a log tells was executed, its arguments as literals; None where it tells of nothing."""
    found = max(_LOGGED.findall(log), key=lambda one: len(one[0]), default=None)
    if found is None:
        return None
    statement, arguments = found
    values = {int(number): _literal(value) for number, value in _ARGUMENT.findall(arguments)}
    return re.sub(r"\$(\d+)", lambda place: values[int(place[1])], statement.replace("\n\t", "\n"))


def _literal(value: str) -> str:
    """A value for pgbench, which takes a colon and a name for a variable of its own."""
    return "U&" + value.replace("\\", "\\\\").replace(":", "\\003A") if ":" in value else value


async def _log_all(fund: Fund, milliseconds: str) -> None:
    connection = await asyncpg.connect(fund.ground.postgres.url)
    try:
        await connection.execute(f"alter system set log_min_duration_statement = {milliseconds}")
        await connection.execute("select pg_reload_conf()")
        await asyncio.sleep(0.5)  # every session hears of it between two of its statements
    finally:
        await connection.close()


async def pgbench(fund: Fund, service: str, statement: str, clients: int, seconds: int) -> float:
    """How often a second PostgreSQL's own bench gets it answered, prepared, by so many clients.

    Raises:
        BenchFailed: with what pgbench said, where it got no answers.
    """
    script = fund.ground.folder / "statement.sql"
    script.write_text(" ".join(statement.split("\n")) + ";\n")
    options = ["-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds), "-f", str(script)]
    child = await asyncio.create_subprocess_exec(
        str(binaries() / "pgbench"),
        *options,
        fund.urls[service],
        env=os.environ
        | {"PGOPTIONS": "-c work_mem=32MB -c jit=off -c parallel_setup_cost=30000"},  # as the API's sessions
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await child.communicate())[0].decode()
    if child.returncode or (found := _RATE.search(said)) is None:
        raise BenchFailed(f"pgbench: {said[-400:]}")
    return float(found[1])
