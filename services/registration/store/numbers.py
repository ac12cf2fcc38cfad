"""Insured numbers: drawn from a hire's identity and a secret of this database, and never twice."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b

from recouvra.chassis.database import Connection
from recouvra.law.insured_number import END_OF_DIGITS, FIRST_DIGITS, insured_number
from services.registration.domain.hire import Hire

_LOOKED_UP = 4  # of a thousand million numbers, a million given: four taken in a row is one hire in 10^12


class Numbers:
    """The draw for some hires: for each the first of its candidates that nobody has."""

    def __init__(self, salt: bytes, taken: set[str]) -> None:
        self._salt, self._taken = salt, taken

    @classmethod
    async def load(cls, connection: Connection, hires: Collection[Hire]) -> Numbers:
        """For hires that may need a number; another transaction that draws the same shows when persons are saved."""
        if not hires:
            return cls(b"", set())
        salt = await connection.fetchval("select salt from draw")
        candidates = [_candidate(salt, hire, nth) for hire in hires for nth in range(_LOOKED_UP)]
        rows = await connection.fetch(
            "select insured_number from person where insured_number = any($1::text[])", candidates
        )
        return cls(salt, {row["insured_number"] for row in rows})

    def draw(self, hire: Hire) -> str:
        """The hire's number. Source: DEF-014."""
        nth = 0
        while (number := _candidate(self._salt, hire, nth)) in self._taken:
            nth += 1
        self._taken.add(number)
        return number


def _candidate(salt: bytes, hire: Hire, nth: int) -> str:
    drawn = blake2b(f"{hire.payer_id} {hire.request_id} {nth}".encode(), digest_size=16, key=salt).digest()
    return insured_number(FIRST_DIGITS + int.from_bytes(drawn) % (END_OF_DIGITS - FIRST_DIGITS))
