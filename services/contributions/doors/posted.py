"""The HTTP door's declarations that come in: for vendors without Kafka, published to the topic that all others take."""

from __future__ import annotations

import asyncio
from asyncio import Semaphore
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from recouvra.chassis.acting import Answer, act
from recouvra.chassis.callers import Caller, caller_of
from recouvra.chassis.database import Connection
from recouvra.chassis.http import Face
from recouvra.chassis.problems import Problem
from recouvra.chassis.publishing import BrokerAway, publish
from recouvra.contracts.codes import Message
from recouvra.contracts.event import Identifier, Period, TotalXof
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import Refusal
from recouvra.contracts.record import Record
from recouvra.vendor.headings import Said
from services.contributions.acts.publish_declaration import (
    Faulty,
    PostedDeclaration,
    parts_of_csv,
    parts_of_json,
    records_of,
    source_of,
    would_conflict,
)
from services.contributions.doors import bodies
from services.contributions.doors.turns import Waiting

_PATH = "/v1/declarations"
_JSON, _CSV = "application/json", "text/csv"
_PUBLISHING = 3  # at once: under a key each holds a session of the API's pool until the broker answers
_NOT_READ = Message(
    fr="Cette déclaration ne peut pas être lue ; rien n'a été publié. Corrigez : voir « errors ».",
    en='This declaration cannot be read; nothing was published. Correct it: see "errors".',
)
_OTHER_TYPE = Problem(
    415,
    "unsupported-media-type",
    Message(
        fr=f"Envoyez la déclaration en {_JSON} ou en {_CSV}, et dites-le dans l'en-tête Content-Type.",
        en=f"Send the declaration as {_JSON} or {_CSV}, and say so in the header Content-Type.",
    ),
)
_AWAY = Problem(
    503,
    "broker-away",
    Message(
        fr="Kafka ne répond pas. Renvoyez la même déclaration dans un moment : rien n'est compté deux fois.",
        en="Kafka does not answer. Send the same declaration again in a moment: nothing is counted twice.",
    ),
)
_TAKEN = Problem(
    409,
    "conflicting-duplicate",
    Message(
        fr="Ce declaration_id a déjà servi à un autre contenu ; rien n'a été publié. Prenez-en un nouveau ; pour "
        "corriger l'ancienne déclaration, nommez-la dans replaces.",
        en="This declaration_id has served for another content; nothing was published. Take a new one; to correct the "
        "old declaration, name it in replaces.",
    ),
)
_SAYS_ITSELF = Message(
    fr="rien ici : une valeur JSON dit tout elle-même", en="nothing here: a JSON value says everything itself"
)


class Published(BaseModel):
    """A declaration that stands on its topic, and will be answered."""

    declaration_id: str
    payer_id: str
    period: str
    parts: int = Field(description="The parts that were published.")
    lines: int = Field(description="The lines in them.")
    source: str = Field(description="The `ce_source` that it was published under; it follows from who sends.")
    answer: str = Field(description="Where the answer will be; 404 until it is read, within a second or two.")


