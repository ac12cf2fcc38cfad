"""When two persons look the same: sex, birth date, family name, first given name. Source: DEF-034."""

from __future__ import annotations

import unicodedata
from hashlib import blake2b

from recouvra.contracts.registration_requested import Person


def likeness(person: Person) -> bytes:
    """A hash, 16 bytes, equal for persons of the same sex and birth date whose names are alike. Source: DEF-034."""
    alike = (person.sex, person.birth_date.isoformat(), folded(person.family_name), first_name(person.given_names))
    return blake2b("\n".join(alike).encode(), digest_size=16).digest()


def first_name(given_names: str) -> str:
    """The first given name, folded; empty where there is none."""
    return next((name for word in given_names.split() if (name := folded(word))), "")


def folded(name: str) -> str:
    """A name by its letters and digits alone: case folded, accents, punctuation and blanks stripped.

    Blanks go because upstream writes the hyphen of one family name as a blank, or as nothing. Source: DEF-034.
    """
    return "".join(letter for letter in unicodedata.normalize("NFKD", name.casefold()) if letter.isalnum())
