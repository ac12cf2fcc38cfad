"""Bodies and queries that are read by hand: as the event door reads records, with a JSON Pointer for each fault."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from recouvra.contracts.mending import NotJson, is_suspect, mended
from recouvra.contracts.thorough import every_fault

M = TypeVar("M", bound=BaseModel)

_FAULTS = 100
_NOT_JSON = {"type": "json_invalid", "loc": (), "msg": "the body is not JSON", "ctx": {}}


def from_json(model: type[M], body: bytes) -> M:
    """A body read as strictly as a record's value is; large ones are for a thread.

    Raises RequestValidationError, which is answered as a 422 problem, with the first 100 faults.
    """
    try:
        try:
            return model.model_validate_json(mended(body) if is_suspect(body) else body)
        except ValidationError as error:
            if not _is_unparsed(error):
                raise
            return model.model_validate_json(mended(body))
    except NotJson as error:
        raise _refused([_NOT_JSON], "body") from error
    except ValidationError as error:
        faults = (every_fault(model, body) or error).errors(include_url=False, include_input=False)
        raise _refused(faults[:_FAULTS], "body") from error


def from_query(model: type[M], **said: str | None) -> M:
    """Parameters of the query as one thing. Raises RequestValidationError."""
    try:
        return model.model_validate({name: value for name, value in said.items() if value is not None})
    except ValidationError as error:
        raise _refused(error.errors(include_url=False, include_input=False), "query") from error


def _is_unparsed(error: ValidationError) -> bool:
    return error.error_count() == 1 and error.errors(include_input=False)[0]["type"] == "json_invalid"


def _refused(faults: list[Any], place: str) -> RequestValidationError:
    return RequestValidationError([{**fault, "loc": (place, *fault["loc"])} for fault in faults])


def described(model: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a body that is read by hand: its schema, whole in one place."""
    schema = model.model_json_schema()
    whole = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": whole}}}}


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(one, definitions) for one in node]
    if not isinstance(node, dict):
        return node
    said = {name: _inlined(value, definitions) for name, value in node.items() if name != "$ref"}
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions) | said
    return said
