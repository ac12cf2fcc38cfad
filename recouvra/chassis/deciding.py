"""What a batch's events lead to: each judged by the inbox and applied by the rules, in memory, in order."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from recouvra.chassis.clock import Clock
from recouvra.chassis.database import Connection
from recouvra.chassis.dead_letters import DeadLetter, place_of
from recouvra.chassis.inbox import Inbox, Verdict
from recouvra.chassis.outbox import Caused
from recouvra.chassis.outcome import Outcome, Retry, RuleFailed, Work
from recouvra.contracts.codes import Reason, reason_message
from recouvra.contracts.reading import Received, Refusal
from recouvra.contracts.record import Record


@dataclass(slots=True)
class Tally:
    """What a batch did, for the counters."""

    records: int = 0
    effects: int = 0
    duplicates: int = 0
    dead_letters: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Decided:
    """What a batch leads to beside the changes that its work keeps."""

    letters: list[DeadLetter] = field(default_factory=list)
    facts: list[Caused] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


Events = Iterable[Received | tuple[Record, Refusal]]

MOST_WEIGHT = 100_000
"""Of an event that rules are done with within a second, at most."""
LOOP_SECONDS = 0.25
"""After which what is left of a batch is no longer decided in the event loop."""


async def decide(connection: Connection, work: Work, clock: Clock, inbox: Inbox, events: Events) -> Decided:
    """What a batch's events lead to, in memory alone.

    The rules run in the event loop: between two threads the interpreter changes hands with every answer of the
    database and each long call of numpy, which took a fifth of a worker's time. Where that would keep others waiting,
    because one event has them look at much or all together take long, they go on in a thread.
    """
    decided, left = Decided(), iter(events)
    until = time.monotonic() + LOOP_SECONDS
    if work.weight > MOST_WEIGHT or not _decide_some(decided, work, clock, inbox, left, until):
        await _speaking(connection, asyncio.to_thread(_decide_some, decided, work, clock, inbox, left, math.inf))
    reasons = Counter(letter.reason.value for letter in decided.letters)
    decided.tally.dead_letters = dict(reasons)
    return decided


def _decide_some(decided: Decided, work: Work, clock: Clock, inbox: Inbox, left: Events, until: float) -> bool:
    """Judges and applies what is left, in order, event by event; False where it is too late for the next."""
    for event in left:
        if isinstance(event, Received):
            _take_one(decided, work, inbox, event, clock.reading(event.envelope.time))
        else:
            record, why = event
            decided.letters.append(_refused(record, why, clock.reading(why.time)))
        if time.monotonic() > until:
            return False
    return True


def _take_one(decided: Decided, work: Work, inbox: Inbox, event: Received, reading: datetime) -> None:
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
    place = place_of(event.record)
    decided.facts += [Caused(fact, event.envelope.traceparent, place) for fact in outcome.facts]


async def _speaking(connection: Connection, deciding: Coroutine[Any, Any, bool]) -> None:
    """Waits for the rules, which run in a thread, and speaks to the database each second meanwhile.

    However long a large declaration takes, the client's heartbeats, the relay and its marks go on beside it, and the
    server, which ends a session that is silent within a transaction, ends only that of a process that is frozen.
    """
    task = asyncio.create_task(deciding)
    try:
        while not (await asyncio.wait({task}, timeout=1))[0]:
            await connection.execute("select 1")
    finally:
        await asyncio.wait({task})  # a thread can't be stopped: no second one may start beside it
    task.result()


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
