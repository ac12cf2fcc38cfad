"""Answers that may be a hundred megabytes: written piece by piece, and kept compressed until they are taken.

An answer has as many anomalies as a nation's payer has lines, and each has its sentences in two languages; under a
reference that the treasury reports by may stand very many payments. As objects and one text they would take ten times
what they are made of, and no other request would be served while they are written.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from pydantic_core import to_json

T = TypeVar("T")

_ELEMENTS_A_PIECE = 500
_PACKED_A_PIECE = 4_096
"""How many compressed bytes are opened at once: some hundred kilobytes of sentences that repeat one another."""


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


class Packed:
    """A body, compressed as its pieces come, so that whoever takes it slowly, or never, holds a few megabytes."""

    def __init__(self, body: Iterable[bytes]) -> None:
        self._length = 0
        packing = zlib.compressobj(level=1)
        packed = []
        for piece in body:
            self._length += len(piece)
            packed.append(packing.compress(piece))
        self._packed = b"".join((*packed, packing.flush()))

    def response(self) -> StreamingResponse:
        """It as an answer of JSON, opened while it is taken."""
        return StreamingResponse(
            self._opened(), media_type="application/json", headers={"Content-Length": str(self._length)}
        )

    def _opened(self) -> Iterator[bytes]:
        opening = zlib.decompressobj()
        for start in range(0, len(self._packed), _PACKED_A_PIECE):
            if piece := opening.decompress(self._packed[start : start + _PACKED_A_PIECE]):
                yield piece
        yield opening.flush()
