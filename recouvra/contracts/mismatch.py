"""What should have stood where a value does not fit its schema, for a reader, without repeating what was sent."""

from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from recouvra.contracts.codes import Message
from recouvra.contracts.event import IDENTIFIER_PATTERN, PERIOD_PATTERN, TEXT_PATTERN
from recouvra.contracts.sentences import Sentence, shown

_DAY = Sentence("une date AAAA-MM-JJ", "a date YYYY-MM-DD")
_ONE_OF = Sentence("l'une de ces valeurs : {expected}", "one of {expected}")

_EXPECTED: dict[str, Sentence] = {
    "missing": Sentence("une valeur : ce champ est obligatoire", "a value: this field is required"),
    "int_type": Sentence("un entier", "an integer"),
    "string_type": Sentence("un texte", "a text"),
    "string_pattern_mismatch": Sentence("un texte de la forme {pattern}", "a text of the form {pattern}"),
    "string_too_long": Sentence(
        "un texte d'au plus {max_length} caractères", "a text of at most {max_length} characters"
    ),
    "literal_error": _ONE_OF,
    "enum": _ONE_OF,
    "calendar_day": _DAY,
    "date_type": _DAY,
    "greater_than": Sentence("un entier supérieur à {gt}", "an integer above {gt}"),
    "greater_than_equal": Sentence("un entier d'au moins {ge}", "an integer of at least {ge}"),
    "less_than_equal": Sentence("un entier d'au plus {le}", "an integer of at most {le}"),
    "too_long": Sentence("au plus {max_length} lignes", "at most {max_length} lines"),
    "too_short": Sentence("au moins {min_length} ligne", "at least {min_length} line"),
    "model_type": Sentence("un objet JSON", "a JSON object"),
    "tuple_type": Sentence("un tableau JSON", "a JSON array"),
    "part_above_parts": Sentence("un part qui ne dépasse pas parts", "a part that is not above parts"),
    "credit_without_payer": Sentence("un payer_id : un crédit est à quelqu'un", "a payer_id: credit is a payer's"),
    "payer_or_reference": Sentence("un payer_id ou une reference", "a payer_id or a reference"),
}
_OTHERWISE = Sentence("ce que dit le schéma publié", "what the published schema says")

_PATTERNS: dict[str, Sentence] = {
    IDENTIFIER_PATTERN: Sentence(
        "un identifiant de 1 à 64 caractères parmi A-Z a-z 0-9 . _ : -",
        "an identifier of 1 to 64 of A-Z a-z 0-9 . _ : -",
    ),
    PERIOD_PATTERN: Sentence("un mois AAAA-MM", "a month YYYY-MM"),
    TEXT_PATTERN: Sentence("un texte sans U+0000", "a text without U+0000"),
}


class Mismatch(NamedTuple):
    """One fault: a JSON Pointer into the value, and what should stand there."""

    pointer: str
    expected: Message


def mismatches(error: ValidationError, depth: int = 0, most: int | None = None) -> list[Mismatch]:
    """Tell every fault of a value, or the first so many, in the order in which its fields stand; at least one.

    `depth` is how many steps of the path lead to the value itself (1 inside a structured envelope). The pointer holds
    names of our fields and numbers only, never a name that was sent.
    """
    return [_mismatch(fault, depth) for fault in error.errors(include_url=False, include_input=False)[:most]]


def _mismatch(fault: ErrorDetails, depth: int) -> Mismatch:
    pointer = "".join(f"/{step}" for step in fault["loc"][depth:])
    context: dict[str, Any] = fault.get("ctx", {})
    wanted = _PATTERNS.get(context.get("pattern", "")) or _EXPECTED.get(fault["type"], _OTHERWISE)
    blanks = {name: shown(value if isinstance(value, int) else str(value)) for name, value in context.items()}
    # pydantic lists the values of a closed set as English does: 'a', 'b' or 'c'.
    fr = wanted.fr.format(**{name: blank.fr.replace(" or ", " ou ") for name, blank in blanks.items()})
    return Mismatch(pointer, Message(fr=fr, en=wanted.en.format(**{name: blank.en for name, blank in blanks.items()})))
