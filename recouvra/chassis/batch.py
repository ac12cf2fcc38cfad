"""One batch, one transaction: position, inbox, effect and outbox commit together, or nothing does.

The steps and their order are the whole of exactness (ADR 2):
1. positions by compare-and-set: the cheap fence against zombies and double owners;
2. the service locks its accounts in key order and loads what the batch can touch;
3. the clock is read, after the locks;
4. each event is judged by the inbox and applied in memory, in order;
5. effects, claims, dead letters and outbox rows are written, set by set.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from recouvra.chassis import dead_letters, outbox, positions
from recouvra.chassis.clock import Clock
from recouvra.chassis.database import Connection, is_of_the_record
from recouvra.chassis.dead_letters import DeadLetter
from recouvra.chassis.inbox import Inbox, Verdict
from recouvra.chassis.outbox import Caused
from recouvra.chassis.outcome import Opens, Outcome, Plain, Retry, RuleFailed, Work
from recouvra.chassis.positions import Place
from recouvra.chassis.sources import Sources
from recouvra.contracts.codes import Reason, reason_message
from recouvra.contracts.reading import Received, Refusal, read
from recouvra.contracts.record import Record

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What a batch did, for the counters."""

    records: int = 0
    effects: int = 0
    duplicates: int = 0
    dead_letters: dict[str, int] = field(default_factory=dict)


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
    """

    service: str
    opens: Opens
    clock: str
    sources: Sources
    tells: bool = True
    plain: Mapping[str, Plain] = field(default_factory=dict)

    async def take(
        self,
        connection: Connection,
        moves: Mapping[Place, tuple[int, int]],
        records: Sequence[Record],
        failed: Exception | None = None,
    ) -> Tally:
        """Takes records in, in order, within one transaction of its own.

        Args:
            moves: from and to which offset each partition goes; these records lie between.
            records: any number, of any topics; of one partition in the order of their offsets.
            failed: the error that this one record's own effect raised alone: it is set aside as `internal`.

        Raises:
            PositionLost, Retry: nothing was done; take the batch again as things now stand.
            Exception: whatever the database or a rule raised; nothing was done.
        """
        read = await self._read_all(records, failed)
        async with connection.transaction():
            await positions.move(connection, moves)
            decided = await self._take(connection, read, self.clock)
            await self._keep(connection, decided.facts, decided.letters)
        decided.tally.records = len(records)
        return decided.tally

    async def take_again(self, connection: Connection, record: Record) -> DeadLetter | None:
        """Reads a dead letter's record now, as if it came now, by the system clock, within a transaction that is open.

        Returns:
            None where it took effect or changed nothing; else why it is refused still, and nothing else was done.

        Raises:
            Retry: another transaction came between; nothing was done.
        """
        try:
            return await self._take_one_again(connection, record, None)
        except asyncpg.UniqueViolationError as error:
            raise Retry("what it claims was claimed meanwhile") from error
        except Exception as error:
            if not is_of_the_record(error):
                raise
            return await self._take_one_again(connection, record, error)

    async def _take_one_again(
        self, connection: Connection, record: Record, failed: Exception | None
    ) -> DeadLetter | None:
        read = await self._read_all([record], failed)
        async with connection.transaction():
            decided = await self._take(connection, read, "system")
            refused = [letter for letter in decided.letters if letter.record is record]
            # It is set aside already, and its publisher was told; others may have waited for it, and be refused now.
            await self._keep(connection, decided.facts, [other for other in decided.letters if other not in refused])
        return refused[0] if refused else None

    async def _take(self, connection: Connection, read: _Read, clock_kind: str) -> _Decided:
        """Steps 2 to 5, but what is published and set aside."""
        work = await self.opens(connection, read.received)
        clock = await Clock.read(connection, clock_kind)
        inbox = await Inbox.load(connection, read.received)
        decided = await _speaking(connection, asyncio.to_thread(_decide, work, clock, inbox, read.events))
        for topic, taken in read.plain.items():
            await self.plain[topic].take(connection, taken)
        await work.save(connection)
        await inbox.save(connection)
        return decided

    async def _keep(self, connection: Connection, facts: list[Caused], letters: list[DeadLetter]) -> None:
        """Puts letters with the dead ones, and facts and what tells of the letters in the outbox."""
        await dead_letters.put(connection, letters)
        told = [letter.told(self.service) for letter in letters] if self.tells else []
        await outbox.put(connection, facts + told)

    async def _read_all(self, records: Sequence[Record], failed: Exception | None) -> _Read:
        """Decodes each record alone, by the rules on sources that hold now, in a thread."""
        self.sources.refresh()
        return await asyncio.to_thread(self._decode, records, failed)

    def _decode(self, records: Sequence[Record], failed: Exception | None) -> _Read:
        found = _Read()
        for record in records:
            try:
                if failed is not None:
                    raise self._internal(record, failed)
                if record.topic in self.plain:
                    found.plain.setdefault(record.topic, []).append(self.plain[record.topic].read(record))
                else:
                    found.events.append(self._read(record))
            except Refusal as why:
                found.events.append((record, why))
        return found

    def _read(self, record: Record) -> Received:
        """One record alone, or its refusal: what is wrong with it never costs its neighbours."""
        received = read(record)
        self.sources.check(received)
        return received

    def _internal(self, record: Record, error: Exception) -> Refusal:
        """The refusal of a record whose effect failed for a reason that nobody foresaw."""
        log.error("set aside as internal: %s/%d@%d", record.topic, record.partition, record.offset, exc_info=error)
        message = reason_message(Reason.INTERNAL)
        if record.topic in self.plain:
            return Refusal(Reason.INTERNAL, message)
        try:
            envelope = self._read(record).envelope
        except Refusal as refusal:
            return refusal
        return Refusal(Reason.INTERNAL, message, source=envelope.source, event_id=envelope.event_id)


@dataclass(slots=True)
class _Read:
    """What a batch's records say, in their order, and by topic what is no event."""

    events: list[Received | tuple[Record, Refusal]] = field(default_factory=list)
    plain: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def received(self) -> list[Received]:
        """The events that could be read."""
        return [event for event in self.events if isinstance(event, Received)]


