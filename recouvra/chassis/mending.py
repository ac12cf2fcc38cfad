"""The dead letters' HTTP face: listed, shown, replayed, discarded (DEF-036); and the audit of what people did."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Depends, FastAPI, Path, Query, Request, Response
from pydantic import BaseModel, StringConstraints

from recouvra.chassis import audit, dead_letters
from recouvra.chassis.acting import Answer, act
from recouvra.chassis.callers import Caller, Role, needs
from recouvra.chassis.database import Connection
from recouvra.chassis.letter_acts import discard_letter, replay_letter
from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message

if TYPE_CHECKING:
    from recouvra.chassis.http import Face

# PostgreSQL's text holds no U+0000, and refuses to look for one.
Text = Annotated[str, Query(pattern=r"^[^\x00]*$", max_length=1_000)]
Reason = Annotated[str, StringConstraints(pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", max_length=1_000)]
Cursor = Annotated[str | None, Query(pattern="^[0-9]{1,18}$")]
Limit = Annotated[int, Query(ge=1, le=500)]
LetterId = Annotated[int, Path(description="le numéro de la lettre morte / the dead letter's number")]

_UNKNOWN = Problem(
    404,
    "unknown-dead-letter",
    Message(fr="Aucun enregistrement mis de côté sous ce numéro.", en="No dead letter has this number."),
)
_DISCARDED = Problem(
    409,
    "dead-letter-discarded",
    Message(
        fr="Cet enregistrement a été écarté ; demandez à son émetteur de le renvoyer s'il le faut encore.",
        en="This record was discarded; ask its publisher to send it again if it is still needed.",
    ),
)
_REPLAYED = Problem(
    409,
    "dead-letter-replayed",
    Message(
        fr="Cet enregistrement a été relu avec succès ; il n'y a plus rien à écarter.",
        en="This record was replayed with success; there is nothing left to discard.",
    ),
)


class ShownLetter(BaseModel):
    """A record set aside; `key`, `value` and header values are base64 of the raw bytes."""

    id: int
    topic: str
    partition: int
    offset: int
    key: str | None
    value: str | None
    headers: list[tuple[str, str | None]]
    reason: str
    message: Message
    at: datetime
    state: Literal["waiting", "replayed", "discarded"]


class ShownAct(BaseModel):
    """One thing that was done, by whom and when."""

    at: datetime
    who: str
    act: str
    reason: str | None


class WholeLetter(ShownLetter):
    """A record set aside, and what was done with it, oldest first."""

    acts: list[ShownAct]


class LettersPage(BaseModel):
    """Records set aside, oldest first; `total` counts those of all pages."""

    rows: list[ShownLetter]
    next: str | None
    total: int


class AuditLine(ShownAct):
    """One line of the audit: what was done to, or read of, `subject`."""

    id: int
    subject: str


class AuditPage(BaseModel):
    """Audit lines, oldest first; `next` is the cursor of the following page."""

    rows: list[AuditLine]
    next: str | None


class Discarding(BaseModel):
    """Why a record is discarded."""

    reason: Reason


def add_dead_letters(app: FastAPI, face: Face) -> None:
    """Adds the routes. All of them show what publishers sent, personal data too: they need an operator."""
    _add_reading(app, face)
    _add_acts(app, face)

    @app.get(
        "/v1/audit",
        tags=["audit"],
        summary="Qui a fait quoi / who did what",
        response_model=AuditPage,
        dependencies=[Depends(needs(Role.ADMINISTRATOR))],
    )
    async def list_audit(
        act: Text | None = None, subject: Text | None = None, cursor: Cursor = None, limit: Limit = 100
    ) -> dict[str, Any]:
        """Acts, and readings of names. Statuses: 200, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection:
            rows, following = await audit.page(
                connection, act=act, subject=subject, after=int(cursor or 0), limit=limit
            )
        return {"rows": rows, "next": None if following is None else str(following)}


def _add_reading(app: FastAPI, face: Face) -> None:
    operator = [Depends(needs(Role.OPERATOR))]

    @app.get(
        "/v1/dead-letters",
        tags=["dead letters"],
        summary="Enregistrements mis de côté / records set aside",
        response_model=LettersPage,
        dependencies=operator,
    )
    async def list_dead_letters(
        reason: Text | None = None,
        topic: Text | None = None,
        state: Literal["waiting", "replayed", "discarded"] | None = None,
        source: Text | None = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> dict[str, Any]:
        """Oldest first; `total` counts the letters of all pages. Statuses: 200, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection:
            rows, following, total = await dead_letters.page(
                connection, reason=reason, topic=topic, state=state, source=source, after=int(cursor or 0), limit=limit
            )
        return {"rows": rows, "next": None if following is None else str(following), "total": total}

    @app.get(
        "/v1/dead-letters/{letter_id}",
        tags=["dead letters"],
        summary="Un enregistrement mis de côté / one of them",
        response_model=WholeLetter,
        dependencies=operator,
    )
    async def show_dead_letter(letter_id: LetterId) -> dict[str, Any]:
        """With what was done with it. Statuses: 200, 404, 422."""
        pool = await face.database.pool()
        async with pool.acquire() as connection:
            return await _shown(connection, letter_id)


def _add_acts(app: FastAPI, face: Face) -> None:
    @app.post(
        "/v1/dead-letters/{letter_id}/replay",
        tags=["dead letters"],
        summary="Relire un enregistrement / read a record again",
        response_model=WholeLetter,
    )
    async def replay(request: Request, letter_id: LetterId) -> Response:
        """Read now, as if it came now: done when this answers (DEF-036).

        `state` says how it ended: ``replayed``, or ``waiting`` where it is refused still, with the reason of now. A
        letter that was replayed already is shown and nothing is done. Statuses: 200, 404, 409 (discarded), 422.
        """

        async def do(connection: Connection, caller: Caller) -> Answer:
            letter = await _taken_up(connection, letter_id)
            if letter.state == "discarded":
                raise _DISCARDED
            if letter.state == "waiting":
                await replay_letter(connection, face.reading, caller, letter_id, letter.record)
            return Answer(200, await _shown(connection, letter_id))

        return await act(face, request, do)

    @app.post(
        "/v1/dead-letters/{letter_id}/discard",
        tags=["dead letters"],
        summary="Écarter un enregistrement / discard a record",
        response_model=WholeLetter,
    )
    async def discard(request: Request, letter_id: LetterId, why: Discarding) -> Response:
        """It stays listed, with who discarded it and why. Statuses: 200 (also again), 404, 409 (replayed), 422."""

        async def do(connection: Connection, caller: Caller) -> Answer:
            letter = await _taken_up(connection, letter_id)
            if letter.state == "replayed":
                raise _REPLAYED
            if letter.state == "waiting":
                await discard_letter(connection, face.reading, caller, letter_id, letter.record, why.reason)
            return Answer(200, await _shown(connection, letter_id))

        return await act(face, request, do)


async def _taken_up(connection: Connection, letter_id: int) -> dead_letters.TakenUp:
    letter = await dead_letters.take_up(connection, letter_id) if 0 < letter_id < 1 << 63 else None
    if letter is None:
        raise _UNKNOWN
    return letter


async def _shown(connection: Connection, letter_id: int) -> dict[str, Any]:
    letter = await dead_letters.one(connection, letter_id) if 0 < letter_id < 1 << 63 else None
    if letter is None:
        raise _UNKNOWN
    return letter
