"""JSON that pydantic's parser does not take though it is JSON, rewritten so that it does and means no more.

Its parser stops at an unpaired surrogate and at an integer of thousands of digits, and lets NaN pass. A publisher is
to hear `schema-mismatch` of the first two where a field of ours holds them (elsewhere they are ignored, as any unknown
field is), and `invalid-json` of the third.
"""

import json
import re
from typing import NoReturn

_SURROGATE = re.compile("[\ud800-\udfff]")


class NotJson(ValueError):
    """The bytes are no JSON document that anyone should read: not UTF-8, not JSON, NaN, nested beyond reason."""


def is_suspect(value: bytes) -> bool:
    """Whether the value may hold the constants that pydantic lets pass."""
    return b"NaN" in value or b"Infinity" in value


def mended(value: bytes) -> bytes:
    """Rewrite a JSON document so that what no field of ours may hold stays refused, and the rest stays as it was.

    An unpaired surrogate becomes U+0000, which no text of ours may hold either; an integer beyond any bound of ours
    stays beyond it; a float stays a float. Raises NotJson.
    """
    try:
        document = json.loads(
            value.decode(), parse_constant=_no_constant, parse_int=_bounded, parse_float=lambda digits: 0.5
        )
        text = json.dumps(document, ensure_ascii=False)
    except (ValueError, RecursionError) as error:
        raise NotJson from error
    return _SURROGATE.sub(r"\\u0000", text).encode()


def _no_constant(name: str) -> NoReturn:
    raise NotJson(name)


def _bounded(digits: str) -> int:
    if len(digits) <= 20:
        return int(digits)
    return -(10**20) if digits.startswith("-") else 10**20