@dataclass(slots=True)
class _Decided:
    """What a batch leads to beside the changes that its work keeps."""

    letters: list[DeadLetter] = field(default_factory=list)
    facts: list[Caused] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


def _decide(work: Work, clock: Clock, inbox: Inbox, events: Sequence[Received | tuple[Record, Refusal]]) -> _Decided:
    """Judges and applies each event in order, in memory alone. Runs in a thread: see `_speaking`."""
    decided = _Decided()
    for event in events:
        if isinstance(event, Received):
            _take_one(decided, work, inbox, event, clock.reading(event))
        else:
            decided.letters.append(_refused(*event, clock.reading(None)))
    reasons = Counter(letter.reason.value for letter in decided.letters)
    decided.tally.dead_letters = dict(reasons)
    return decided


def _take_one(decided: _Decided, work: Work, inbox: Inbox, event: Received, reading: datetime) -> None:
    verdict = inbox.judge(event)
    if verdict is Verdict.CONFLICTING:
        decided.letters.append(_conflict(event.record, event.envelope.source, event.envelope.event_id, reading))
        return
    outcome = Outcome(duplicate=True) if verdict is Verdict.REPEATED else _applied(work, event, reading)
    decided.tally.duplicates += outcome.duplicate
    # Only what took effect, waits or was answered claims its identity: no repeat, no dead letter (DEF-027).
    if not outcome.duplicate and not any(aside.record is event.record for aside in outcome.set_aside):
        inbox.claim(event)
        decided.tally.effects += 1
    for aside in outcome.set_aside:
        if aside.claimed:
            inbox.release((aside.source, aside.event_id))
        decided.letters.append(_conflict(aside.record, aside.source, aside.event_id, reading))
    decided.facts += [Caused(fact, event.envelope.traceparent) for fact in outcome.facts]


async def _speaking(connection: Connection, deciding: Awaitable[_Decided]) -> _Decided:
    """Waits for the rules, which run in a thread, and speaks to the database each second meanwhile.

    However long a large declaration takes, the client's heartbeats, the relay and its marks go on beside it, and the
    server, which ends a session that is silent within a transaction, ends only that of a process that is frozen.
    """
    task = asyncio.ensure_future(deciding)
    try:
        while not (await asyncio.wait({task}, timeout=1))[0]:
            await connection.execute("select 1")
    finally:
        await asyncio.wait({task})  # a thread can't be stopped: no second one may start beside it
    return task.result()


def _applied(work: Work, event: Received, reading: datetime) -> Outcome:
    """The event's outcome; what a rule raises is blamed on the event, be it an error that elsewhere would pass."""
    try:
        return work.apply(event, reading)
    except (Retry, MemoryError):
        raise
    except Exception as error:
        raise RuleFailed(f"{type(error).__name__} on {event.envelope.source} {event.envelope.event_id}") from error


def _refused(record: Record, why: Refusal, at: datetime) -> DeadLetter:
    return DeadLetter(record, why.reason, why.message, why.source, why.event_id, at)


def _conflict(record: Record, source: str, event_id: str, at: datetime) -> DeadLetter:
    reason = Reason.CONFLICTING_DUPLICATE
    return DeadLetter(record, reason, reason_message(reason), source, event_id, at)
