"""Errors over HTTP: RFC 9457 problems, a stable type and a sentence in the caller's language, never a value sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import asyncpg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from recouvra.chassis.clock import DatabaseBehind
from recouvra.chassis.preferences import preferences
from recouvra.chassis.watched import WatchedFileError
from recouvra.contracts.codes import Message

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:recouvra:problem:"

_TITLES = {
    400: Message(fr="Requête incompréhensible.", en="The request cannot be understood."),
    404: Message(fr="Rien à cette adresse.", en="There is nothing at this address."),
    405: Message(fr="Cette adresse n'accepte pas cette méthode.", en="This address does not take this method."),
    408: Message(
        fr="Le corps de la requête n'est pas arrivé à temps ; rien n'a été fait. Renvoyez-le quand la ligne est "
        "meilleure, ou par parties.",
        en="The request's body did not come in time; nothing was done. Send it again when the line is better, or in "
        "parts.",
    ),
    413: Message(
        fr="Le corps de la requête est trop grand (16 Mio au plus) ; envoyez-le en plusieurs fois.",
        en="The request's body is too large (16 MiB at most); send it in several requests.",
    ),
    422: Message(
        fr="La requête porte des valeurs à corriger : voir « errors ».",
        en='The request has values to correct: see "errors".',
    ),
    500: Message(
        fr="Erreur imprévue de notre côté ; rien n'a été modifié. Réessayez, puis prévenez le fonds.",
        en="An unforeseen error on our side; nothing was changed. Try again, then tell the fund.",
    ),
    503: Message(
        fr="La base de données ne répond pas ; réessayez dans quelques secondes.",
        en="The database does not answer; try again in a few seconds.",
    ),
}


class Fault(BaseModel):
    """One fault of a request: where it is, as a JSON Pointer, and what is wrong there."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(description="`/query/as_of`, `/body/name`, `/path/payer_id`, `/header/idempotency-key`.")
    detail: str = Field(description="What should stand there; never what was sent.")


class ShownProblem(BaseModel):
    """An answer other than success (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(pattern=f"^{_TYPE}[a-z0-9-]+$", description="Stable, for programs.")
    title: str = Field(description="A sentence for people, in the caller's language: what to do.")
    status: int = Field(ge=400, le=599, description="The status of the answer.")
    errors: list[Fault] = Field(default=[], min_length=1, description="Each fault of the request, where it has some.")


_TOO_LONG = Message(
    fr="La réponse prend trop de temps ; demandez moins (un filtre, moins de regroupements), ou plus tard.",
    en="The answer takes too long; ask for less (a filter, fewer groupings), or later.",
)
_UNREADABLE = Message(
    fr="Un fichier de réglages du service est illisible ; l'administrateur du fonds doit le corriger.",
    en="A settings file of the service cannot be read; the fund's administrator has to mend it.",
)


class Problem(Exception):
    """An answer other than success: its status, a stable code for programs, a sentence for people.

    `faults` are pairs of a JSON Pointer into the request (``/query/as_of``, ``/body/name``) and what is wrong there.
    """

    def __init__(
        self, status: int, code: str, message: Message, faults: list[tuple[str, Message]] | None = None
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.faults = status, code, message, faults or []


def language(request: Request) -> str:
    """``fr`` or ``en``: the `lang` of the query, else the one that `Accept-Language` likes more, else French."""
    if asked := request.query_params.get("lang"):
        return "en" if asked.strip().lower().startswith("en") else "fr"
    liked: dict[str, float] = {}
    for tag, weight in preferences(request, "accept-language"):
        name = tag.partition("-")[0]
        liked[name] = max(weight, liked.get(name, 0.0))
    others = liked.get("*", 0.0)
    return "en" if liked.get("en", others) > liked.get("fr", others) else "fr"


ProblemPage = Callable[[Request, Problem], Response | None]
"""A service's own page of a problem, for a person with a browser; None for whoever gets `application/problem+json`."""


def problem_response(request: Request, problem: Problem) -> Response:
    """The problem as `application/problem+json`, or as a page where the service has one for who asks."""
    page: ProblemPage | None = request.app.state.problem_page
    if page is not None and (shown := page(request, problem)) is not None:
        return shown
    lang = language(request)
    body: dict[str, Any] = {
        "type": _TYPE + problem.code,
        "title": getattr(problem.message, lang),
        "status": problem.status,
    }
    if problem.faults:
        body["errors"] = [{"pointer": pointer, "detail": getattr(text, lang)} for pointer, text in problem.faults]
    return JSONResponse(
        body,
        problem.status,
        media_type=MEDIA_TYPE,
        headers={"Content-Language": lang, "Vary": "Accept-Language"},
    )


