"""What should have stood where a value does not fit its schema, for a reader, without repeating what was sent."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from recouvra.contracts.codes import Message

_EXPECTED: dict[str, tuple[str, str]] = {
    "missing": ("ce champ, qui est obligatoire", "this field, which is required"),
    "int_type": ("un entier", "an integer"),
    "int_parsing_size": ("un entier moins grand", "a smaller integer"),
    "string_type": ("un texte", "a text"),
    "string_unicode": ("un texte Unicode", "a Unicode text"),
    "string_pattern_mismatch": ("un texte du motif {pattern}", "a text that matches {pattern}"),
    "literal_error": ("l'une de ces valeurs : {expected}", "one of {expected}"),
    "enum": ("l'une de ces valeurs : {expected}", "one of {expected}"),
    "calendar_day": ("une date AAAA-MM-JJ", "a date YYYY-MM-DD"),
    "date_type": ("une date AAAA-MM-JJ", "a date YYYY-MM-DD"),
    "greater_than": ("un entier supérieur à {gt}", "an integer above {gt}"),
    "greater_than_equal": ("un entier d'au moins {ge}", "an integer of at least {ge}"),
    "less_than_equal": ("un entier d'au plus {le}", "an integer of at most {le}"),
    "too_long": ("au plus {max_length} lignes", "at most {max_length} lines"),
    "too_short": ("au moins {min_length} ligne", "at least {min_length} line"),
    "model_type": ("un objet JSON", "a JSON object"),
    "tuple_type": ("un tableau JSON", "a JSON array"),
    "part_above_parts": ("un part d'au plus parts", "a part of at most parts"),
    "payer_or_reference": ("un payer_id ou une reference", "a payer_id or a reference"),
}
_OTHERWISE = ("ce que dit le schéma publié", "what the published schema says")


def first_mismatch(error: ValidationError, depth: int) -> tuple[str, Message]:
    """Tell the first fault of a value: its JSON Pointer, and what should stand there.

    `depth` is how many steps of the path lead to the value itself (1 inside a structured envelope). The pointer holds
    names of our fields and numbers only, never a name that was sent.
    """
    fault: ErrorDetails = error.errors(include_url=False, include_input=False)[0]
    pointer = "".join(f"/{step}" for step in fault["loc"][depth:])
    context: dict[str, Any] = fault.get("ctx", {})
    fr, en = _EXPECTED.get(fault["type"], _OTHERWISE)
    return pointer, Message(fr=fr.format(**context), en=en.format(**context))
