"""An act over HTTP: one transaction, done once under one `Idempotency-Key`, kept or undone whole."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
from fastapi import Request, Response
from pydantic_core import to_json

from recouvra.chassis.callers import Caller, caller_of
from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Retry
from recouvra.chassis.packed import Packed
from recouvra.chassis.problems import BEHIND, Problem
from recouvra.contracts.codes import Message

if TYPE_CHECKING:
    from recouvra.chassis.http import Face

_TRIES = 5
_KEY_LENGTH = 255
_KEPT = "30 days"
_OTHER_BODY = Problem(
    422,
    "idempotency-key-reused",
    Message(
        fr="Cette Idempotency-Key a déjà servi à une autre demande. Prenez-en une nouvelle.",
        en="This Idempotency-Key has served another request already. Take a new one.",
    ),
)
_BAD_KEY = Message(
    fr=f"1 à {_KEY_LENGTH} caractères ASCII imprimables", en=f"1 to {_KEY_LENGTH} printable ASCII characters"
)
_BUSY = Problem(
    503,
    "busy",
    Message(
        fr="D'autres opérations sur le même compte passent sans cesse avant ; rien n'a été fait. Réessayez.",
        en="Other work on the same account kept coming first; nothing was done. Try again.",
    ),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an act answers: a status and a body (a model, what JSON can say, or one that was packed for its size)."""

    status: int
    body: Any


Do = Callable[[Connection, Caller], Awaitable[Answer]]


async def act(face: Face, request: Request, do: Do) -> Response:
    """Does it in one transaction and answers; taken again as a whole where another transaction came between.

    With an `Idempotency-Key` the same request again gets the first answer and does nothing; another request under the
    same key gets a 422. Keys are the caller's own and kept for 30 days; a refusal is not kept, it may be mended.

    Raises:
        Problem: what `do` raised, 422 for the key, 503 where other transactions came between each time, or where the
            database knows less than was published.
    """
    caller, key = caller_of(request), _key(request)
    asked = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    asked.update(await request.body())
    pool = await face.database.pool()
    async with pool.acquire() as connection:
        for _ in range(_TRIES):
            try:
                async with connection.transaction():
                    return await _once(connection, caller, key, asked.digest(), do)
            except (Retry, asyncpg.DeadlockDetectedError):
                continue
    raise _BUSY


async def _once(connection: Connection, caller: Caller, key: str | None, asked: bytes, do: Do) -> Response:
    if await connection.fetchval("select is_behind from clock"):
        raise BEHIND
    if key is None:
        return _response(await do(connection, caller))
    # Two requests at once under one key: the second waits here and finds the first one's answer.
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"{caller.name}\n{key}")
    first = await connection.fetchrow(
        "select asked, status, body, packed, length from answered where who = $1 and key = $2", caller.name, key
    )
    if first is not None:
        if first["asked"] != asked:
            raise _OTHER_BODY
        if first["packed"] is not None:
            return Packed(first["packed"], first["length"]).response(first["status"])
        return Response(first["body"], first["status"], media_type="application/json")
    answer = await do(connection, caller)
    response, packed = _response(answer), answer.body if isinstance(answer.body, Packed) else None
    await connection.execute(
        "insert into answered (who, key, asked, status, body, packed, length) values ($1, $2, $3, $4, $5, $6, $7)",
        caller.name,
        key,
        asked,
        answer.status,
        bytes(response.body).decode() if packed is None else None,
        None if packed is None else packed.packed,
        None if packed is None else packed.length,
    )
    await connection.execute(f"delete from answered where at < clock_timestamp() - interval '{_KEPT}'")  # noqa: S608
    return response


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= _KEY_LENGTH and key.isascii() and key.isprintable()):
        raise Problem(422, "invalid-request", _BAD_KEY, [("/header/idempotency-key", _BAD_KEY)])
    return key


def _response(answer: Answer) -> Response:
    if isinstance(answer.body, Packed):
        return answer.body.response(answer.status)
    return Response(to_json(answer.body), answer.status, media_type="application/json")
