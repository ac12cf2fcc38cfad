"""What `docker compose up` makes in the database server: no service can so much as connect to another's database."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import asyncpg
import pytest

from recouvra.local.postgres import binaries
from recouvra.local.roles import SERVICES
from tests.standing.servers import DatabaseServer

SCRIPT = Path(__file__).parents[2] / "deploy" / "databases.sql"


async def _run(url: str, password: str) -> None:
    """The script as the compose file runs it, by psql, with a password for each service."""
    passwords = {f"RECOUVRA_{name.upper()}_PASSWORD": f"{name}-{password}" for name in SERVICES}
    psql = await asyncio.create_subprocess_exec(
        binaries() / "psql", "--quiet", "--no-psqlrc", f"--file={SCRIPT}", url, env=os.environ | passwords
    )
    assert await psql.wait() == 0


async def test_a_services_role_reaches_its_own_database_and_no_other(database_server: DatabaseServer) -> None:
    at = database_server.url.rpartition("@")[2].partition("/")[0]
    await _run(database_server.url, "first")
    await _run(database_server.url, "second")
    for name in SERVICES:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://{name}:{name}-first@{at}/{name}")
        own = await asyncpg.connect(f"postgresql://{name}:{name}-second@{at}/{name}")
        await own.execute("create table if not exists mine (secret int)")
        assert not await own.fetchval(
            "select rolsuper or rolcreatedb or rolcreaterole from pg_roles where rolname = $1", name
        )
        await own.close()
        for other in {*SERVICES, "postgres", "template1"} - {name}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await asyncpg.connect(f"postgresql://{name}:{name}-second@{at}/{other}")
