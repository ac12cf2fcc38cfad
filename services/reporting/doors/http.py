"""The HTTP face of reporting: an endpoint a report. They decide nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import FastAPI, Path, Query, Request, Response

from recouvra.chassis.batch import Reading
from recouvra.chassis.database import Connection
from recouvra.chassis.http import create_app
from recouvra.chassis.settings import Settings
from recouvra.contracts.event import Identifier
from services.reporting.doors import formats
from services.reporting.doors.answers import Answers, as_json, once
from services.reporting.doors.browsers import problem_page
from services.reporting.doors.dashboard import add_pages
from services.reporting.doors.described import refused, table, unchanged
from services.reporting.doors.fresh import Fresh
from services.reporting.doors.refusals import UNKNOWN_PAYER, refuse_backwards
from services.reporting.doors.snapshot import SESSION
from services.reporting.projections.marks import complete_up_to
from services.reporting.reports import (
    arrears,
    bridge,
    cohorts,
    collection_rates,
    liquidation,
    money,
    payer,
    payers,
    registrations,
    timeliness,
    unpaid_rates,
)
from services.reporting.reports.arrears import ArrearsAsked
from services.reporting.reports.bridge import BridgeAsked
from services.reporting.reports.cohorts import CohortsAsked
from services.reporting.reports.collection_rates import CollectionRatesAsked
from services.reporting.reports.freshness import FreshnessAsked
from services.reporting.reports.liquidation import LiquidationAsked
from services.reporting.reports.money import MoneyAsked
from services.reporting.reports.payer import PayerAsked
from services.reporting.reports.payers import PayersAsked
from services.reporting.reports.registrations import RegistrationsAsked
from services.reporting.reports.timeliness import TimelinessAsked
from services.reporting.reports.unpaid_rates import UnpaidRatesAsked


def build_api(settings: Settings, migrations: Sequence[str], reading: Reading, awaited: Sequence[str]) -> FastAPI:
    """The app; figures are complete up to the least that every `awaited` service has marked."""

    async def ready(connection: Connection) -> str:
        complete = await complete_up_to(connection, awaited)
        return "ok" if complete is not None else f"waits for the marks of {', '.join(awaited)}"

    app, face = create_app(
        "reporting",
        "Ce qui est dû, ce qui est entré / what is due, what came in",
        settings,
        migrations,
        reading,
        ready=ready,
        problem_page=problem_page,
        session=SESSION,
    )
    answers = Answers(face.database, awaited)

    _add_tables(app, answers)
    _add_due_days(app, answers)

    @app.get(
        "/v1/payers/{payer_id}",
        tags=["reports"],
        summary="Un cotisant / one payer",
        responses=unchanged() | refused(404, 406, 422, 503),
    )
    async def get_payer(
        request: Request, payer_id: Annotated[Identifier, Path()], asked: Annotated[PayerAsked, Query()]
    ) -> Response:
        """Its figures and the facts behind them. Statuses: 200, 304, 404, 406, 422, 503."""
        return await answers.one(
            request,
            asked.as_of,
            lambda seen, as_of: payer.account(seen.connection, payer_id, asked, as_of),
            UNKNOWN_PAYER,
        )

    fresh = Fresh(face, awaited)
    _add_freshness(app, fresh)
    add_pages(app, face.database, awaited, fresh)
    return app


def _add_tables(app: FastAPI, answers: Answers) -> None:
    """The reports of rows. Statuses of all: 200, 304, 406, 422, 503."""

    @app.get(
        "/v1/collection-rates",
        tags=["reports"],
        summary="Taux de recouvrement / collection rates",
        responses=table(collection_rates.KEYS, collection_rates.COLUMNS),
    )
    async def get_collection_rates(request: Request, asked: Annotated[CollectionRatesAsked, Query()]) -> Response:
        """DEF-006, DEF-007, by any grouping."""
        return await answers.table(request, asked, collection_rates.plan)

    @app.get(
        "/v1/payers",
        tags=["reports"],
        summary="Qui doit le plus / who owes most",
        responses=table([*payers.KEYS, *payers.ATTRIBUTES], payers.COLUMNS),
    )
    async def get_payers(request: Request, asked: Annotated[PayersAsked, Query()]) -> Response:
        """The payers by what is outstanding, the most first (DEF-006)."""
        return await answers.table(request, asked, payers.plan)

    @app.get(
        "/v1/money",
        tags=["reports"],
        summary="Encaissements / money in",
        responses=table(money.KEYS, money.COLUMNS),
    )
    async def get_money(request: Request, asked: Annotated[MoneyAsked, Query()]) -> Response:
        """Everything reported in, by channel and month, and where it stands."""
        return await answers.table(request, asked, money.plan)

    @app.get(
        "/v1/liquidation",
        tags=["reports"],
        summary="Feuilles de soins liquidées / care forms liquidated",
        responses=table(liquidation.KEYS, liquidation.COLUMNS),
    )
    async def get_liquidation(request: Request, asked: Annotated[LiquidationAsked, Query()]) -> Response:
        """Forms, amounts and delays, by outcome and any grouping (DEF-012, LAW-052)."""
        return await answers.table(request, asked, liquidation.plan)

    @app.get(
        "/v1/registrations",
        tags=["reports"],
        summary="Immatriculations / registrations",
        responses=table(registrations.KEYS, registrations.COLUMNS),
    )
    async def get_registrations(request: Request, asked: Annotated[RegistrationsAsked, Query()]) -> Response:
        """People by month of their registration and any grouping (DEF-034)."""
        return await answers.table(request, asked, registrations.plan)


def _add_due_days(app: FastAPI, answers: Answers) -> None:
    """The reports of what came in by when, and of what moved. Statuses of all: 200, 304, 406, 422, 503."""

    @app.get(
        "/v1/timeliness",
        tags=["reports"],
        summary="À temps / on time",
        responses=table(timeliness.KEYS, timeliness.COLUMNS),
    )
    async def get_timeliness(request: Request, asked: Annotated[TimelinessAsked, Query()]) -> Response:
        """Filed and paid by the due day, by number and by value, by any grouping (DEF-008)."""
        return await answers.table(request, asked, timeliness.plan)

    @app.get(
        "/v1/unpaid-rates",
        tags=["reports"],
        summary="Restes à recouvrer / unpaid rates",
        responses=table(unpaid_rates.KEYS, unpaid_rates.COLUMNS),
    )
    async def get_unpaid_rates(request: Request, asked: Annotated[UnpaidRatesAsked, Query()]) -> Response:
        """By period, what was unpaid on the due day, 30 and 90 days later (DEF-009)."""
        return await answers.table(request, asked, unpaid_rates.plan)

    @app.get(
        "/v1/arrears",
        tags=["reports"],
        summary="Arriérés / arrears",
        responses=table(arrears.KEYS, arrears.COLUMNS),
    )
    async def get_arrears(request: Request, asked: Annotated[ArrearsAsked, Query()]) -> Response:
        """What is unpaid after its due day, by age and any grouping (DEF-010)."""
        return await answers.table(request, asked, arrears.plan)

    @app.get(
        "/v1/cohorts",
        tags=["reports"],
        summary="Cohortes / cohorts",
        responses=table(cohorts.KEYS, cohorts.COLUMNS),
    )
    async def get_cohorts(request: Request, asked: Annotated[CohortsAsked, Query()]) -> Response:
        """How each period came in, up to 365 days after its due day (DEF-011)."""
        return await answers.table(request, asked, cohorts.plan)

    @app.get(
        "/v1/bridge",
        tags=["reports"],
        summary="Pourquoi le taux a bougé / why the rate moved",
        responses=table((), bridge.COLUMNS),
    )
    async def get_bridge(request: Request, asked: Annotated[BridgeAsked, Query()]) -> Response:
        """From one instant to another: what was declared, replaced, received, taken back (DEF-006, DEF-007)."""
        refuse_backwards(asked)
        return await answers.table(request, asked, bridge.plan)


def _add_freshness(app: FastAPI, fresh: Fresh) -> None:
    @app.get("/v1/freshness", tags=["reports"], summary="Fraîcheur / freshness", responses=refused(406, 422, 503))
    async def get_freshness(request: Request, asked: Annotated[FreshnessAsked, Query()]) -> Response:
        """How far behind the figures are; it answers while they are not complete too. Statuses: 200, 406, 422, 503."""
        once(request)
        formats.wanted(request, asked.format, ("json",))
        return as_json(await fresh.now(), {"Cache-Control": "no-store"})
