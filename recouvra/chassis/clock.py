"""The clock that is given to a service (DEF-015): the system's, or the events' own for history that is loaded.

A reading of the system clock is the database's, taken after the accounts are locked (one taken before would date a
fact earlier than a fact that another transaction has meanwhile committed) and above the floor that the relay's last
mark set, so that no fact can be dated at or below what a mark has announced (ADR 6).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from recouvra.chassis.database import Connection

_TICK = timedelta(microseconds=1)


class DatabaseBehind(RuntimeError):
    """The database was restored under this process, which must start again to catch up (catching_up.py)."""

    def __init__(self) -> None:
        super().__init__("la base a été restaurée sous ce processus / the database was restored under this process")


class Clock:
    """Readings for the events of one batch."""

    def __init__(self, kind: str, base: datetime) -> None:
        self._by_events = kind == "event"
        self._next = base

    @classmethod
    async def read(cls, connection: Connection, kind: str) -> Clock:
        """Reads the database's clock; to be called when every account of the batch is locked."""
        return cls(kind, await cls.base(connection))

    @staticmethod
    async def base(connection: Connection) -> datetime:
        """The database's clock, above the floor.

        Raises:
            DatabaseBehind: it was restored and knows less than was published: nothing new may be decided on it.
        """
        at: datetime | None = await connection.fetchval(
            "select greatest(clock_timestamp(), floor_at + interval '1 microsecond') from clock where not is_behind"
        )
        if at is None:
            raise DatabaseBehind
        return at

    def reading(self, time: datetime | None) -> datetime:
        """The instant for one cause, given its record's `ce_time`; one that tells none takes the system's."""
        if self._by_events and time is not None:
            return time
        at, self._next = self._next, self._next + _TICK  # each cause its own instant, a microsecond apart
        return at
