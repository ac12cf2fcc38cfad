"""The dashboard's door: pages for people, each made of the answers of the reports' own code, in one snapshot.

The page of `/v1/X` is `/X`, by the same query. Blank fields of a form say nothing; `format` is the API's alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import asyncpg
from fastapi import FastAPI, Path, Request
from fastapi.responses import HTMLResponse, Response

from recouvra.chassis.database import Database
from recouvra.contracts.event import Identifier
from services.reporting.doors.answers import headers_of, is_known, page
from services.reporting.doors.browsers import HEADERS, here_of, html, read
from services.reporting.doors.cursors import Cursor
from services.reporting.doors.fresh import Fresh
from services.reporting.doors.refusals import UNKNOWN_PAYER, refuse_backwards
from services.reporting.doors.snapshot import Snapshot, snapshot
from services.reporting.pages import fresh as freshness
from services.reporting.pages.form import fields
from services.reporting.pages.home import QUESTIONS, HomeAsked, asked_of, home
from services.reporting.pages.links import Here
from services.reporting.pages.payer import account
from services.reporting.pages.rendering import EDITION, rendered
from services.reporting.pages.reports import REPORTS, Report
from services.reporting.pages.table import table, upright
from services.reporting.pages.writing import territory
from services.reporting.reports import payer
from services.reporting.reports.freshness import FreshnessAsked
from services.reporting.reports.instants import told
from services.reporting.reports.payer import PayerAsked

Body = Mapping[str, Any]
_ROWS = 30  # of a page: a phone on a slow network has it at once
_EACH_SECONDS = 4.0
_ALL_SECONDS = 8.0
_LEAST_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages of this database's figures, complete up to the marks of the awaited services."""

    database: Database
    awaited: Sequence[str]
    fresh: Fresh
    room: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(2)
    )  # a dashboard asks for a dozen reports

    async def home(self, request: Request) -> Response:
        """The dashboard. Every figure is of one instant and one snapshot; what takes too long is said to be lacking."""
        asked, fresh = read(request, HomeAsked), await self.fresh.now()
        warnings = freshness.warnings(fresh, datetime.now(UTC), here_of(request).lang)
        answers: dict[str, Body | None] = {}

        async def show(seen: Snapshot, here: Here, as_of: datetime) -> str:
            until = asyncio.get_running_loop().time() + _ALL_SECONDS
            for name, question in QUESTIONS.items():
                left = min(_EACH_SECONDS, until - asyncio.get_running_loop().time())
                plan = REPORTS[question.name].plan(asked_of(question, asked), as_of)
                ask = partial(page, request, seen, plan, as_of, None, question.limit)
                answers[name] = await _within(left, seen, ask)
            return rendered(
                "home",
                here,
                home=home(answers, here, is_filtered=asked.names_payers),
                is_of_periods=asked.names_periods,
                form=list(fields(HomeAsked, here, {})),
                warnings=warnings,
                complete_up_to=told(seen.complete_up_to),
            )

        async with self.room:
            answer = await self._shown(request, asked.as_of, show, "\n".join(warnings))
        if None in answers.values():  # what lacked a figure is not to be held: asked again it may have it
            answer.headers["Cache-Control"] = "no-store"
            del answer.headers["ETag"]
        return answer

    async def report(self, request: Request, report: Report) -> Response:
        """A report's rows, or its one row upright, with the ways to what is behind them."""
        asked = read(request, report.asked)
        refuse_backwards(asked)
        limit = asked.limit if "limit" in asked.model_fields_set else _ROWS

        async def show(seen: Snapshot, here: Here, as_of: datetime) -> str:
            after = None
            if asked.cursor is not None:
                types = report.plan(asked, as_of).place_types
                cursor = Cursor.read(request, asked.cursor, types, seen.edition)
                as_of, after = seen.answered(cursor.as_of), cursor.place
                here = here.at(told(as_of))
            plan = report.plan(asked, as_of)
            answer = await page(request, seen, plan, as_of, after, limit)
            return rendered(
                "report",
                here,
                report=report,
                table=table(report.name, answer, here),
                upright=[] if plan.keys else upright(report.name, answer, here),
                form=list(fields(report.asked, here, {})),
                following=answer["next"] and here.again(cursor=answer["next"]),
                complete_up_to=answer["complete_up_to"],
            )

        return await self._shown(request, asked.as_of, show)

    async def payer(self, request: Request, payer_id: str) -> Response:
        """One payer, period by period, and the facts behind one of them."""
        asked = read(request, PayerAsked)

        async def show(seen: Snapshot, here: Here, as_of: datetime) -> str:
            answer = await payer.account(seen.connection, payer_id, asked, as_of)
            if answer is None:
                raise UNKNOWN_PAYER
            return rendered(
                "payer",
                here,
                answer=answer,
                account=account(answer, here),
                place=territory(answer["territory_code"] or ""),
                form=list(fields(PayerAsked, here, {})),
                complete_up_to=told(seen.complete_up_to),
            )

        return await self._shown(request, asked.as_of, show)

    async def freshness(self, request: Request) -> Response:
        """How far behind the figures are, now; it is told while they are not complete too."""
        read(request, FreshnessAsked)
        here, fresh = here_of(request), await self.fresh.now()
        shown = rendered(
            "freshness",
            here,
            warnings=freshness.warnings(fresh, datetime.now(UTC), here.lang),
            topics=freshness.topics(fresh, here.lang),
            checks=list(freshness.checks(fresh, here.lang)),
            complete_up_to=fresh["complete_up_to"],
        )
        return html(request, shown, {"Cache-Control": "no-store"})

    async def _shown(
        self,
        request: Request,
        as_of: datetime | None,
        show: Callable[[Snapshot, Here, datetime], Awaitable[str]],
        also: str = "",
    ) -> Response:
        """A page of one snapshot, and its tag; `also`: what else than figures stands on it."""
        async with snapshot(self.database, self.awaited) as seen:
            at = seen.answered(as_of)
            headers = headers_of(request, seen, at, f"html {EDITION} {also}")
            headers["Cache-Control"] = "private, no-cache"
            if is_known(request, headers["ETag"]):
                return Response(status_code=304, headers=headers | HEADERS)
            shown = await show(seen, replace(here_of(request), as_of=told(at)), at)
        return html(request, shown, headers)


