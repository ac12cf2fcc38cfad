"""The journal: what changes a service's state, told on a topic of its own before the facts that it causes (ADR 9).

A cause is a batch of records or an act over HTTP. Done again on the same state, with the clock's reading that it had,
it gives the same facts under the same event ids. So a database that was restored can learn from the journal what the
lost one had done, and in which order, and do it again without telling anybody anything twice (catching_up.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Self
from uuid import UUID

import uuid_utils.compat as uuid_utils

from recouvra.chassis.clock import Clock
from recouvra.chassis.database import Connection

BATCH = "batch"
"""The kind of a cause that is a batch; that of any other is the name of its act."""


@dataclass(slots=True)
class Cause:
    """One batch or act.

    Attributes:
        id: a UUIDv7; the ids of its facts derive from it.
        kind: `BATCH` or an act's name.
        said: what it takes to do it again, as JSON says it.
        at: the clock's reading, once it was read; given where it is done again.
    """

    id: UUID
    kind: str
    said: dict[str, Any]
    at: datetime | None = None

    @classmethod
    def new(cls, kind: str, said: Mapping[str, Any]) -> Self:
        """One that happens now."""
        return cls(uuid_utils.uuid7(), kind, dict(said))

    @classmethod
    def told(cls, entry: bytes) -> Self:
        """The one that a journal's entry tells."""
        read = json.loads(entry)
        return cls(UUID(read["id"]), read["kind"], read["said"], datetime.fromisoformat(read["at"]))

    def entry(self) -> bytes:
        """How the journal tells it, once the clock was read."""
        assert self.at is not None, "the clock is read before anything is kept"
        told = {"id": str(self.id), "kind": self.kind, "at": self.at.isoformat(), "said": self.said}
        return json.dumps(told, ensure_ascii=False).encode()

    async def clock(self, connection: Connection, kind: str) -> Clock:
        """The clock for its facts; to be called when every account that it touches is locked."""
        if self.at is None:
            self.at = await Clock.base(connection)
        return Clock(kind, self.at)

    def fact_ids(self) -> Callable[[str, int], str]:
        """What tells the event id of the nth fact of one of its records: a UUIDv7 of the cause's own millisecond.

        It is a UUID as text, of which an object costs several times as much.
        """
        millisecond, keyed = str(self.id)[:13], blake2b(digest_size=10, key=self.id.bytes)

        def fact_id(of: str, nth: int) -> str:
            hashed = keyed.copy()
            hashed.update(f"{of}/{nth}".encode())
            drawn = hashed.hexdigest()
            return f"{millisecond}-7{drawn[:3]}-{_VARIANT[drawn[4]]}{drawn[5:8]}-{drawn[8:]}"

        return fact_id

    async def keep(self, connection: Connection) -> None:
        """Adds it to what is to be published, in the transaction that has its effect."""
        await connection.execute("insert into journal (cause, entry) values ($1, $2)", self.id, self.entry())


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}  # its two high bits are 10