BEHIND = Problem(
    503,
    "catching-up",
    Message(
        fr="Cette base a été restaurée et rattrape ce qui avait été publié ; rien n'a été fait. Réessayez ensuite.",
        en="This database was restored and catches up with what had been published; nothing was done. Try again later.",
    ),
)
"""No act is done on a database that knows less than was published, and none is rehearsed."""


def add_problem_handlers(app: FastAPI, page: ProblemPage | None = None) -> None:
    """Makes every error of the app a problem; `page` shows them to people."""
    app.state.problem_page = page

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> Response:
        return problem_response(request, error)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        message = _TITLES.get(error.status_code, _TITLES[400])
        response = problem_response(request, Problem(error.status_code, f"http-{error.status_code}", message))
        response.headers.update(error.headers or {})  # a 405 says what is allowed
        return response

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        faults = [(_pointer(fault), _fault(fault)) for fault in error.errors()]
        return problem_response(request, Problem(422, "invalid-request", _TITLES[422], faults))

    @app.exception_handler(DatabaseBehind)
    async def _behind(request: Request, error: Exception) -> Response:
        return problem_response(request, BEHIND)

    @app.exception_handler(asyncpg.QueryCanceledError)
    async def _too_long(request: Request, error: Exception) -> Response:
        log.warning("statement ended by its limit: %r", error)
        return problem_response(request, Problem(503, "too-long", _TOO_LONG))

    @app.exception_handler(WatchedFileError)
    async def _unreadable(request: Request, error: Exception) -> Response:
        log.error("%s", error)
        return problem_response(request, Problem(503, "settings-unreadable", _UNREADABLE))

    @app.exception_handler(OSError)
    @app.exception_handler(TimeoutError)
    @app.exception_handler(asyncpg.PostgresConnectionError)
    @app.exception_handler(asyncpg.OperatorInterventionError)  # it starts, stops, or ended a statement
    @app.exception_handler(asyncpg.InsufficientResourcesError)
    @app.exception_handler(asyncpg.InternalClientError)  # what asyncpg raises when a server dies under it
    async def _away(request: Request, error: Exception) -> Response:
        log.warning("database away: %r", error)
        return problem_response(request, Problem(503, "unavailable", _TITLES[503]))

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> Response:
        return problem_response(request, Problem(500, "internal", _TITLES[500]))


_OBJECT = "un objet JSON est attendu"
_FRENCH = {
    "missing": "valeur absente",
    "extra_forbidden": "champ inconnu",
    "int_parsing": "un nombre entier est attendu",
    "int_type": "un nombre entier est attendu",
    "string_type": "un texte est attendu",
    "string_pattern_mismatch": "le texte n'a pas la forme attendue",
    "literal_error": "valeur hors de la liste admise",
    "enum": "valeur hors de la liste admise",
    "json_invalid": "le corps n'est pas du JSON",
    "date_from_datetime_parsing": "une date AAAA-MM-JJ est attendue",
    "list_type": "une liste JSON est attendue",
    "tuple_type": "une liste JSON est attendue",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
}
# What a validation error tells besides is for us: names of our classes, and what was sent.
_HINTS = {
    "gt": "> {}",
    "ge": "≥ {}",
    "lt": "< {}",
    "le": "≤ {}",
    "min_length": "{} au moins",
    "max_length": "{} au plus",
    "pattern": "{}",
    "expected": "{}",
}


def _pointer(fault: dict[str, Any]) -> str:
    """Where a validation error is, as a JSON Pointer (RFC 6901); of a body that is no JSON, the body."""
    pieces = fault["loc"][:1] if fault["type"] == "json_invalid" else fault["loc"]
    return "".join("/" + str(piece).replace("~", "~0").replace("/", "~1") for piece in pieces)


def _fault(fault: dict[str, Any]) -> Message:
    """A validation error without the value that was sent; the library's own sentence is the English one."""
    french, context = _FRENCH.get(fault["type"], "valeur à corriger"), fault.get("ctx", {})
    # A closed set is told as English does: 'a', 'b' or 'c'.
    hints = [form.format(context[name]).replace(" or ", " ou ") for name, form in _HINTS.items() if name in context]
    english = "a JSON object is expected" if french == _OBJECT else fault["msg"]
    return Message(fr=f"{french} ({', '.join(hints)})" if hints else french, en=english)