def add_pages(app: FastAPI, database: Database, awaited: Sequence[str], fresh: Fresh) -> None:
    """The dashboard at `/`, a page for each report and each payer. Statuses: 200, 304, 401, 403, 404, 422, 503."""
    pages = Pages(database, awaited, fresh)

    def add(path: str, endpoint: Callable[..., Awaitable[Response]]) -> None:
        app.add_api_route(path, endpoint, include_in_schema=False, response_class=HTMLResponse)

    def of(report: Report) -> Callable[[Request], Awaitable[Response]]:
        async def get_report(request: Request) -> Response:
            return await pages.report(request, report)

        return get_report

    async def get_payer(request: Request, payer_id: Annotated[Identifier, Path()]) -> Response:
        return await pages.payer(request, payer_id)

    add("/", pages.home)
    add("/freshness", pages.freshness)
    for name, report in REPORTS.items():
        add(f"/{name}", of(report))
    add("/payers/{payer_id}", get_payer)


async def _within(seconds: float, seen: Snapshot, ask: Callable[[], Awaitable[Body]]) -> Body | None:
    """An answer, or None where the database is not done with it by then; the snapshot stays as it is."""
    if seconds < _LEAST_SECONDS:
        return None
    try:
        async with seen.connection.transaction():
            await seen.connection.execute(f"set local statement_timeout = {int(seconds * 1000)}")
            return await ask()
    except asyncpg.QueryCanceledError:
        return None
