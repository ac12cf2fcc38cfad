"""How many large bodies may wait for their turn: each takes a part of the service's memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from recouvra.chassis.bodies import MOST_BYTES
from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message

_WAITING_BYTES = 64 << 20
_TOO_MANY = Problem(
    503,
    "busy",
    Message(
        fr="D'autres déclarations attendent leur tour ; rien n'a été fait. Réessayez dans un moment.",
        en="Other declarations wait for their turn; nothing was done. Try again in a moment.",
    ),
)


class Waiting:
    """How many bytes of declarations wait for their turn."""

    def __init__(self) -> None:
        self._bytes = 0

    @contextmanager
    def room(self, announced: str) -> Iterator[None]:
        """Room for one more while the block lasts; raises a 503 where it does not fit beside those that wait.

        It is taken before the body comes, which ends in time (recouvra/chassis/bodies.py).
        """
        size = int(announced) if announced.isdigit() else MOST_BYTES
        if self._bytes and self._bytes + size > _WAITING_BYTES:
            raise _TOO_MANY
        self._bytes += size
        try:
            yield
        finally:
            self._bytes -= size
