"""What every request passes before anything of it is looked at: who asks, may they, and how long the answer takes.

Plain ASGI: a middleware of functions over requests and responses would cost each request tasks and streams of its own.
"""

from __future__ import annotations

import re
import time

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recouvra.chassis.callers import (
    UNKNOWN,
    Callers,
    Role,
    allow,
    default_role,
    is_bearer,
    refuse_foreign_pages,
    refuse_strange_names,
)
from recouvra.chassis.metrics import Metrics
from recouvra.chassis.problems import Problem, problem_response

_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
_OPEN = ("/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/redoc", "/static-offline-docs")
"""Beginnings of the paths that anybody may ask: what tells of health and of the face."""


class Gate:
    """ASGI middleware: lets in who may ask, as `request.state.caller`, and counts every answer, refusals too."""

    def __init__(
        self, app: ASGIApp, callers: Callers, metrics: Metrics, declares: re.Pattern[str], *, has_pages: bool
    ) -> None:
        """`declares`: what a declarer may ask, ``METHOD /path``; `has_pages`: people may give a token as password."""
        self._app, self._callers, self._metrics = app, callers, metrics
        self._declares, self._has_pages = declares, has_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers why not; counted when the answer begins, or where none came of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method, started, has_begun = scope["method"], time.perf_counter(), False
        if method == "HEAD":  # a GET whose body the server leaves out
            scope = {**scope, "method": "GET"}

        def count(status: int) -> None:
            nonlocal has_begun
            has_begun = True
            route = getattr(scope.get("route"), "path", "none")
            named = method if method in _METHODS else "other"  # whatever a client calls it
            self._metrics.answered(named, route, status, started)

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                count(message["status"])
            await send(message)

        try:
            await (self._refused(Request(scope)) or self._app)(scope, receive, counted)
        except Exception:
            if not has_begun:
                count(500)  # as what stands around us answers
            raise

    def _refused(self, request: Request) -> Response | None:
        """The answer to whoever may not ask this; None lets them in."""
        method, path = request.method, request.scope["path"]
        if path.startswith(_OPEN):
            return None
        # A browser adds a password to whatever another site's page makes it send: it opens what is read, never an act.
        by_password = self._has_pages and method == "GET"
        try:
            refuse_foreign_pages(request)
            said = request.headers.get("authorization")
            request.state.caller = caller = self._callers.of(said, by_password=by_password)
            refuse_strange_names(request, caller)
            if by_password and caller.role < Role.READER and not is_bearer(said):
                raise UNKNOWN  # so that a browser asks for a token that may read
            if not (caller.role is Role.DECLARER and self._declares.fullmatch(f"{method} {path}")):
                allow(caller, default_role(method, path))
        except Problem as problem:
            response = problem_response(request, problem)
            if problem.status == 401:
                response.headers["WWW-Authenticate"] = "Bearer"
                if by_password:
                    response.headers.append("WWW-Authenticate", 'Basic realm="Recouvra", charset="UTF-8"')
            return response
        return None
