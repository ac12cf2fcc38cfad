"""`verify`: what must always hold of a service's data, looked at live, without keeping anybody waiting.

An invariant reads a snapshot of its own (REPEATABLE READ, READ ONLY): what it sees was all true at one moment, and
workers go on beside it. It yields what is broken: where, what stands there, what should, and since when.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from recouvra.chassis.database import Connection
from recouvra.chassis.settings import Settings
from recouvra.contracts.codes import Message

if TYPE_CHECKING:
    import asyncpg

SHOWN = 20
"""How many findings of one invariant are told one by one; the others are counted."""
_MOST = 10_000  # what is broken everywhere need not be counted to its end


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be.

    Attributes:
        where: the identifiers that lead there, by name, as ``{"payer_id": …, "period": …}``.
        found, expected: what stands there, and what should; None for nothing.
        since: the knowledge time of the last cause that touched it: broken then, or after. None where nothing tells.
    """

    where: Mapping[str, Any]
    found: Any
    expected: Any
    since: datetime | None = None


Check = Callable[["Look"], AsyncIterator[Finding]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must always hold.

    Attributes:
        name: stable, for machines: the label in `/metrics`.
        says: it as a sentence.
        check: yields whatever breaks it; in any order, as many as there are.
        seldom: it reads all there is, so that the background run does not check it each time.
    """

    name: str
    says: Message
    check: Check
    seldom: bool = False


@dataclass(frozen=True, slots=True)
class Invariants:
    """All of one service's.

    Attributes:
        own: beside those that every service has.
        keeps: by topic that it reads, the fields of its records that its invariants compare with.
    """

    own: Sequence[Invariant] = ()
    keeps: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Look:
    """What an invariant looks at: the service's database, on a session that only reads, and its topics.

    Attributes:
        connection: its own session; what the service keeps can only be read on it.
        reads: the topics of events that the service reads.
        keeps: see Invariants.
        known: what invariants found out already and share, by name.
        patience_seconds: how long a fact may be on its way from one service to another.
    """

    service: str
    settings: Settings
    connection: asyncpg.Connection
    reads: Sequence[str]
    keeps: Mapping[str, Sequence[str]] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    patience_seconds: float = 15.0

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """What was committed at one moment, for as long as the block lasts."""
        async with self.connection.transaction(isolation="repeatable_read", readonly=True):
            yield self.connection


@dataclass(slots=True)
class Checked:
    """What one invariant came to: how many findings, the first of them, or why it could not be checked."""

    invariant: Invariant
    seconds: float = 0.0
    broken: int = 0
    findings: list[Finding] = field(default_factory=list)
    failed: str | None = None

    @property
    def holds(self) -> bool:
        """Whether it was checked and nothing breaks it."""
        return self.failed is None and not self.broken


async def checked(invariant: Invariant, look: Look) -> Checked:
    """Checks one; what keeps it from being checked (no broker, a statement that takes too long) is told, not raised."""
    result, started = Checked(invariant), time.monotonic()
    finding = invariant.check(look)
    try:
        async for one in finding:
            result.broken += 1
            if len(result.findings) < SHOWN:
                result.findings.append(one)
            if result.broken >= _MOST:
                break
    except Exception as error:
        result.failed = f"{type(error).__name__}: {error}" if look.connection.is_closed() else repr(error)
    finally:
        await finding.aclose()  # type: ignore[attr-defined] # an async generator has one
    result.seconds = time.monotonic() - started
    return result


def in_sql(
    name: str,
    fr: str,
    en: str,
    sql: str,
    prepare: Callable[[Look], Any] | None = None,
    *,
    seldom: bool = False,
) -> Invariant:
    """An invariant as one SELECT of what breaks it: columns `found`, `expected`, `since`, and those that say where.

    Args:
        prepare: opens another snapshot than the plain one.
    """

    async def check(look: Look) -> AsyncIterator[Finding]:
        async with (prepare or Look.snapshot)(look) as connection:
            async for row in connection.cursor(sql, prefetch=200):
                yield finding_of(dict(row))

    return Invariant(name, Message(fr=fr, en=en), check, seldom)


def finding_of(row: Mapping[str, Any]) -> Finding:
    """A row of such a SELECT."""
    where = {name: value for name, value in row.items() if name not in ("found", "expected", "since")}
    return Finding(where, row["found"], row["expected"], row["since"])


def as_json(found: Finding) -> dict[str, Any]:
    """A finding as it is told to machines."""
    return {
        "where": {name: _plain(value) for name, value in found.where.items()},
        "found": _plain(found.found),
        "expected": _plain(found.expected),
        "since": _plain(found.since),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.hex()
    try:
        json.dumps(value)
    except TypeError:
        return str(value)
    return value
