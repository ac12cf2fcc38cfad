"""From a request to an answer: one instant, one snapshot, one form; the same for every report."""

from __future__ import annotations

import json
from asyncio import Semaphore
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

from fastapi import Request, Response

from recouvra.chassis.database import Database
from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message
from services.reporting.doors import formats
from services.reporting.doors.cursors import Cursor
from services.reporting.doors.files.export import Export
from services.reporting.doors.snapshot import Snapshot, snapshot
from services.reporting.reports.asked import Paged
from services.reporting.reports.instants import told
from services.reporting.reports.payer import shown
from services.reporting.reports.plan import Cell, Plan

A = TypeVar("A", bound=Paged)
_REPEATABLE = ("group_by",)
_ROWS_A_BATCH = 5_000
_FILES_AT_ONCE = 4  # of the pool's eight sessions: whoever asks for a page never waits for long tables
_SHEETS_AT_ONCE = 1  # no form takes more work, nor more of the disk before it is packed


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers from this database, complete up to the marks of the awaited services."""

    database: Database
    awaited: Sequence[str]
    _files: Semaphore = field(default_factory=lambda: Semaphore(_FILES_AT_ONCE))
    _sheets: Semaphore = field(default_factory=lambda: Semaphore(_SHEETS_AT_ONCE))

    async def table(self, request: Request, asked: A, plan: Callable[[A, datetime], Plan]) -> Response:
        """A report of rows: a page with its total as JSON, or every row as a file; an XLSX waits for the one before."""
        once(request)
        form = formats.wanted(request, asked.format, formats.OF_TABLES)
        async with self._sheets if form == "xlsx" else nullcontext():
            return await self._table(request, asked, plan, form)

    async def _table(self, request: Request, asked: A, plan: Callable[[A, datetime], Plan], form: str) -> Response:
        async with nullcontext() if form == "json" else self._files, snapshot(self.database, self.awaited) as seen:
            as_of, after = seen.answered(asked.as_of), None
            if asked.cursor is not None:
                if form != "json":
                    raise _no_pages()
                cursor = Cursor.read(request, asked.cursor, plan(asked, as_of).place_types, seen.edition)
                as_of, after = seen.answered(cursor.as_of), cursor.place
            headers = headers_of(request, seen, as_of, form)
            if is_known(request, headers["ETag"]):
                return Response(status_code=304, headers=headers)
            made = plan(asked, as_of)
            if form == "json":
                return as_json(await page(request, seen, made, as_of, after, asked.limit), headers)
            name = request.url.path.rpartition("/")[2]
            export = Export(form, name, made.table, ";" if asked.lang == "fr" else ",")
            await export.fill(_batches(seen, made))
        return await export.sent(headers)

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
            headers = headers_of(request, seen, at, "json")
            found = await find(seen, at)
            if found is None:
                raise unknown
            if is_known(request, headers["ETag"]):
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


async def page(
    request: Request, seen: Snapshot, plan: Plan, as_of: datetime, after: Sequence[str | int] | None, limit: int
) -> dict[str, Any]:
    """A report's answer: the rows of a page, the total of them all, and the cursor of the page that follows."""
    sql, arguments = plan.page(after, limit + 1)
    if not plan.planned_once:
        await seen.planned_anew()
    *records, total = await seen.connection.fetch(sql, *arguments)
    rows = [plan.row(dict(record)) for record in records[:limit]]
    following = None
    if len(records) > limit:
        following = Cursor(as_of, plan.place(dict(records[limit - 1])), seen.edition).written(request)
    return _instants(seen, as_of) | {"rows": rows, "total": plan.fields(dict(total)), "next": following}


async def _batches(seen: Snapshot, plan: Plan) -> AsyncIterator[Sequence[Sequence[Cell]]]:
    sql, arguments = plan.whole()
    await seen.planned_anew()
    cursor = await seen.connection.cursor(sql, *arguments)
    while records := await cursor.fetch(_ROWS_A_BATCH):
        yield [list(plan.row(dict(record)).values()) for record in records]


def headers_of(request: Request, seen: Snapshot, as_of: datetime, form: str) -> dict[str, str]:
    """The tag is weak: of two answers with one tag every figure is the same, `complete_up_to` may have moved on."""
    query = sorted(request.query_params.multi_items())
    named = json.dumps([request.url.path, query, form, told(as_of), seen.positions])
    tag = blake2b(named.encode(), digest_size=16).hexdigest()
    return {"ETag": f'W/"{tag}"', "Vary": "Accept", "Cache-Control": "no-cache"}


def is_known(request: Request, tag: str) -> bool:
    """Whether the caller holds the answer of this tag already."""
    held = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    return "*" in held or tag.removeprefix("W/") in held


def _no_pages() -> Problem:
    fault = Message(fr="un fichier contient toutes les lignes, sans pages", en="a file holds every row, and no pages")
    message = Message(fr="Un curseur ne sert qu'en JSON.", en="A cursor is for JSON only.")
    return Problem(422, "invalid-request", message, [("/query/cursor", fault)])
