"""The HTTP door: a care form with its duplicates, and the forms that wait for their person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Query, Response
from pydantic import BaseModel, Field

from recouvra.chassis.batch import Reading
from recouvra.chassis.callers import Role, needs
from recouvra.chassis.http import create_app
from recouvra.chassis.problems import Problem
from recouvra.chassis.settings import Settings
from recouvra.contracts.codes import FormCode, Message
from recouvra.contracts.event import CareKind, Identifier, ProviderKind
from services.liquidation.store import views

Limit = Annotated[int, Query(ge=1, le=500)]
Duplicates = Annotated[int, Query(ge=1, le=20, description="Doublons par page / duplicates of a page.")]
Cursor = Annotated[str | None, Query(pattern="^[0-9]{1,9}$")]
WaitingCursor = Annotated[str | None, Query(pattern="^[0-9]{1,18}$")]


class ShownLine(BaseModel):
    """A line as it was sent, and why it is refused alone, if it is."""

    line_no: int
    act_code: str
    quantity: int
    unit_price_xof: int
    reason: FormCode | None


class WaitingForm(BaseModel):
    """What tells a form, and who sent it: `reading_no` above 1 is a duplicate, `read_at` a knowledge time."""

    form_serial: str
    reading_no: int
    insured_number: str
    provider_id: str
    provider_kind: ProviderKind
    care_kind: CareKind
    care_on: date
    submitted_on: date
    claimed_xof: int
    source: str
    event_id: str
    read_at: datetime


class ShownForm(WaitingForm):
    """A form, its lines, and what was told of it: null while it waits for its person."""

    state: Literal["waiting", "liquidated"]
    prescriber_code: str | None
    authorisation: str | None
    lines: list[ShownLine]
    payer_id: str | None
    liquidated_on: date | None
    liquidated_at: datetime | None
    accepted_xof: int | None
    fund_share_xof: int | None
    co_payment_xof: int | None
    outcome: Literal["accepted", "reduced", "rejected"] | None
    reasons: list[FormCode]
    messages: list[Message] = Field(description="A sentence for each reason.")
    review_flags: list[str]


class FormAndDuplicates(BaseModel):
    """The first form that was read under a serial, then the others; `next` is the cursor of further duplicates."""

    form: ShownForm
    duplicates: list[ShownForm]
    next: str | None


class WaitingPage(BaseModel):
    """Forms that wait, oldest first; `next` is the cursor of the following page."""

    rows: list[WaitingForm]
    next: str | None


def create_api(settings: Settings, migrations: Sequence[str], reading: Reading) -> FastAPI:
    """The app with liquidation's own routes; nothing opens before the first request."""
    app, face = create_app(
        "liquidation", "Ce que la caisse prend en charge / what the fund bears of care", settings, migrations, reading
    )
    operator = [Depends(needs(Role.OPERATOR))]  # which care a number received is health data

    @app.get(
        "/v1/forms/{form_serial}",
        tags=["forms"],
        summary="Une feuille de soins / a care form",
        response_model=FormAndDuplicates,
        responses={404: {"description": "no form was read under this serial"}},
        dependencies=operator,
    )
    async def show_form(form_serial: Identifier, cursor: Cursor = None, limit: Duplicates = 20) -> Response:
        """What was filed under a serial and what was made of it; pages of duplicates. Statuses: 200, 403, 404, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            found = await views.form(connection, form_serial, int(cursor or 0), limit)
        if found is None:
            raise Problem(
                404,
                "unknown-form",
                Message(
                    fr="Aucune feuille de soins n'a été lue sous ce numéro.",
                    en="No care form has been read under this serial.",
                ),
            )
        return Response(await asyncio.to_thread(_told, found), media_type="application/json")

    @app.get(
        "/v1/waiting",
        tags=["forms"],
        summary="Les feuilles en attente / forms that wait",
        dependencies=operator,
    )
    async def list_waiting(cursor: WaitingCursor = None, limit: Limit = 100) -> WaitingPage:
        """Forms of insured numbers that are not known, oldest first. Statuses: 200, 403, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection:
            rows, following = await views.waiting(connection, int(cursor or 0), limit)
        return WaitingPage(
            rows=[WaitingForm(**row) for row in rows], next=None if following is None else str(following)
        )

    return app


def _told(found: views.KeptForms) -> str:
    """As JSON; a page may have tens of thousands of lines, so this is for a thread."""
    form, *duplicates = (ShownForm(**each) for each in found.shown())
    following = None if found.following is None else str(found.following)
    return FormAndDuplicates(form=form, duplicates=duplicates, next=following).model_dump_json()
