"""Where a page ended: opaque to the caller, true to its query and to its instant."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from fastapi import Request

from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message
from services.reporting.reports.instants import instant, told

_MAY_CHANGE = ("cursor", "limit", "lang", "format")
_BITE = 12


@dataclass(frozen=True, slots=True)
class Cursor:
    """The instant that all pages answer, the place of the last row that was given, and in which edition of the figures.

    Read models that were wrong and were made again have another edition: a page of theirs goes on in none of these.
    """

    as_of: datetime
    place: Sequence[str | int]
    edition: int

    def written(self, request: Request) -> str:
        """As a text for the address of the next page; it is worth something with this same query only."""
        said = json.dumps([told(self.as_of), *self.place], ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(_seal(request, self.edition, said) + said).decode().rstrip("=")

    @classmethod
    def read(cls, request: Request, text: str, of: Sequence[type[str] | type[int]], edition: int) -> Cursor:
        """Reads it again, of a query whose places are made of these; raises a 422 problem for what was not given now.

        The seal is no secret: whoever forges it reads nothing but what the query's filters would give, and a place that
        none can be is refused as another query's is.
        """
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            seal, said = raw[:_BITE], raw[_BITE:]
            if seal == _seal(request, edition, said):
                as_of, *last = json.loads(said)
                if [type(value) for value in last] == list(of) and all(map(_can_be_looked_for, last)):
                    return cls(instant(as_of), last, edition)
        except (ValueError, TypeError, RecursionError):
            pass
        fault = Message(
            fr="ce curseur n'est pas celui de la page précédente de cette requête ; recommencez sans curseur",
            en="this cursor is not that of the page before in this query; start again without a cursor",
        )
        message = Message(fr="Ce curseur ne vaut pas pour cette requête.", en="This cursor is not one of this query.")
        raise Problem(422, "invalid-request", message, [("/query/cursor", fault)])


def _can_be_looked_for(value: str | int) -> bool:
    """Whether PostgreSQL can hold it; raises ValueError for an unpaired surrogate."""
    return isinstance(value, int) or b"\0" not in value.encode()


def _seal(request: Request, edition: int, said: bytes) -> bytes:
    asked = [(name, value.strip()) for name, value in request.query_params.multi_items() if name not in _MAY_CHANGE]
    query = sorted(item for item in asked if item[1])  # a form sends its blank fields too; the link that follows none
    of = [request.url.path, query, *([edition] if edition else [])]  # those given before there were editions stay good
    return blake2b(json.dumps(of).encode() + b"\n" + said, digest_size=_BITE).digest()
