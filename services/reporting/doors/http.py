"""The HTTP face of reporting: an endpoint a report. They decide nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request, Response

from recouvra.chassis.batch import Reading
from recouvra.chassis.http import Face, create_app
from recouvra.chassis.problems import Problem
from recouvra.chassis.settings import Settings
from recouvra.contracts.codes import Message
from recouvra.contracts.event import Identifier
from recouvra.contracts.topics import FACTS
from services.reporting.doors import formats, neighbours
from services.reporting.doors.answers import Answers, as_json, once
from services.reporting.projections.marks import complete_up_to
from services.reporting.reports import collection_rates, freshness, money, payer
from services.reporting.reports.collection_rates import CollectionRatesAsked
from services.reporting.reports.freshness import FreshnessAsked
from services.reporting.reports.instants import told
from services.reporting.reports.money import MoneyAsked
from services.reporting.reports.payer import PayerAsked

_TABLE: dict[int | str, dict[str, Any]] = {
    200: {"description": "as_of, complete_up_to, rows, total, next", "content": {"text/csv": {}}},
    304: {"description": "nothing changed since the ETag of If-None-Match"},
    406: {"description": "no form that Accept takes"},
    503: {"description": "the first facts are still being read"},
}
_UNKNOWN_PAYER = Problem(
    404,
    "unknown-payer",
    Message(
        fr="Aucun cotisant n'était connu sous cet identifiant à cet instant.",
        en="No payer was known by this identifier at this instant.",
    ),
)


def build_api(settings: Settings, migrations: Sequence[str], reading: Reading, awaited: Sequence[str]) -> FastAPI:
    """The app; figures are complete up to the least that every `awaited` service has marked."""

    async def ready(face: Face) -> str:
        pool = await face.database.pool()
        async with pool.acquire() as connection:
            complete = await complete_up_to(connection, awaited)
        return "ok" if complete is not None else f"waits for the marks of {', '.join(awaited)}"

    app, face = create_app(
        "reporting",
        "Ce qui est dû, ce qui est entré / what is due, what came in",
        settings,
        migrations,
        reading,
        ready=ready,
    )
    answers = Answers(face.database, awaited)

    @app.get(
        "/v1/collection-rates", tags=["reports"], summary="Taux de recouvrement / collection rates", responses=_TABLE
    )
    async def get_collection_rates(request: Request, asked: Annotated[CollectionRatesAsked, Query()]) -> Response:
        """DEF-006, DEF-007, by any grouping. Statuses: 200, 304, 406, 422, 503."""
        return await answers.table(request, asked, collection_rates.plan)

    @app.get("/v1/money", tags=["reports"], summary="Encaissements / money in", responses=_TABLE)
    async def get_money(request: Request, asked: Annotated[MoneyAsked, Query()]) -> Response:
        """Everything reported in, by channel and month, and where it stands. Statuses: 200, 304, 406, 422, 503."""
        return await answers.table(request, asked, money.plan)

    @app.get("/v1/payers/{payer_id}", tags=["reports"], summary="Un cotisant / one payer")
    async def get_payer(
        request: Request, payer_id: Annotated[Identifier, Path()], asked: Annotated[PayerAsked, Query()]
    ) -> Response:
        """Its figures and the facts behind them. Statuses: 200, 304, 404, 406, 422, 503."""
        return await answers.one(
            request,
            asked.as_of,
            lambda seen, as_of: payer.account(seen.connection, payer_id, asked, as_of),
            _UNKNOWN_PAYER,
        )

    _add_freshness(app, face, awaited)
    return app


def _add_freshness(app: FastAPI, face: Face, awaited: Sequence[str]) -> None:
    @app.get("/v1/freshness", tags=["reports"], summary="Fraîcheur / freshness")
    async def get_freshness(request: Request, asked: Annotated[FreshnessAsked, Query()]) -> Response:
        """How far behind the figures are; it answers while they are not complete too. Statuses: 200, 406, 422, 503."""
        once(request)
        formats.wanted(request, asked.format, ("json",))
        letters = await neighbours.dead_letters(face.settings.peers or {}, face.settings.token)
        ends = await neighbours.ends(face.settings.kafka, list(FACTS))  # before positions: no lag but what is one
        pool = await face.database.pool()
        async with (
            pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            complete = await complete_up_to(connection, awaited)
            rows = await freshness.topics(connection, ends, letters)
        return as_json({"complete_up_to": complete and told(complete), "topics": rows}, {"Cache-Control": "no-store"})
