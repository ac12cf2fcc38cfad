"""The HTTP door: what was declared and answered, what stands on an account, what waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query

from recouvra.chassis.batch import Reading
from recouvra.chassis.http import create_app
from recouvra.chassis.problems import Problem
from recouvra.chassis.settings import Settings
from recouvra.contracts.codes import Message
from services.contributions.store import views

Limit = Annotated[int, Query(ge=1, le=500)]
_IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
Payer = Annotated[str, Query(pattern=_IDENTIFIER)]
Named = Annotated[str, Path(pattern=_IDENTIFIER)]


def create_api(settings: Settings, migrations: Sequence[str], reading: Reading) -> FastAPI:
    """The app with contributions' own routes; nothing opens before the first request."""
    app, face = create_app(
        "contributions", "Ce qui est dû, reçu, placé / what is due, received, placed", settings, migrations, reading
    )

    @app.get("/v1/declarations/{declaration_id}", tags=["declarations"], summary="Une déclaration / a declaration")
    async def show_declaration(declaration_id: Named, payer_id: Payer) -> dict[str, Any]:
        """Its state and its last answer with every anomaly. Statuses: 200, 404, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection:
            found = await views.declaration(connection, payer_id, declaration_id)
        if found is None:
            raise Problem(
                404,
                "unknown-declaration",
                Message(
                    fr="Aucune déclaration de ce cotisant sous ce numéro n'a été lue.",
                    en="No declaration of this payer with this id has been read.",
                ),
            )
        return found

    @app.get("/v1/payers/{payer_id}/account", tags=["accounts"], summary="Le compte d'un cotisant / a payer's account")
    async def show_account(payer_id: Named) -> dict[str, Any]:
        """Dues, payments, where each was placed, credit; all in one snapshot. Statuses: 200, 404, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            found = await views.account(connection, payer_id)
        if found is None:
            raise Problem(
                404,
                "unknown-payer",
                Message(fr="Rien n'a été lu sous cet identifiant.", en="Nothing has been read under this identifier."),
            )
        return found

    @app.get("/v1/waiting", tags=["accounts"], summary="Ce qui attend sa cause / what waits for its cause")
    async def list_waiting(limit: Limit = 100) -> dict[str, Any]:
        """Pending declarations, incomplete ones with the parts that lack, early reversals. Statuses: 200, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            return await views.waiting(connection, limit)

    @app.get("/v1/suspense", tags=["accounts"], summary="L'argent en attente / money in suspense")
    async def list_suspense(limit: Limit = 100) -> dict[str, Any]:
        """Payments whose payer is not named or not affiliated, oldest first, and their sum. Statuses: 200, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            return await views.suspense(connection, limit)

    return app
