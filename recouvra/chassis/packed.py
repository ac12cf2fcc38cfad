"""A body of JSON that may be a hundred megabytes, compressed as it is written and opened while it is taken."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Self

from fastapi.responses import StreamingResponse

_PACKED_A_PIECE = 4_096
"""How many compressed bytes are opened at once: some hundred kilobytes of sentences that repeat one another."""


class Packed:
    """Such a body: whoever takes it slowly, or never, holds a few megabytes.

    Attributes:
        packed: it, compressed.
        length: how many bytes it is when opened.
    """

    def __init__(self, packed: bytes, length: int) -> None:
        self.packed, self.length = packed, length

    @classmethod
    def of(cls, body: Iterable[bytes]) -> Self:
        """Packs a body as its pieces come. For a thread."""
        length, packing, packed = 0, zlib.compressobj(level=1), []
        for piece in body:
            length += len(piece)
            packed.append(packing.compress(piece))
        return cls(b"".join((*packed, packing.flush())), length)

    def response(self, status: int = 200) -> StreamingResponse:
        """It as an answer of JSON, opened while it is taken."""
        headers = {"Content-Length": str(self.length)}
        return StreamingResponse(self._opened(), status, media_type="application/json", headers=headers)

    def _opened(self) -> Iterator[bytes]:
        opening = zlib.decompressobj()
        for start in range(0, len(self.packed), _PACKED_A_PIECE):
            if piece := opening.decompress(self.packed[start : start + _PACKED_A_PIECE]):
                yield piece
        yield opening.flush()
