"""The HTTP door's accounts: a payer's dues and money, an insured person's career, what waits for its cause."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Query, Response

from recouvra.chassis.callers import Role, needs
from recouvra.chassis.http import Face
from recouvra.chassis.packed import Packed
from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message
from recouvra.contracts.event import Identifier
from services.contributions.doors import cursors
from services.contributions.doors.cursors import Cursor, Limit
from services.contributions.doors.large import pieces
from services.contributions.doors.shapes import (
    Career,
    CareerRow,
    Due,
    ShownAccount,
    ShownPayment,
    WaitingDeclaration,
    WaitingPage,
    WaitingReversal,
)
from services.contributions.store import career, lists, views

_UNKNOWN_PAYER = Problem(
    404,
    "unknown-payer",
    Message(fr="Rien n'a été lu sous cet identifiant.", en="Nothing has been read under this identifier."),
)
_UNKNOWN_INSURED = Problem(
    404,
    "unknown-insured",
    Message(
        fr="Ce numéro n'est ni immatriculé ni déclaré par personne. Vérifiez-le.",
        en="This number is neither registered nor declared by anyone. Check it.",
    ),
)


def add_accounts(app: FastAPI, face: Face) -> None:
    """Adds the routes of accounts, careers and what waits."""

    @app.get(
        "/v1/payers/{payer_id}/account",
        tags=["accounts"],
        summary="Le compte d'un cotisant / a payer's account",
        response_model=ShownAccount,
        responses={404: {"description": "nothing was read of this payer"}},
    )
    async def show_account(payer_id: Identifier) -> Response:
        """Dues, payments, where each was placed, credit; all in one snapshot. Statuses: 200, 404, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            found = await views.account(connection, payer_id)
        if found is None:
            raise _UNKNOWN_PAYER
        return (await asyncio.to_thread(_shown_account, found)).response()

    @app.get(
        "/v1/insured/{insured_number}/contributions",
        tags=["accounts"],
        summary="La carrière d'un assuré / an insured person's career",
        dependencies=[Depends(needs(Role.OPERATOR))],
        responses={404: {"description": "a number that nobody registered or declared"}},
    )
    async def show_career(insured_number: Identifier) -> Career:
        """Accepted lines of declarations in force, by period, with their exact shares. Statuses: 200, 404, 422.

        Personal data: it needs the role `operator`.
        """
        pool = await face.database.pool()
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            is_known, payer_id = await career.belongs_to(connection, insured_number)
            if not is_known:
                raise _UNKNOWN_INSURED
            lines = await career.career(connection, insured_number)
        return Career(
            insured_number=insured_number, payer_id=payer_id, rows=[CareerRow(**asdict(line)) for line in lines]
        )

    @app.get("/v1/waiting", tags=["accounts"], summary="Ce qui attend sa cause / what waits for its cause")
    async def list_waiting(
        kind: Literal["pending", "incomplete", "reversal"] | None = None,
        payer_id: Annotated[Identifier | None, Query()] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> WaitingPage:
        """Pending and incomplete declarations, early reversals: longest first, what each lacks. Statuses: 200, 422."""
        after = cursors.read(cursor, cursors.instant, cursors.text, cursors.text, cursors.text)
        pool = await face.database.pool()
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            found = await lists.waiting(connection, kind, payer_id, after, limit)
            counts = await lists.waiting_counts(connection)
        rows, following = cursors.page(found, limit, "since", "kind", "whose", "id")
        return WaitingPage(rows=[_shown_waiting(row) for row in rows], next=following, **counts)


def _shown_account(kept: views.KeptAccount) -> Packed:
    """As JSON; it may have very many payments, so this is for a thread."""
    account = ShownAccount(
        **kept.terms,
        due_xof=sum(due["due_xof"] for due in kept.periods),
        received_xof=sum(due["received_xof"] for due in kept.periods),
        outstanding_xof=sum(due["outstanding_xof"] for due in kept.periods),
        credit_xof=kept.held_xof("credit"),
        suspense_xof=kept.held_xof("suspense"),
        periods=[Due(**due) for due in kept.periods],
        payments=[],
    )
    return Packed.of(pieces(account, kept.payments, lambda row: ShownPayment(**views.payment_of(row))))


def _shown_waiting(row: dict[str, Any]) -> WaitingDeclaration | WaitingReversal:
    if row["kind"] == "reversal":
        return WaitingReversal(
            **{name: row[name] for name in ("kind", "since", "payer_id", "record_key", "reverses", "amount_xof")},
            source=row["whose"],
            payment_id=row["id"],
            lacks=Message(
                fr="Le paiement annulé (reverses) n'a pas été lu : demandez-le à celui qui a publié l'annulation.",
                en="The payment reversed (reverses) has not been read: ask for it from whoever published the reversal.",
            ),
        )
    announced, read = row["parts_announced"], row["parts_read"]
    is_pending = row["kind"] == "pending"
    # Parts count by number: those beyond what the first-read part announced are read too (DEF-021).
    lacking = [] if is_pending else sorted(set(range(1, announced + 1)).difference(read))
    return WaitingDeclaration(
        **{name: row[name] for name in ("kind", "since", "period", "replaces", "parts_read")},
        payer_id=row["whose"],
        declaration_id=row["id"],
        parts=announced,
        parts_lacking=lacking,
        lacks=_AFFILIATION if is_pending else _PARTS,
    )


_AFFILIATION = Message(
    fr="Le cotisant n'est pas affilié : affiliez-le, ou faites corriger payer_id. Rien n'est à renvoyer.",
    en="The payer is not affiliated: affiliate it, or have payer_id corrected. Nothing needs to be sent again.",
)
_PARTS = Message(
    fr="Des parties manquent (parts_lacking) : demandez-les au cotisant.",
    en="Parts lack (parts_lacking): ask the payer for them.",
)
