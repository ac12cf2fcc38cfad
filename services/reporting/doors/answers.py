"""From a request to an answer: one instant, one snapshot, one form; the same for every report."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from recouvra.chassis.database import Database
from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message
from services.reporting.doors import formats
from services.reporting.doors.cursors import Cursor
from services.reporting.doors.snapshot import Snapshot, snapshot
from services.reporting.reports.asked import Paged
from services.reporting.reports.instants import told
from services.reporting.reports.payer import shown
from services.reporting.reports.plan import Plan

A = TypeVar("A", bound=Paged)
_REPEATABLE = ("group_by",)


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers from this database, complete up to the marks of the awaited services."""

    database: Database
    awaited: Sequence[str]

    async def table(self, request: Request, asked: A, plan: Callable[[A, datetime], Plan]) -> Response:
        """A report of rows: a page with its total as JSON, or every row as CSV."""
        once(request)
        form = formats.wanted(request, asked.format, ("json", "csv"))
        async with AsyncExitStack() as stack:
            seen = await stack.enter_async_context(snapshot(self.database, self.awaited))
            as_of, after = seen.answered(asked.as_of), None
            if asked.cursor is not None:
                if form != "json":
                    raise _no_pages()
                cursor = Cursor.read(request, asked.cursor, len(plan(asked, as_of).keys))
                as_of, after = seen.answered(cursor.as_of), cursor.keys
            headers = _headers(request, seen, as_of, form)
            if _is_known(request, headers["ETag"]):
                return Response(status_code=304, headers=headers)
            made = plan(asked, as_of)
            if form == "csv":
                name = request.url.path.rpartition("/")[2]
                headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
                lines = formats.csv_lines(
                    [*made.keys, *made.columns], _all_rows(seen, made), ";" if asked.lang == "fr" else ","
                )
                return _Held(lines, stack.pop_all(), headers=headers, media_type="text/csv; charset=utf-8")
            body = await _page(request, seen, made, as_of, after, asked.limit)
        return as_json(body, headers)

    async def one(
        self,
        request: Request,
        as_of: datetime | None,
        find: Callable[[Snapshot, datetime], Any],
        unknown: Problem,
    ) -> Response:
        """One thing as JSON, as `find` finds it at the instant answered; raises `unknown` where it finds None."""
        once(request)
        formats.wanted(request, None, ("json",))
        async with snapshot(self.database, self.awaited) as seen:
            at = seen.answered(as_of)
            headers = _headers(request, seen, at, "json")
            found = await find(seen, at)
            if found is None:
                raise unknown
            if _is_known(request, headers["ETag"]):
                return Response(status_code=304, headers=headers)
        return as_json(_instants(seen, at) | found, headers)


def once(request: Request) -> None:
    """Refuses a parameter given twice that can hold one value only: one of both would be dropped silently."""
    names = [name for name, _ in request.query_params.multi_items() if name not in _REPEATABLE]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        fault = Message(fr="une seule valeur est attendue", en="one value is expected")
        message = Message(fr="Un paramètre est donné plusieurs fois.", en="A parameter is given several times.")
        raise Problem(422, "invalid-request", message, [(f"/query/{name}", fault) for name in twice])


def as_json(body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """The body as compact JSON; dates and instants as the contracts write them."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=shown)
    return Response(text, media_type="application/json", headers=dict(headers))


def _instants(seen: Snapshot, as_of: datetime) -> dict[str, Any]:
    return {"as_of": told(as_of), "complete_up_to": told(seen.complete_up_to)}


async def _page(
    request: Request, seen: Snapshot, plan: Plan, as_of: datetime, after: Sequence[str] | None, limit: int
) -> dict[str, Any]:
    sql, arguments = plan.page(after, limit + 1)
    *records, total = await seen.connection.fetch(sql, *arguments)
    rows = [plan.row(dict(record)) for record in records[:limit]]
    following = None
    if len(records) > limit:
        following = Cursor(as_of, [records[limit - 1][key] for key in plan.keys]).written(request)
    return _instants(seen, as_of) | {"rows": rows, "total": plan.fields(dict(total)), "next": following}


async def _all_rows(seen: Snapshot, plan: Plan) -> AsyncIterator[Sequence[object]]:
    sql, arguments = plan.whole()
    async for record in seen.connection.cursor(sql, *arguments, prefetch=1_000):
        yield list(plan.row(dict(record)).values())


def _headers(request: Request, seen: Snapshot, as_of: datetime, form: str) -> dict[str, str]:
    """The tag is weak: of two answers with one tag every figure is the same, `complete_up_to` may have moved on."""
    query = sorted(request.query_params.multi_items())
    named = json.dumps([request.url.path, query, form, told(as_of), seen.positions])
    tag = blake2b(named.encode(), digest_size=16).hexdigest()
    return {"ETag": f'W/"{tag}"', "Vary": "Accept", "Cache-Control": "no-cache"}


def _is_known(request: Request, tag: str) -> bool:
    held = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    return "*" in held or tag.removeprefix("W/") in held


def _no_pages() -> Problem:
    fault = Message(fr="CSV contient toutes les lignes, sans pages", en="CSV holds every row, and no pages")
    message = Message(fr="Un curseur ne sert qu'en JSON.", en="A cursor is for JSON only.")
    return Problem(422, "invalid-request", message, [("/query/cursor", fault)])


class _Held(StreamingResponse):
    """A stream that reads from an open snapshot, and lets go of it however the stream ends."""

    def __init__(self, lines: AsyncIterator[bytes], held: AsyncExitStack, **how: Any) -> None:
        super().__init__(lines, **how)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held:
            await super().__call__(scope, receive, send)
