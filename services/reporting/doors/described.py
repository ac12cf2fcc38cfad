"""What OpenAPI says of the answers: their statuses, and the rows of each report by its keys and columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.reporting.doors.formats import TYPES
from services.reporting.reports.plan import Kind

Responses = dict[int | str, dict[str, Any]]

_INSTANT = {"type": "string", "format": "date-time"}
_KINDS = {
    Kind.TEXT: {"type": ["string", "null"]},
    Kind.COUNT: {"type": ["integer", "null"]},
    Kind.FRANCS: {"type": "integer", "description": "Whole francs."},
    Kind.RATE: {"type": ["string", "null"], "pattern": r"^-?[0-9]+\.[0-9]{4}$"},
}
_REFUSALS = {
    404: "nothing was known by this identifier at this instant",
    406: "no form that Accept takes",
    422: "parameters to correct, each with a pointer; or more than the form can hold",
    503: "the first facts are still being read, or the database does not answer",
}


def refused(*statuses: int) -> Responses:
    """The problems with which an address may answer, in our words; their body is the same everywhere."""
    return {status: {"description": _REFUSALS[status]} for status in statuses}


def unchanged() -> Responses:
    """The answer to whoever holds it already."""
    return {304: {"description": "nothing changed since the ETag of If-None-Match"}}


def table(keys: Iterable[str], columns: Mapping[str, Kind]) -> Responses:
    """The answers of a report of rows, which are grouped by some of `keys`."""
    fields = {name: _KINDS[kind] for name, kind in columns.items()}
    row = {name: _KINDS[Kind.TEXT] for name in keys} | fields
    answer = {
        "as_of": _INSTANT,
        "complete_up_to": _INSTANT,
        "rows": {"type": "array", "items": _object(row, required=columns)},
        "total": _object(fields, required=columns),
        "next": {"type": ["string", "null"], "description": "The cursor of the page that follows."},
    }
    content: dict[str, Any] = {TYPES["json"]: {"schema": _object(answer, required=answer)}}
    content |= {media: {"schema": {"type": "string", "format": "binary"}} for media in list(TYPES.values())[1:]}
    whole = {200: {"description": "A page with its total; a file holds every row.", "content": content}}
    return whole | unchanged() | refused(406, 422, 503)


def _object(properties: Mapping[str, Any], required: Iterable[str]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(required), "additionalProperties": False}