def add_posted(app: FastAPI, face: Face) -> None:
    """Adds the route by which declarations come in."""
    one_at_a_time, few_at_a_time, waiting = Semaphore(1), Semaphore(_PUBLISHING), Waiting()

    @app.post(
        _PATH,
        status_code=202,
        tags=["declarations"],
        summary="Déclarer sans Kafka / declare without Kafka",
        response_model=Published,
        responses={
            202: {"headers": {"Location": {"schema": {"type": "string"}, "description": "where the answer will be"}}},
            403: {"description": "the caller's role, or what it may publish for this payer"},
            409: {"description": "the declaration_id is taken by another content"},
            415: {"description": "neither JSON nor CSV"},
            503: {"description": "the broker or the database does not answer: send the same again"},
        },
        openapi_extra=_DESCRIBED,
    )
    async def post_declaration(
        request: Request,
        declaration_id: Annotated[Identifier | None, Query()] = None,
        payer_id: Annotated[Identifier | None, Query()] = None,
        period: Annotated[Period | None, Query()] = None,
        replaces: Annotated[Identifier | None, Query()] = None,
        total_lines: Annotated[TotalXof | None, Query()] = None,
        total_base_xof: Annotated[TotalXof | None, Query()] = None,
    ) -> Response:
        """Publishes it to `payroll-declared`, in parts where it is long, and answers once the broker has it all.

        The body is an event's value, of one part with up to 100,000 lines, or a CSV with a line of headings; what that
        has no column for may stand in the query. Sent again it has no effect, with or without an `Idempotency-Key`.
        What the rules make of it, its answer says. It takes the role `declarer`, or `operator`.
        Statuses: 202, 403, 408, 409, 413, 415, 422, 503.
        """
        said = Said(declaration_id, payer_id, period, replaces, total_lines, total_base_xof)
        with waiting.room(request.headers.get("content-length", "")):
            media_type = request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
            body, caller = await request.body(), caller_of(request)
            async with one_at_a_time:
                parts = await asyncio.to_thread(_read, media_type, body, said)
                records = await asyncio.to_thread(_records, face, parts, caller, request)
            async with few_at_a_time:
                return await _publish(face, request, parts, records)


def _read(media_type: str, body: bytes, said: Said) -> list[PayrollDeclared]:
    try:
        if media_type == _CSV:
            return parts_of_csv(body, said)
        if media_type != _JSON:
            raise _OTHER_TYPE
        if given := said.given():
            raise Faulty([(f"/query/{name}", _SAYS_ITSELF) for name in given])
        return parts_of_json(body)
    except Faulty as faulty:
        raise Problem(422, "invalid-declaration", _NOT_READ, faulty.faults) from faulty


def _records(face: Face, parts: Sequence[PayrollDeclared], caller: Caller, request: Request) -> list[Record]:
    sources = face.reading.sources
    sources.refresh()
    try:
        return records_of(parts, caller, sources, request.headers.get("traceparent"))
    except Refusal as refusal:
        raise Problem(403, refusal.reason.value, refusal.message) from refusal


async def _publish(
    face: Face, request: Request, parts: Sequence[PayrollDeclared], records: Sequence[Record]
) -> Response:
    """Once, where there is a key; without one its ids make the second time nothing, and no session waits for Kafka."""
    answer = Answer(202, _published(parts, caller_of(request)))

    async def do(connection: Connection, _: Caller) -> Answer:
        if await would_conflict(connection, parts):
            raise _TAKEN
        await publish(face.settings.kafka, records)
        return answer

    try:
        if "idempotency-key" in request.headers:
            response = await act(face, request, do)
        else:
            pool = await face.database.pool()
            async with pool.acquire() as connection:
                conflicts = await would_conflict(connection, parts)
            if conflicts:
                raise _TAKEN
            await publish(face.settings.kafka, records)
            response = Response(to_json(answer.body), answer.status, media_type=_JSON)
    except BrokerAway as error:
        raise _AWAY from error
    response.headers["Location"] = answer.body.answer
    return response


def _published(parts: Sequence[PayrollDeclared], caller: Caller) -> Published:
    first = parts[0]
    return Published(
        declaration_id=first.declaration_id,
        payer_id=first.payer_id,
        period=first.period,
        parts=len(parts),
        lines=sum(len(part.lines) for part in parts),
        source=source_of(caller),
        answer=f"{_PATH}/{first.declaration_id}?payer_id={first.payer_id}",
    )


def _described() -> dict[str, Any]:
    """Both bodies, for OpenAPI."""
    described = bodies.described(PostedDeclaration)
    described["requestBody"]["content"][_CSV] = {
        "schema": {"type": "string"},
        "example": "declaration_id;payer_id;period;insured_number;base_xof\n"
        "2026-01-A;ETS-COULIBALY;2026-01;012345678997;98000\n",
    }
    return described


_DESCRIBED = _described()
