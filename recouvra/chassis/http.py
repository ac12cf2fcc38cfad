"""The HTTP face that every service has: who may ask, health, metrics, dead letters, problems, its documents."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline

from recouvra.chassis.batch import Reading
from recouvra.chassis.bodies import BoundedBody
from recouvra.chassis.callers import Callers
from recouvra.chassis.database import READER, Database
from recouvra.chassis.described import describe
from recouvra.chassis.gate import Gate
from recouvra.chassis.health import Health, Ready
from recouvra.chassis.mending import add_dead_letters
from recouvra.chassis.metrics import CONTENT_TYPE, Metrics
from recouvra.chassis.problems import ProblemPage, add_problem_handlers
from recouvra.chassis.settings import Settings

_NOTHING = re.compile("(?!)")


@dataclass(frozen=True, slots=True)
class Face:
    """What a service's own routes are given."""

    settings: Settings
    database: Database
    reading: Reading


def create_app(
    service: str,
    summary: str,
    settings: Settings,
    migrations: Sequence[str],
    reading: Reading,
    *,
    ready: Ready | None = None,
    declares: re.Pattern[str] = _NOTHING,
    problem_page: ProblemPage | None = None,
    session: Mapping[str, str] = READER,
) -> tuple[FastAPI, Face]:
    """An app with the common face; nothing is opened before the first request.

    Args:
        migrations: the names that must have been applied before the service is ready.
        reading: how the service takes records in, for those that are replayed.
        ready: one more check of the service's own.
        declares: what a caller may ask whose role is to declare, as ``METHOD /path``.
        problem_page: of a service with pages for people, who may then read with a token as their password.
        session: how its sessions on the database are set.
    """
    face = Face(settings, Database(settings.database_url, session), reading)
    watched, counted = (Database(settings.database_url, session, size=1) for _ in range(2))
    metrics = Metrics(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.gather(*(one.close() for one in (face.database, watched, counted)))

    app: FastAPI = FastAPIOffline(
        title=f"Recouvra · {service}", summary=summary, version="1", lifespan=lifespan, openapi_url="/openapi.json"
    )
    describe(app)
    add_problem_handlers(app, problem_page)
    app.add_middleware(BoundedBody, patience=settings.body_seconds)
    has_pages = problem_page is not None
    app.add_middleware(
        Gate, callers=Callers(settings.tokens_file), metrics=metrics, declares=declares, has_pages=has_pages
    )
    _add_health(app, Health(watched, settings.kafka, migrations, ready))
    _add_exposition(app, counted, metrics)
    add_dead_letters(app, face)
    return app, face


def _add_health(app: FastAPI, health: Health) -> None:
    @app.get("/livez", tags=["health"], summary="Vivant / alive")
    async def livez() -> dict[str, str]:
        """200 while the process answers."""
        return {"status": "alive"}

    @app.get("/readyz", tags=["health"], summary="Prêt / ready", responses={503: {"description": "not ready"}})
    async def readyz() -> JSONResponse:
        """200 where database, migrations and broker are there; else 503 and which is not."""
        checks = await health.checks()
        fine = all(state == "ok" for state in checks.values())
        return JSONResponse({"status": "ready" if fine else "not ready", "checks": checks}, 200 if fine else 503)


def _add_exposition(app: FastAPI, database: Database, metrics: Metrics) -> None:
    @app.get(
        "/metrics",
        tags=["health"],
        summary="Prometheus",
        response_class=Response,
        responses={200: {"description": "the figures", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def exposition() -> Response:
        """Prometheus' text format; 200 even while the database is away."""
        try:
            async with asyncio.timeout(3):
                pool = await database.pool()
                async with pool.acquire(timeout=1) as connection:
                    text = await metrics.text(connection)
        except Exception:
            text = await metrics.text(None)
        return Response(text, media_type=CONTENT_TYPE)


def write_openapi(app: FastAPI) -> str:
    """The OpenAPI document as committed: stable text."""
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
