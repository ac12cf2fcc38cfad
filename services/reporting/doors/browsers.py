"""What a person's browser asks for, and how it is told what is wrong: a page too, its form beside the sentence."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ValidationError

from recouvra.chassis.problems import Problem
from services.reporting.doors.answers import once
from services.reporting.pages.form import fields
from services.reporting.pages.home import HomeAsked
from services.reporting.pages.links import Here
from services.reporting.pages.rendering import POLICY, rendered
from services.reporting.pages.reports import REPORTS
from services.reporting.reports.asked import Asked
from services.reporting.reports.freshness import FreshnessAsked
from services.reporting.reports.payer import PayerAsked

A = TypeVar("A", bound=Asked)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept, Accept-Encoding",
}
"""Of every page: it loads nothing, runs nothing, stands in no other site's frame."""

_TITLES = {
    401: ("Qui êtes-vous ?", "Who are you?"),
    403: ("Un rôle plus grand est nécessaire", "A greater role is needed"),
    404: ("Rien à cette adresse", "Nothing at this address"),
    422: ("Des valeurs à corriger", "Values to correct"),
    503: ("Pas de chiffres pour l'instant", "No figures for now"),
}
_PASSWORD = (
    "Rechargez la page : votre navigateur demande un nom et un mot de passe. Le nom est libre ; le mot de passe est le "
    "jeton que l'administrateur du fonds vous a donné.",
    "Reload the page: your browser asks for a name and a password. The name is free; the password is the token that "
    "the fund's administrator gave you.",
)


def here_of(request: Request) -> Here:
    """Where the reader is, in French where the query does not ask for English; a blank field says nothing."""
    said: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if value.strip():
            said.setdefault(name, []).append(value.strip())
    path = "/" + request.url.path.lstrip("/")  # "//there" would lead to another site
    return Here(path, said, "en" if said.get("lang") == ["en"] else "fr")


def read(request: Request, asked: type[A]) -> A:
    """What the query asks for; raises what the app tells as a 422 problem. A page has no other form than its own."""
    once(request)
    said = {name: said if name == "group_by" else said[0] for name, said in here_of(request).query.items()}
    if "format" in said:
        fault = {"type": "extra_forbidden", "loc": ("query", "format"), "msg": "files are at /v1/…", "input": None}
        raise RequestValidationError([fault])
    try:
        return asked.model_validate(said)
    except ValidationError as error:
        faults = [{**fault, "loc": ("query", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from error


def problem_page(request: Request, problem: Problem) -> Response | None:
    """A problem as a page for whoever takes HTML; None under `/v1`, whose answers are for programs."""
    if request.url.path.startswith("/v1/") or "text/html" not in request.headers.get("accept", ""):
        return None
    here = here_of(request)
    faults = {
        pointer.split("/")[2].replace("~1", "/").replace("~0", "~"): getattr(said, here.lang)
        for pointer, said in problem.faults
        if "/" in pointer[1:]
    }
    here = replace(here, query={name: said for name, said in here.query.items() if name not in faults})
    asked = _asked(request.url.path) if problem.status == 422 else None
    form = [] if asked is None else list(fields(asked, here, faults))
    named = {field.name for field in form}
    sentences = [(here.lang, getattr(problem.message, here.lang))]
    if problem.status == 401:
        sentences = [("fr", _PASSWORD[0]), ("en", _PASSWORD[1])]
    shown = rendered(
        "problem",
        here,
        title=_TITLES.get(problem.status, ("Erreur", "Error"))[here.lang == "en"],
        sentences=sentences,
        faults=[(name, detail) for name, detail in faults.items() if name not in named],
        form=form,
        may_try_again=problem.status >= 500,
        home="/?lang=en" if here.lang == "en" else "/",
    )
    return html(request, shown, {"Cache-Control": "no-store"}, problem.status)


def html(request: Request, text: str, headers: Mapping[str, str], status: int = 200) -> Response:
    """A page as it is sent: compressed for whoever takes that, since networks are slow. It holds no secret to guess."""
    told, body = dict(headers) | HEADERS, text.encode()
    if "gzip" in request.headers.get("accept-encoding", ""):
        told, body = told | {"Content-Encoding": "gzip"}, gzip.compress(body, 6, mtime=0)
    return HTMLResponse(body, status, told)


def _asked(path: str) -> type[BaseModel] | None:
    """What a page's form asks."""
    name = path[1:]
    if name in REPORTS:
        return REPORTS[name].asked
    if name.startswith("payers/"):
        return PayerAsked
    if name == "freshness":
        return FreshnessAsked
    return None if name else HomeAsked
