"""What a request would rather have: the values of a header such as `Accept`, and their weights (RFC 9110, 12.4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fastapi import Request

_WEIGHT = re.compile(r"q=(0?\.[0-9]+|0\.?|1(?:\.0*)?)")  # "q=.2" is what old programs in Java send


def preferences(request: Request, header: str) -> Iterator[tuple[str, float]]:
    """The values in lower case, without parameters, and how much each is liked: 1 where that is not readably said."""
    for said in ",".join(request.headers.getlist(header)).lower().split(","):
        value, *parameters = (piece.strip() for piece in said.split(";"))
        if value:
            weights = [float(told[1]) for one in parameters if (told := _WEIGHT.fullmatch(one))]
            yield value, weights[-1] if weights else 1.0
