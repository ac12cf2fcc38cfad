"""The HTTP door's declarations: one as it stands, a dry run of one, those that double one another."""

from __future__ import annotations

import asyncio
from asyncio import Semaphore
from contextlib import nullcontext
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response

from recouvra.chassis.acting import Answer, act
from recouvra.chassis.callers import Caller
from recouvra.chassis.database import Connection
from recouvra.chassis.http import Face
from recouvra.chassis.packed import Packed
from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message
from recouvra.contracts.declaration_answered import AnsweredInFull
from recouvra.contracts.event import Identifier
from recouvra.law.finding import worded
from services.contributions.acts.dry_run import WholeDeclaration, dry_run
from services.contributions.domain.answers import answered_in_full
from services.contributions.domain.rehearsing import WouldConflict, WouldWait
from services.contributions.doors import bodies, cursors
from services.contributions.doors.cursors import Cursor, Limit
from services.contributions.doors.declarers import allow_payer
from services.contributions.doors.large import pieces
from services.contributions.doors.shapes import Doubled, DoubledPage, ShownDeclaration
from services.contributions.doors.turns import Waiting
from services.contributions.store import lists, views

_UNKNOWN = Problem(
    404,
    "unknown-declaration",
    Message(
        fr="Aucune déclaration de ce cotisant sous ce numéro n'a été lue.",
        en="No declaration of this payer with this id has been read.",
    ),
)
_WOULD_CONFLICT = Problem(
    409,
    "conflicting-duplicate",
    Message(
        fr="Ce declaration_id a déjà servi à un autre contenu : publiée, cette déclaration serait mise de côté sans "
        "réponse. Donnez-lui un nouveau declaration_id ; pour corriger l'ancienne, nommez-la dans replaces.",
        en="This declaration_id has served for another content: published, this declaration would be set aside "
        "without an answer. Give it a new declaration_id; to correct the old one, name it in replaces.",
    ),
)
_WOULD_WAIT = Problem(
    409,
    "incomplete-declaration",
    Message(
        fr="Sous ce declaration_id, une déclaration attend encore des parties : publiée, celle-ci en serait une, et "
        "resterait sans réponse. Donnez-lui un nouveau declaration_id, et nommez l'ancien dans replaces.",
        en="Under this declaration_id a declaration still waits for parts: published, this would be one of them, and "
        "get no answer yet. Give it a new declaration_id, and name the old one in replaces.",
    ),
)


def add_declarations(app: FastAPI, face: Face) -> None:
    """Adds the routes of declarations."""
    _add_shown(app, face)
    _add_dry_run(app, face)
    _add_doubled(app, face)


def _add_shown(app: FastAPI, face: Face) -> None:
    large_ones = Semaphore(1)  # of a hundred thousand findings, each takes a part of the service's memory

    @app.get(
        "/v1/declarations/{declaration_id}",
        tags=["declarations"],
        summary="Une déclaration / a declaration",
        response_model=ShownDeclaration,
        responses={
            403: {"description": "a declarer who may not publish for this payer"},
            404: {"description": "no such declaration of this payer"},
        },
    )
    async def show_declaration(
        request: Request, declaration_id: Identifier, payer_id: Annotated[Identifier, Query()]
    ) -> Response:
        """Its state and its last answer with every anomaly. Statuses: 200, 403, 404, 422."""
        allow_payer(face, request, payer_id)
        pool = await face.database.pool()
        is_large = await views.has_many_findings(pool, payer_id, declaration_id)
        async with large_ones if is_large else nullcontext():
            async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
                found = await views.declaration(connection, payer_id, declaration_id)
            if found is None:
                raise _UNKNOWN
            packed = await asyncio.to_thread(_shown, found)
            del found
        return packed.response()


def _shown(kept: views.KeptDeclaration) -> Packed:
    """As JSON; an answer may have as many anomalies as a nation's payer has lines, so this is for a thread."""
    payer_id, declaration = kept.row["payer_id"], kept.declaration()
    answer = declaration.answer
    full = None if answer is None else answered_in_full(payer_id, declaration, answer)
    shown = ShownDeclaration(
        declaration_id=declaration.declaration_id,
        payer_id=payer_id,
        period=declaration.period,
        state=declaration.state.value,
        parts=declaration.parts_announced,
        parts_read=kept.parts_read,
        replaces=declaration.replaces,
        replaced_by=declaration.replaced_by,
        waits_since=kept.row["waits_since"] if declaration.state in ("incomplete", "pending") else None,
        answer=None if full is None else full.told,
    )
    return Packed.of(pieces(shown, () if full is None else full.findings, worded))


def _add_dry_run(app: FastAPI, face: Face) -> None:
    one_at_a_time, waiting = Semaphore(1), Waiting()

    @app.post(
        "/v1/declarations/dry-run",
        tags=["declarations"],
        summary="Répétition d'une déclaration / a dry run of a declaration",
        response_model=AnsweredInFull,
        responses={
            403: {"description": "a declarer who may not publish for this payer"},
            409: {"description": "the declaration_id is taken"},
            413: {"description": "a body above 16 MiB"},
        },
        openapi_extra=bodies.described(WholeDeclaration),
    )
    async def rehearse_declaration(request: Request) -> Response:
        """The very answer that it would get now, with every anomaly; nothing is kept.

        Statuses: 200, 403, 408, 409, 413, 422, 503 where too many wait for their turn.
        """
        with waiting.room(request.headers.get("content-length", "")):
            body = await request.body()

            async def do(_: Connection, __: Caller) -> Answer:
                # Only where the key is new; on a session of its own, for the act's is not in one snapshot.
                return Answer(200, await _packed(face, request, body))

            async with one_at_a_time:
                if "idempotency-key" in request.headers:
                    return await act(face, request, do)
                packed = await _packed(face, request, body)
        return packed.response()


async def _packed(face: Face, request: Request, body: bytes) -> Packed:
    """The answer to a dry run, written and packed in a thread."""
    declared = await asyncio.to_thread(bodies.from_json, WholeDeclaration, body)
    allow_payer(face, request, declared.payer_id)
    try:
        full = await dry_run(await face.database.pool(), declared)
    except WouldConflict as error:
        raise _WOULD_CONFLICT from error
    except WouldWait as error:
        raise _WOULD_WAIT from error
    return await asyncio.to_thread(Packed.of, pieces(*full, worded))


def _add_doubled(app: FastAPI, face: Face) -> None:
    @app.get(
        "/v1/double-declarations", tags=["declarations"], summary="Déclarations doublées / declarations made twice"
    )
    async def list_double_declarations(
        payer_id: Annotated[Identifier | None, Query()] = None, cursor: Cursor = None, limit: Limit = 100
    ) -> DoubledPage:
        """Pairs in force that name the same workers, by payer and period. Statuses: 200, 422."""
        after = cursors.read(cursor, *[cursors.text] * 4)
        pool = await face.database.pool()
        async with pool.acquire() as connection:
            found = await lists.double_declarations(connection, payer_id, after, limit)
        rows, following = cursors.page(found, limit, "payer_id", "period", "declaration_id", "doubled_by")
        return DoubledPage(rows=[Doubled(**row) for row in rows], next=following)
