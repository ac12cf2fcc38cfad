"""Where a page ended: the keys of its last row, opaque to the caller."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Query

from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message

Limit = Annotated[int, Query(ge=1, le=500, description="Lignes par page / rows of a page.")]
Cursor = Annotated[
    str | None,
    Query(max_length=4_000, description="Le `next` de la page précédente / the `next` of the page before."),
]
Key = Callable[[Any], Any]


def instant(said: Any) -> datetime:
    """An aware instant of a cursor, that UTC can tell too; raises ValueError, TypeError, OverflowError."""
    moment = datetime.fromisoformat(said)
    if moment.tzinfo is None:
        raise ValueError("without a zone")
    return moment.astimezone(UTC)


def day(said: Any) -> date:
    """A day of a cursor; raises ValueError, TypeError."""
    return date.fromisoformat(said)


def text(said: Any) -> str:
    """A text of a cursor that PostgreSQL can look for; raises ValueError, TypeError."""
    if not isinstance(said, str):
        raise TypeError("no text")
    if b"\x00" in said.encode():  # an unpaired surrogate does not even encode
        raise ValueError("U+0000")
    return said


def written(keys: Sequence[Any]) -> str:
    """Keys as a text for the address of the next page."""
    said = json.dumps(keys, ensure_ascii=False, separators=(",", ":"), default=lambda key: key.isoformat())
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def read(cursor: str | None, *kinds: Key) -> list[Any] | None:
    """The keys again, one of each kind; None without a cursor. Raises a 422 problem for what was never given."""
    if cursor is None:
        return None
    try:
        said = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if isinstance(said, list):
            return [kind(key) for kind, key in zip(kinds, said, strict=True)]
    except (ValueError, TypeError, RecursionError, OverflowError):
        pass
    fault = Message(
        fr="ce curseur n'est pas celui de la page précédente ; recommencez sans curseur",
        en="this cursor is not that of the page before; start again without a cursor",
    )
    message = Message(fr="Ce curseur ne vaut pas pour cette liste.", en="This cursor is not one of this list.")
    raise Problem(422, "invalid-request", message, [("/query/cursor", fault)])


def page(rows: list[dict[str, Any]], limit: int, *names: str) -> tuple[list[dict[str, Any]], str | None]:
    """At most `limit` of the rows (read one more than that), and the cursor of the page after, or None."""
    if len(rows) <= limit:
        return rows, None
    kept = rows[:limit]
    return kept, written([kept[-1][name] for name in names])
