"""What every OpenAPI document says, beside a route's own words: who may ask, and the problems of each address.

A route declares its success, and its refusals with a sentence of its own where the common one says too little; the
rest stands here, once, so that no document forgets that a token may be missing or the database away.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from recouvra.chassis.problems import MEDIA_TYPE, ShownProblem

Document = dict[str, Any]

_REFUSALS = {
    "400": "un corps qui n'est pas de l'UTF-8 / a body that is not UTF-8",
    "401": "jeton absent ou inconnu / no token, or an unknown one",
    "403": "un rôle plus grand est nécessaire / a greater role is needed",
    "404": "rien de ce nom / nothing of this name",
    "408": "un corps qui ne vient pas à temps / a body that does not come in time",
    "409": "en désaccord avec ce qui est déjà là / at odds with what is there already",
    "413": "un corps de plus de 16 Mio / a body of more than 16 MiB",
    "422": "des valeurs à corriger, chacune avec son JSON Pointer / values to correct, a JSON Pointer for each",
    "503": "la base de données ne répond pas, ou pas encore / the database does not answer, or not yet",
}
_ALWAYS = ("401", "403", "422", "503")
_OF_ACTS = ("400", "408", "409", "413")
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "Un jeton de RECOUVRA_TOKENS_FILE ; sans ce fichier, aucun n'est demandé / a token of "
    "RECOUVRA_TOKENS_FILE; without that file none is asked for.",
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[ -~]{1,255}$"},
    "description": "La même clé et la même demande : la première réponse, rien n'est refait / the same key and the "
    "same request: the first answer, nothing is done again.",
}


def describe(app: FastAPI) -> None:
    """Makes the app's OpenAPI document say all that; what a route says itself is kept."""
    plain = app.openapi

    def openapi() -> Document:
        if app.openapi_schema is None:
            _complete(plain())
        return plain()

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way of extending the document


def _complete(document: Document) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for frameworks_own in ("HTTPValidationError", "ValidationError"):
        schemas.pop(frameworks_own, None)
    shown = ShownProblem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= {**shown.pop("$defs"), "Problem": shown}
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = {"bearer": _BEARER}
    for path, operations in document["paths"].items():
        if path.startswith("/v1/"):
            for method, operation in operations.items():
                _complete_operation(path, method, operation)


def _complete_operation(path: str, method: str, operation: Document) -> None:
    operation["security"] = [{"bearer": []}]
    is_act = method != "get"
    if is_act:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    responses = operation["responses"]
    named = ("404",) if "{" in path else ()
    for status in (*_ALWAYS, *named, *(_OF_ACTS if is_act else ())):
        responses.setdefault(status, {"description": _REFUSALS[status]})
    for status, response in responses.items():
        if status[0] in "45":
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            if response["description"] == "Validation Error":
                response["description"] = _REFUSALS["422"]
    responses["401"]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    operation["responses"] = dict(sorted(responses.items()))
