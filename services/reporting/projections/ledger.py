"""A ledger: a table to which facts of one kind are appended as they came, and in which nothing ever changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from recouvra.chassis.database import Connection
from recouvra.contracts.event import Event
from recouvra.contracts.reading import Received


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where the facts of one topic are kept: the columns are the event's fields, after its id and knowledge time.

    Attributes:
        stands: its rows say whether `standing` tells of them. Ours do: both are written in one transaction.
    """

    event: type[Event]
    table: str
    columns: Sequence[str]
    stands: bool = False

    async def append(self, connection: Connection, facts: Sequence[Received]) -> None:
        """Adds facts of this topic, any number, in the order given.

        Called with facts that the inbox counts for the first time, in the transaction that claims them, so that a
        repeated fact adds no row.
        """
        said = attrgetter(*self.columns)
        stands = {"in_standing": True} if self.stands else {}
        await connection.copy_records_to_table(
            self.table,
            columns=("event_id", "known_at", *self.columns, *stands),
            records=[
                (fact.envelope.event_id, fact.envelope.time, *said(fact.event), *stands.values()) for fact in facts
            ],
        )
