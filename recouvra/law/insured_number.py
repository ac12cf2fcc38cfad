"""The insured number: ten digits that say nothing about the person, and a key that catches a slip of the pen."""

import re

FIRST_DIGITS = 10**9
END_OF_DIGITS = 10**10


def check_key(digits: int) -> int:
    """97 − digits mod 97: 1 to 97. Source: DEF-014."""
    return 97 - digits % 97


def insured_number(digits: int) -> str:
    """The number as it is written: ten digits, the first not 0, and the key in two, without separators.

    Raises ValueError for what is no ten digits. Source: DEF-014.
    """
    if not FIRST_DIGITS <= digits < END_OF_DIGITS:
        raise ValueError("ten digits, the first not 0")
    return f"{digits}{check_key(digits):02d}"


def is_insured_number(text: str) -> bool:
    """Whether a text is written as a number that was drawn: ten digits, the first not 0, and their key.

    Nobody can be known by another. Source: DEF-014.
    """
    return _WRITTEN.fullmatch(text) is not None and check_key(int(text[:10])) == int(text[10:])


_WRITTEN = re.compile("[1-9][0-9]{11}", re.ASCII)
