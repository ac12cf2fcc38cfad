"""The HTTP face that every service has: who may ask, health, metrics, dead letters, problems, its documents."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline

from recouvra.chassis.batch import Reading
from recouvra.chassis.bodies import BoundedBody
from recouvra.chassis.callers import UNKNOWN, Callers, Role, allow, default_role, is_bearer, refuse_foreign_pages
from recouvra.chassis.database import Database
from recouvra.chassis.described import describe
from recouvra.chassis.health import Health
from recouvra.chassis.mending import add_dead_letters
from recouvra.chassis.metrics import CONTENT_TYPE, Metrics
from recouvra.chassis.problems import Problem, ProblemPage, add_problem_handlers, problem_response
from recouvra.chassis.settings import Settings

_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
_NOTHING = re.compile("(?!)")
_OPEN = ("/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/redoc", "/static-offline-docs")


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
    ready: Callable[[Face], Awaitable[str]] | None = None,
    declares: re.Pattern[str] = _NOTHING,
    problem_page: ProblemPage | None = None,
) -> tuple[FastAPI, Face]:
    """An app with the common face; nothing is opened before the first request.

    Args:
        migrations: the names that must have been applied before the service is ready.
        reading: how the service takes records in, for those that are replayed.
        ready: one more check of the service's own: ``ok`` or what it still waits for.
        declares: what a caller may ask whose role is to declare, as ``METHOD /path``.
        problem_page: of a service with pages for people, who may then read with a token as their password.
    """
    face = Face(settings, Database(settings.database_url), reading)
    metrics = Metrics(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await face.database.close()

    app: FastAPI = FastAPIOffline(
        title=f"Recouvra · {service}", summary=summary, version="1", lifespan=lifespan, openapi_url="/openapi.json"
    )
    describe(app)
    add_problem_handlers(app, problem_page)
    app.add_middleware(BoundedBody, patience=settings.body_seconds)
    _add_gates(app, Callers(settings.tokens_file), metrics, declares, has_pages=problem_page is not None)
    _add_health(app, face, Health(face.database, settings.kafka, migrations), ready)
    _add_exposition(app, face, metrics)
    add_dead_letters(app, face)
    return app, face


def _add_gates(app: FastAPI, callers: Callers, metrics: Metrics, declares: re.Pattern[str], *, has_pages: bool) -> None:
    @app.middleware("http")
    async def authorised(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        """Who asks, before anything of the request is looked at; what tells of health and of the face is open."""
        path = request.scope["path"]
        # A browser adds a password to whatever another site's page makes it send: it opens what is read, never an act.
        by_password = has_pages and request.method in ("GET", "HEAD")
        if not path.startswith(_OPEN):
            try:
                refuse_foreign_pages(request)
                said = request.headers.get("authorization")
                request.state.caller = caller = callers.of(said, by_password=by_password)
                if by_password and caller.role < Role.READER and not is_bearer(said):
                    raise UNKNOWN  # so that a browser asks for a token that may read
                if not (caller.role is Role.DECLARER and declares.fullmatch(f"{request.method} {path}")):
                    allow(caller, default_role(request.method, path))
            except Problem as problem:
                response = problem_response(request, problem)
                if problem.status == 401:
                    response.headers["WWW-Authenticate"] = "Bearer"
                    if by_password:
                        response.headers.append("WWW-Authenticate", 'Basic realm="Recouvra", charset="UTF-8"')
                return response
        return await call_next(request)

    @app.middleware("http")
    async def measured(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        started = time.perf_counter()
        response = await call_next(request)
        route = request.scope.get("route")
        method = request.method if request.method in _METHODS else "other"  # whatever else a client calls its method
        metrics.answered(method, getattr(route, "path", "none"), response.status_code, started)
        return response


def _add_health(app: FastAPI, face: Face, health: Health, ready: Callable[[Face], Awaitable[str]] | None) -> None:
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


def _add_exposition(app: FastAPI, face: Face, metrics: Metrics) -> None:
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
                pool = await face.database.pool()
                async with pool.acquire(timeout=1) as connection:
                    text = await metrics.text(connection)
        except Exception:
            text = await metrics.text(None)
        return Response(text, media_type=CONTENT_TYPE)


def write_openapi(app: FastAPI) -> str:
    """The OpenAPI document as committed: stable text."""
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
