"""The HTTP face that every service has: health, metrics, dead letters, problems, its documents."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline

from recouvra.chassis import dead_letters
from recouvra.chassis.database import Database
from recouvra.chassis.health import Health
from recouvra.chassis.metrics import CONTENT_TYPE, Metrics
from recouvra.chassis.problems import Problem, add_problem_handlers
from recouvra.chassis.settings import Settings
from recouvra.contracts.codes import Message

# PostgreSQL's text holds no U+0000, and refuses to look for one.
_Text = Annotated[str, Query(pattern=r"^[^\x00]*$")]


@dataclass(frozen=True, slots=True)
class Face:
    """What a service's own routes are given."""

    settings: Settings
    database: Database


def create_app(
    service: str,
    summary: str,
    settings: Settings,
    migrations: Sequence[str],
    *,
    ready: Callable[[Face], Awaitable[str]] | None = None,
) -> tuple[FastAPI, Face]:
    """An app with the common face; nothing is opened before the first request.

    Args:
        migrations: the names that must have been applied before the service is ready.
        ready: one more check of the service's own: ``ok`` or what it still waits for.
    """
    face = Face(settings, Database(settings.database_url))
    health = Health(face.database, settings.kafka, migrations)
    metrics = Metrics(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await face.database.close()

    app: FastAPI = FastAPIOffline(
        title=f"Recouvra · {service}", summary=summary, version="1", lifespan=lifespan, openapi_url="/openapi.json"
    )
    add_problem_handlers(app)

    @app.middleware("http")
    async def measured(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        started = time.perf_counter()
        response = await call_next(request)
        route = request.scope.get("route")
        metrics.answered(request.method, getattr(route, "path", "none"), response.status_code, started)
        return response

    @app.get("/livez", tags=["health"], summary="Vivant / alive")
    async def livez() -> dict[str, str]:
        """200 while the process answers."""
        return {"status": "alive"}

    @app.get("/readyz", tags=["health"], summary="Prêt / ready", responses={503: {"description": "not ready"}})
    async def readyz() -> JSONResponse:
        """200 where database, migrations and broker are there; else 503 and which is not."""
        checks = await health.checks()
        if ready is not None and checks["migrations"] == "ok":
            checks["own"] = await ready(face)
        fine = all(state == "ok" for state in checks.values())
        return JSONResponse({"status": "ready" if fine else "not ready", "checks": checks}, 200 if fine else 503)

    @app.get("/metrics", tags=["health"], summary="Prometheus", response_class=Response)
    async def exposition() -> Response:
        """Prometheus' text format; 200 even while the database is away."""
        try:
            async with asyncio.timeout(3):
                pool = await face.database.pool()
                async with pool.acquire(timeout=1) as connection:
                    text = await metrics.text(connection)
        except Exception:
            text = await metrics.text(None)
        return Response(text, media_type=CONTENT_TYPE)

    _add_dead_letters(app, face)
    return app, face


def _add_dead_letters(app: FastAPI, face: Face) -> None:
    @app.get("/v1/dead-letters", tags=["dead letters"], summary="Enregistrements mis de côté / records set aside")
    async def list_dead_letters(
        reason: _Text | None = None,
        topic: _Text | None = None,
        state: Literal["waiting", "replayed", "discarded"] | None = None,
        source: _Text | None = None,
        cursor: Annotated[str | None, Query(pattern="^[0-9]{1,18}$")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> dict[str, Any]:
        """Oldest first; `total` counts the letters of all pages. Statuses: 200, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection:
            rows, following, total = await dead_letters.page(
                connection, reason=reason, topic=topic, state=state, source=source, after=int(cursor or 0), limit=limit
            )
        return {"rows": rows, "next": None if following is None else str(following), "total": total}

    @app.get(
        "/v1/dead-letters/{letter_id}", tags=["dead letters"], summary="Un enregistrement mis de côté / one of them"
    )
    async def show_dead_letter(letter_id: int) -> dict[str, Any]:
        """Statuses: 200, 404, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection:
            letter = await dead_letters.one(connection, letter_id) if 0 < letter_id < 1 << 63 else None
        if letter is None:
            raise Problem(
                404,
                "unknown-dead-letter",
                Message(fr="Aucun enregistrement mis de côté sous ce numéro.", en="No dead letter has this number."),
            )
        return letter


def write_openapi(app: FastAPI) -> str:
    """The OpenAPI document as committed: stable text."""
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
