"""A restored database that knows less than was published: no door acts on it or rehearses, each says to try later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from recouvra.chassis.main import Service
from recouvra.chassis.migrate import migrate
from recouvra.chassis.problems import BEHIND, MEDIA_TYPE
from recouvra.chassis.settings import Settings
from services.contributions.app import build as contributions
from services.liquidation.app import build as liquidation
from services.registration.app import build as registration
from services.reporting.app import build as reporting
from tests.builders import affiliation, declaration
from tests.servers.conftest import CreateDatabase

KEY = {"Idempotency-Key": "K1"}
LETTER, SUSPENSE = "/v1/dead-letters/{letter_id}", "/v1/suspense/{payment_id}/assignment"
DECLARED = dict(declaration("P1", "2026-01", [("000000000001", 40_000)]).body)
GIVEN, TAKEN_BACK = {"source": "/bank", "payer_id": "P1"}, {"source": "/bank", "reason": "essai"}
Build = Callable[[Settings], Service]
DOORS: list[tuple[Build, str, str, Any, dict[str, str]]] = [
    *((build, "POST", f"{LETTER}/replay", None, {}) for build in (registration, contributions, liquidation, reporting)),
    (registration, "POST", f"{LETTER}/discard", {"reason": "essai"}, KEY),
    (registration, "POST", "/v1/payers", dict(affiliation("P1").body), {}),
    (contributions, "POST", SUSPENSE, GIVEN, {}),
    (contributions, "DELETE", SUSPENSE, TAKEN_BACK, {}),
    (contributions, "POST", "/v1/declarations", DECLARED, KEY),
    (contributions, "POST", "/v1/declarations/dry-run", DECLARED, {}),
    (contributions, "POST", "/v1/declarations/dry-run", DECLARED, KEY),
]


@asynccontextmanager
async def opened(build: Build, url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A service's API on a migrated database, without a broker."""
    settings = Settings(kafka="127.0.0.1:9", database_url=url)
    await migrate(url, build(settings).migrations)
    app = build(settings).create_api(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://behind", timeout=60) as client,
    ):
        yield client


def acting(app: FastAPI) -> set[tuple[str, str]]:
    """The routes by which something can be done, by method and path."""
    return {
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if method not in ("get", "head")
    }


@pytest.mark.parametrize("build", [registration, contributions, liquidation, reporting])
def test_every_door_that_acts_is_asked_here(build: Build) -> None:
    settings = Settings(kafka="127.0.0.1:9", database_url="postgresql://nobody@127.0.0.1:9/none")
    assert acting(build(settings).create_api(settings)) <= {(method, path) for _, method, path, *_ in DOORS}


@pytest.mark.parametrize(
    ("build", "method", "path", "body", "headers"),
    DOORS,
    ids=[
        f"{build.__module__.split('.')[1]}-{method}-{path}{'-key' * bool(key)}" for build, method, path, _, key in DOORS
    ],
)
async def test_a_door_of_a_database_that_is_behind_does_nothing_and_says_so(
    postgres: CreateDatabase, build: Build, method: str, path: str, body: Any, headers: dict[str, str]
) -> None:
    url = await postgres(f"behind_{uuid4().hex[:12]}")
    where = path.format(letter_id=1, payment_id="V1")
    async with opened(build, url) as client:
        database = await asyncpg.connect(url)
        await database.execute("update clock set is_behind = true")
        refused = await client.request(method, where, json=body, headers=headers)
        kept = [await database.fetchval(f"select count(*) from {name}") for name in ("answered", "audit", "outbox")]  # noqa: S608
        await database.execute("update clock set is_behind = false")
        await database.close()
        later = await client.request(method, where, json=body, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (503, f"urn:recouvra:problem:{BEHIND.code}")
    assert refused.headers["content-type"] == MEDIA_TYPE
    assert kept == [0, 0, 0]
    assert later.status_code != 500
    assert later.json().get("type") != refused.json()["type"], "else it says so whatever the database knows"
