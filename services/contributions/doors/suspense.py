"""The HTTP door's suspense: money whose payer is not known, given to a payer by an operator, and taken back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from recouvra.chassis.acting import Answer, act
from recouvra.chassis.callers import Caller
from recouvra.chassis.database import Connection
from recouvra.chassis.http import Face
from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message
from recouvra.contracts.event import Identifier
from services.contributions.acts.assign_payment import (
    Assignment,
    UnknownPayment,
    assign_payment,
    withdraw_assignment,
)
from services.contributions.domain.assigning import NotAssigned, NotInSuspense, PayerNotAffiliated
from services.contributions.doors import bodies, cursors
from services.contributions.doors.cursors import Cursor, Limit
from services.contributions.doors.shapes import ShownPayment, Suspended, SuspensePage
from services.contributions.store import lists, views

_Said = Annotated[str, StringConstraints(pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", max_length=1_000)]
"""A text that says something; PostgreSQL's holds no U+0000."""

_UNKNOWN = Problem(
    404,
    "unknown-payment",
    Message(
        fr="Aucun paiement de cette source n'a été lu sous ce payment_id. Vérifiez les deux dans /v1/suspense.",
        en="No payment of this source has been read under this payment_id. Check both in /v1/suspense.",
    ),
)
_NOT_IN_SUSPENSE = Problem(
    409,
    "not-in-suspense",
    Message(
        fr="Ce paiement n'est pas en attente : il a un cotisant, a déjà été affecté, ou a été annulé.",
        en="This payment is not in suspense: it has a payer, was assigned already, or was reversed.",
    ),
)
_NOT_ASSIGNED = Problem(
    409,
    "not-assigned",
    Message(
        fr="Ce paiement n'est affecté à personne : rien n'est à retirer.",
        en="This payment is assigned to nobody: there is nothing to withdraw.",
    ),
)
_NOT_AFFILIATED = Message(
    fr="Ce cotisant n'est pas affilié : affiliez-le d'abord, ou choisissez-en un autre.",
    en="This payer is not affiliated: affiliate it first, or choose another.",
)


class Receiver(BaseModel):
    """To whom a payment in suspense is given; `source` is who reported it."""

    model_config = ConfigDict(strict=True)

    source: _Said = Field(description="The `ce_source` that reported the payment.")
    payer_id: Identifier = Field(description="The payer that gets it; it must be affiliated.")


class Withdrawal(BaseModel):
    """Why an assignment is taken back."""

    model_config = ConfigDict(strict=True)

    source: _Said = Field(description="The `ce_source` that reported the payment.")
    reason: _Said = Field(description="Why; it is kept with who and when.")


def add_suspense(app: FastAPI, face: Face) -> None:
    """Adds the routes of suspense."""
    _add_list(app, face)
    _add_assign(app, face)
    _add_withdraw(app, face)


def _add_list(app: FastAPI, face: Face) -> None:
    @app.get("/v1/suspense", tags=["suspense"], summary="L'argent en attente / money in suspense")
    async def list_suspense(cursor: Cursor = None, limit: Limit = 100) -> SuspensePage:
        """Payments whose payer is not named or not affiliated, by value date, and their sum. Statuses: 200, 422."""
        after = cursors.read(cursor, cursors.day, cursors.text, cursors.text)
        pool = await face.database.pool()
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            found = await lists.suspense(connection, after, limit)
            sums = await lists.suspense_sums(connection)
        rows, following = cursors.page(found, limit, "paid_on", "payment_id", "source")
        return SuspensePage(rows=[Suspended(**row) for row in rows], next=following, **sums)


def _add_assign(app: FastAPI, face: Face) -> None:
    @app.post(
        "/v1/suspense/{payment_id}/assignment",
        status_code=201,
        tags=["suspense"],
        summary="Affecter un paiement / assign a payment",
        response_model=ShownPayment,
        responses={404: {"description": "no such payment"}, 409: {"description": "it is not in suspense"}},
    )
    async def post_assignment(request: Request, payment_id: Identifier, receiver: Receiver) -> Response:
        """Gives a payment in suspense to a payer; answers where its money stands now. Statuses: 201, 404, 409, 422."""
        assignment = Assignment((receiver.source, payment_id), receiver.payer_id)

        async def do(connection: Connection, caller: Caller) -> Answer:
            try:
                await assign_payment(connection, caller, assignment)
            except UnknownPayment as error:
                raise _UNKNOWN from error
            except NotInSuspense as error:
                raise _NOT_IN_SUSPENSE from error
            except PayerNotAffiliated as error:
                raise Problem(
                    422, "payer-not-affiliated", _NOT_AFFILIATED, [("/body/payer_id", _NOT_AFFILIATED)]
                ) from error
            return Answer(201, await _stands(connection, assignment))

        return await act(face, request, do)


def _add_withdraw(app: FastAPI, face: Face) -> None:
    @app.delete(
        "/v1/suspense/{payment_id}/assignment",
        tags=["suspense"],
        summary="Retirer une affectation / withdraw an assignment",
        response_model=ShownPayment,
        responses={404: {"description": "no such payment"}, 409: {"description": "it is not assigned"}},
    )
    async def delete_assignment(
        request: Request,
        payment_id: Identifier,
        withdrawal: Annotated[Withdrawal | None, Body()] = None,
        source: Annotated[str | None, Query()] = None,
        reason: Annotated[str | None, Query()] = None,
    ) -> Response:
        """Takes an assignment back, by a body or by the query; answers where its money stands now.

        That is suspense again, or the payer that it was sent with, if that has been affiliated meanwhile.
        Statuses: 200, 404, 409, 422.
        """
        asked = withdrawal or bodies.from_query(Withdrawal, source=source, reason=reason)
        assignment = Assignment((asked.source, payment_id), reason=asked.reason)

        async def do(connection: Connection, caller: Caller) -> Answer:
            try:
                await withdraw_assignment(connection, caller, assignment)
            except UnknownPayment as error:
                raise _UNKNOWN from error
            except NotAssigned as error:
                raise _NOT_ASSIGNED from error
            return Answer(200, await _stands(connection, assignment))

        return await act(face, request, do)


async def _stands(connection: Connection, assignment: Assignment) -> ShownPayment:
    found = await views.payment(connection, assignment.key)
    if found is None:
        raise LookupError("a payment that was just moved is gone")
    return ShownPayment(**found)
