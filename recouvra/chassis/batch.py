"""One batch, one transaction: position, inbox, effect and outbox commit together, or nothing does.

The steps and their order are the whole of exactness (ADR 2):
1. positions by compare-and-set: the cheap fence against zombies and double owners;
2. the service locks its accounts in key order and loads what the batch can touch;
3. the clock is read, after the locks;
4. each event is judged by the inbox and applied in memory, in order;
5. effects, claims, dead letters, the journal's entry and outbox rows are written, set by set.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from recouvra.chassis import dead_letters, outbox, positions
from recouvra.chassis.database import Connection, is_of_the_record
from recouvra.chassis.dead_letters import DeadLetter
from recouvra.chassis.deciding import Decided, Tally, decide
from recouvra.chassis.decoding import NOTHING, Decoded, Decoder, Said, at, internal
from recouvra.chassis.inbox import Inbox
from recouvra.chassis.journal import BATCH, Cause
from recouvra.chassis.outbox import Caused
from recouvra.chassis.outcome import Opens, Plain, Retry
from recouvra.chassis.positions import Place
from recouvra.chassis.sources import Sources
from recouvra.contracts.event import Event
from recouvra.contracts.reading import Quick, Received, Refusal
from recouvra.contracts.record import Record

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """How one service takes batches in.

    Attributes:
        service: its name, as `record-refused` tells it.
        opens: locks and loads what events can touch.
        clock: ``system`` or ``event``.
        sources: who may publish for whom.
        tells: False for a service that publishes nothing: its dead letters are only kept.
        plain: by topic, who takes the records that are no events (the marks, for reporting).
        quickly: by event class, what reads its plain values faster than the contract does.
        lanes: how many of its transactions may be under way at once in one worker; a third would find the interpreter
            at work.
    """

    service: str
    opens: Opens
    clock: str
    sources: Sources
    tells: bool = True
    plain: Mapping[str, Plain] = field(default_factory=dict)
    quickly: Mapping[type[Event], Quick] = field(default_factory=dict)
    lanes: int = 2

    async def take(
        self,
        connection: Connection,
        moves: Mapping[Place, tuple[int, int]],
        records: Sequence[Record],
        failed: Exception | None = None,
        decoded: Decoded = NOTHING,
    ) -> Tally:
        """Takes records in, in order, within one transaction of its own.

        Args:
            moves: from and to which offset each partition goes; these records lie between.
            records: any number, of any topics; of one partition in the order of their offsets.
            failed: the error that this one record's own effect raised alone: it is set aside as `internal`.
            decoded: what is decoded already, of these records or others.

        Raises:
            PositionLost, Retry: nothing was done; take the batch again as things now stand.
            Exception: whatever the database or a rule raised; nothing was done.
        """
        read = await self._read_all(records, failed, decoded=decoded)
        said = {
            "moves": [[*place, *move] for place, move in moves.items()],
            "clock": self.clock,
            "records": len(records),
            "failed": failed is not None,
            "unauthorised": read.unauthorised,
        }
        return await self._take_batch(connection, Cause.new(BATCH, said), moves, read)

    async def take_as_told(self, connection: Connection, cause: Cause, records: Sequence[Record]) -> None:
        """Takes a batch in again as the journal tells it: what `sources` and the clock say now plays no part.

        Args:
            records: all of the cause's moves, one move after the other, in the order of their offsets.

        Raises: as `take`.
        """
        said = cause.said
        failed = RuntimeError("it failed when it was read first") if said["failed"] else None
        read = await self._read_all(records, failed, {tuple(place) for place in said["unauthorised"]})
        moves = {Place(topic, partition): (at, to) for topic, partition, at, to in said["moves"]}
        await self._take_batch(connection, cause, moves, read)

    async def _take_batch(
        self, connection: Connection, cause: Cause, moves: Mapping[Place, tuple[int, int]], read: Said
    ) -> Tally:
        async with connection.transaction():
            await positions.move(connection, moves)
            decided = await self._take(connection, cause, read, cause.said["clock"])
            await self._keep(connection, cause, decided.facts, decided.letters)
        decided.tally.records = len(read.events) + sum(map(len, read.plain.values()))
        return decided.tally

    async def take_again(
        self, connection: Connection, cause: Cause, record: Record, *, as_told: bool = False
    ) -> DeadLetter | None:
        """Reads a dead letter's record now, as if it came now, by the system clock, within a transaction that is open.

        Args:
            cause: the replay, which stands in the journal where it ended well.
            as_told: the journal tells that it did: its source may publish, whoever may now.

        Returns:
            None where it took effect or changed nothing; else why it is refused still, and nothing else was done.

        Raises:
            Retry: another transaction came between; nothing was done.
        """
        try:
            return await self._take_one_again(connection, cause, record, None, as_told)
        except asyncpg.UniqueViolationError as error:
            raise Retry("what it claims was claimed meanwhile") from error
        except Exception as error:
            if not is_of_the_record(error):
                raise
            return await self._take_one_again(connection, cause, record, error, as_told)

    async def _take_one_again(
        self, connection: Connection, cause: Cause, record: Record, failed: Exception | None, as_told: bool
    ) -> DeadLetter | None:
        read = await self._read_all([record], failed, () if as_told else None)
        async with connection.transaction():
            decided = await self._take(connection, cause, read, "system")
            for letter in decided.letters:
                if letter.record is record:
                    return letter  # it is set aside already, and its publisher was told
            # Others may have waited for it, and be refused now.
            await self._keep(connection, cause, decided.facts, decided.letters)
        return None

    async def _take(self, connection: Connection, cause: Cause, read: Said, clock_kind: str) -> Decided:
        """Steps 2 to 5, but what is published and set aside."""
        work = await self.opens(connection, read.received)
        clock = await cause.clock(connection, clock_kind)
        inbox = await Inbox.load(connection, read.received)
        decided = await decide(connection, work, clock, inbox, read.events)
        for topic, taken in read.plain.items():
            await self.plain[topic].take(connection, taken)
        await work.save(connection)
        await inbox.save(connection)
        return decided

    async def _keep(self, connection: Connection, cause: Cause, facts: list[Caused], letters: list[DeadLetter]) -> None:
        """Puts letters with the dead ones, the cause in the journal, and what it tells in the outbox."""
        await dead_letters.put(connection, letters)
        if self.tells:
            await outbox.put(connection, cause, facts + [letter.told(self.service) for letter in letters])

    async def decode(self, records: Sequence[Record], unauthorised: Collection[Any] | None = None) -> Decoded:
        """Decodes records, any number; see `Decoder.decode`."""
        self.sources.refresh()
        return await Decoder(self.sources, self.plain, self.quickly).decode(records, unauthorised)

    async def _read_all(
        self,
        records: Sequence[Record],
        failed: Exception | None,
        unauthorised: Collection[Any] | None = None,
        decoded: Decoded = NOTHING,
    ) -> Said:
        """What the records say; of one that `failed`, that it did."""
        if lacking := [record for record in records if at(record) not in decoded]:
            decoded = {**decoded, **await self.decode(lacking, unauthorised)}
        if failed is not None:
            decoded = {at(record): _failed(record, decoded[at(record)], failed) for record in records}
        return Said.by(records, decoded)


def _failed(record: Record, decoded: Received | Refusal | Any, error: Exception) -> Refusal:
    """The refusal of a record whose effect failed."""
    if isinstance(decoded, Refusal):
        return decoded
    if not isinstance(decoded, Received):
        return internal(record, error, None, None, None)
    envelope = decoded.envelope
    return internal(record, error, envelope.source, envelope.event_id, envelope.time)
