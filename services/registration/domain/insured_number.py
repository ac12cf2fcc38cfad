"""The insured number: ten digits that say nothing about the person, and a key that catches a slip of the pen."""

from __future__ import annotations

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
