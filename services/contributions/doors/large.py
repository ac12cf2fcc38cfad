"""Answers that may be a hundred megabytes: written piece by piece (and packed, recouvra/chassis/packed.py).

An answer has as many anomalies as a nation's payer has lines, and each has its sentences in two languages; under a
reference that the treasury reports by may stand very many payments. As objects and one text they would take ten times
what they are made of, and no other request would be served while they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from pydantic import BaseModel
from pydantic_core import to_json

T = TypeVar("T")

_ELEMENTS_A_PIECE = 500


def pieces(shown: BaseModel, sources: Sequence[T], made: Callable[[T], BaseModel]) -> Iterator[bytes]:
    """The JSON of `shown`, whose last array, empty so far, gets an element made of each source. For a thread.

    It is the very JSON that it would have with all of them in it.
    """
    if not sources:
        yield to_json(shown)
        return
    before, _, after = to_json(shown).rpartition(b"[]")
    opening = b"["
    yield before
    for start in range(0, len(sources), _ELEMENTS_A_PIECE):
        elements = to_json([made(source) for source in sources[start : start + _ELEMENTS_A_PIECE]])
        yield opening + elements[1:-1]
        opening = b","
    yield b"]" + after
