"""The HTTP door: payers, insured persons, answers to hires, possible duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel

from recouvra.chassis import audit
from recouvra.chassis.acting import Answer, act
from recouvra.chassis.batch import Reading
from recouvra.chassis.callers import Caller, Role, caller_of, needs
from recouvra.chassis.database import Connection
from recouvra.chassis.http import Face, create_app
from recouvra.chassis.problems import Problem
from recouvra.chassis.settings import Settings
from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.codes import Message
from recouvra.contracts.event import Category, Identifier, Sex
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.registration_answered import RegistrationAnswered
from services.registration.acts.affiliate_payer import RequestConflict, affiliate_payer
from services.registration.store import payers, views

_REQUEST_CONFLICT = Problem(
    409,
    "conflicting-duplicate",
    Message(
        fr="Ce cotisant a déjà une demande de ce request_id, au contenu différent. Envoyez la nouvelle sous un autre "
        "request_id.",
        en="This payer already has a request of this request_id that says something else. Send the new one under "
        "another request_id.",
    ),
)


class ShownPerson(BaseModel):
    """An insured person, with names: the only place that shows them."""

    insured_number: str
    family_name: str
    given_names: str
    birth_date: date
    sex: Sex
    nina: str | None
    category: Category
    payer_id: str
    hired_on: date
    registered_on: date


class ShownAnswer(RegistrationAnswered):
    """The last answer to a hire, and when it was given."""

    answered_at: datetime


class ShownDuplicate(BaseModel):
    """Two numbers that look like one person, or (`other_number` null) one NINA with two birth dates or sexes."""

    insured_number: str
    other_number: str | None
    reason: Literal["names-alike", "same-nina"]
    payer_id: str
    request_id: str
    found_at: datetime


class DuplicatesPage(BaseModel):
    """Possible duplicates, oldest first; `next` is the cursor of the following page."""

    rows: list[ShownDuplicate]
    next: str | None


def create_api(settings: Settings, migrations: Sequence[str], reading: Reading) -> FastAPI:
    """The app with registration's own routes; nothing opens before the first request."""
    summary = "Qui est assuré, qui cotise / who is insured, who pays"
    app, face = create_app("registration", summary, settings, migrations, reading)
    _add_payers(app, face)
    _add_people(app, face)
    return app


def _add_payers(app: FastAPI, face: Face) -> None:
    @app.post(
        "/v1/payers",
        status_code=201,
        tags=["payers"],
        summary="Affilier un cotisant / affiliate a payer",
        response_model=PayerAffiliated,
        responses={200: {"model": PayerAffiliated, "description": "the same was said before: no effect"}},
    )
    async def post_payer(request: Request, asked: AffiliationRequested) -> Response:
        """What holds of the payer afterwards. Statuses: 201, 200 (said before, no effect), 409, 422."""

        async def do(connection: Connection, caller: Caller) -> Answer:
            try:
                affiliated = await affiliate_payer(connection, caller, asked)
            except RequestConflict as conflict:
                raise _REQUEST_CONFLICT from conflict
            return Answer(201 if affiliated.is_new else 200, affiliated.holds)

        return await act(face, request, do)

    @app.get("/v1/payers/{payer_id}", tags=["payers"], summary="Un cotisant / a payer")
    async def show_payer(payer_id: Identifier) -> PayerAffiliated:
        """What holds of the payer now (DEF-035). Statuses: 200, 404, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection:
            found = await payers.one(connection, payer_id)
        if found is None:
            raise Problem(
                404,
                "unknown-payer",
                Message(fr="Aucun cotisant n'est affilié sous cet identifiant.", en="No payer is affiliated under it."),
            )
        return found


def _add_people(app: FastAPI, face: Face) -> None:
    @app.get(
        "/v1/insured/{insured_number}",
        tags=["insured"],
        summary="Une personne assurée / an insured person",
        dependencies=[Depends(needs(Role.OPERATOR))],
    )
    async def show_insured(request: Request, insured_number: Identifier) -> ShownPerson:
        """With names; that they were looked for is kept, also where nobody has the number. Statuses: 200, 404, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection, connection.transaction():
            await audit.keep(connection, caller_of(request), "read-names", insured_number)
            found = await views.insured(connection, insured_number)
        if found is None:
            raise Problem(
                404,
                "unknown-insured",
                Message(fr="Personne n'est immatriculé sous ce numéro.", en="Nobody is registered under this number."),
            )
        return ShownPerson(**found)

    @app.get("/v1/registrations/{request_id}", tags=["insured"], summary="La réponse à une embauche / a hire's answer")
    async def show_answer(request_id: Identifier, payer_id: Annotated[Identifier, Query()]) -> ShownAnswer:
        """As `registration-answered` told it last. Statuses: 200, 404, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection:
            found = await views.answer(connection, payer_id, request_id)
        if found is None:
            raise Problem(
                404,
                "unknown-request",
                Message(
                    fr="Aucune embauche de ce cotisant n'a été lue sous ce request_id.",
                    en="No hire of this payer has been read under this request_id.",
                ),
            )
        return ShownAnswer(**found)

    @app.get("/v1/possible-duplicates", tags=["insured"], summary="Doublons possibles / possible duplicates")
    async def list_possible_duplicates(
        cursor: Annotated[str | None, Query(pattern="^[0-9]{1,18}$")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> DuplicatesPage:
        """Numbers only, no names. Statuses: 200, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection:
            rows, following = await views.possible_duplicates(connection, int(cursor or 0), limit)
        return DuplicatesPage(
            rows=[ShownDuplicate(**row) for row in rows], next=None if following is None else str(following)
        )
