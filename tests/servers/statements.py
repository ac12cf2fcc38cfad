"""The statements that an API runs, told by its own sessions: to be looked at by what they are, not by how long."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from asyncpg.connection import LoggedQuery

from recouvra.chassis import database
from recouvra.chassis.database import Connection


def noted(patch: pytest.MonkeyPatch) -> list[LoggedQuery]:
    """What the pools that are opened from now on run; it grows as they do."""
    run, begin = list[LoggedQuery](), database.keep_every_day

    async def keep_and_note(connection: Connection) -> None:
        await begin(connection)
        connection.add_query_logger(run.append)

    patch.setattr(database, "keep_every_day", keep_and_note)
    return run


async def read_by(connection: Connection, statement: LoggedQuery) -> set[str]:
    """The indexes by which it reads its tables, as planned for these values; "Seq Scan" where it reads a whole one."""
    plan = await connection.fetchval(f"explain (format json) {statement.query}", *statement.args)
    return set(_ways(json.loads(plan)[0]["Plan"]))


def _ways(node: Mapping[str, Any]) -> Iterator[str]:
    if name := node.get("Index Name"):
        yield name
    elif node["Node Type"].endswith("Seq Scan"):
        yield "Seq Scan"
    for inner in node.get("Plans", ()):
        yield from _ways(inner)
