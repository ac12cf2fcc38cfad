"""Every fault of a value, for whoever can mend them, though readers stop at the first line that does not fit.

A value of a megabyte can hold three hundred thousand lines, and three faults in each: to tell them all would take a
reader seconds and a gigabyte, for one record. So contracts stop at a faulty line (`FailFast`), and all faults are
looked for only where there cannot be too many.
"""

from dataclasses import replace
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, FailFast, ValidationError, create_model

from recouvra.contracts.declared_lines import UpTo
from recouvra.contracts.mending import NotJson, is_suspect, mended

_MOST_OBJECTS = 250_000


def every_fault(model: type[BaseModel], value: bytes) -> ValidationError | None:
    """The error with all faults of a value that does not fit, for one that ended at a faulty line.

    None where it fits or is no JSON, and where it has more objects than anyone declares lines.
    """
    if value.count(b"{") > _MOST_OBJECTS:
        return None
    try:
        _thorough(model).model_validate_json(mended(value) if is_suspect(value) or b"\\u" in value else value)
    except ValidationError as error:
        is_unparsed = error.error_count() == 1 and error.errors(include_input=False)[0]["type"] == "json_invalid"
        return None if is_unparsed else error
    except NotJson:
        pass
    return None


@cache
def _thorough(model: type[BaseModel]) -> type[BaseModel]:
    """The same model, which looks at every element of its arrays."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if any(isinstance(one, FailFast | UpTo) for one in field.metadata):
            kept = [
                replace(one, to_the_end=True) if isinstance(one, UpTo) else one
                for one in field.metadata
                if not isinstance(one, FailFast)
            ]
            fields[name] = (Annotated[(field.annotation, *kept)], ...)
    return create_model(f"Thorough{model.__name__}", __base__=model, **fields)
