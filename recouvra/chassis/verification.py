"""One run of `verify` over a service: every invariant in turn, each told as it ends, and what they came to kept."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from recouvra.chassis.database import VERIFIER, WRITER, connect
from recouvra.chassis.invariants import COMMON, LAST, look_first
from recouvra.chassis.settings import Settings
from recouvra.chassis.verifying import SHOWN, Checked, Invariant, Invariants, Look, as_json, checked

_PATIENCE_SECONDS = 620.0
_ONE_AT_A_TIME = 7_300_000_004  # an advisory lock of the background run's session
_SELDOM = 12  # background runs
Tell = Callable[[int, int, Checked], None]
"""Hears of each invariant as it ends: its place, how many there are, and what it came to."""


@dataclass(frozen=True, slots=True)
class Verifiable:
    """A service as `verify` sees it.

    Attributes:
        reads, plain: the topics that it reads, and those of them whose records are no events.
    """

    name: str
    reads: Sequence[str]
    plain: Sequence[str]
    invariants: Invariants


@dataclass(slots=True)
class Report:
    """What a run came to; `since` says of each invariant since when it is known to be broken."""

    service: str
    at: datetime
    seconds: float = 0.0
    checked: list[Checked] = field(default_factory=list)
    since: dict[str, datetime] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether every invariant was checked and holds."""
        return all(one.holds for one in self.checked)

    def to_json(self) -> dict[str, Any]:
        """The report for machines."""
        return {
            "service": self.service,
            "at": _instant(self.at),
            "seconds": round(self.seconds, 1),
            "holds": self.holds,
            "invariants": [self._one(one) for one in self.checked],
        }

    def _one(self, one: Checked) -> dict[str, Any]:
        broken_at = self.since.get(one.invariant.name)
        findings = [as_json(finding) for finding in one.findings]
        for finding in findings:
            # Where its own data do not tell, it is broken since it was first seen to be.
            finding["since"] = finding["since"] or (broken_at and _instant(broken_at))
        return {
            "name": one.invariant.name,
            "says": one.invariant.says.model_dump(),
            "holds": one.holds,
            "seconds": round(one.seconds, 2),
            "broken": one.broken,
            "broken_since": broken_at and _instant(broken_at),
            "failed": one.failed,
            "findings": findings,
        }


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def verify(
    service: Verifiable,
    settings: Settings,
    tell: Tell,
    *,
    only: Collection[str] | None = None,
    only_due: bool = False,
    patience_seconds: float = 15,
) -> Report:
    """Checks every invariant of a service, and keeps what they came to.

    Args:
        patience_seconds: how long a fact may be on its way from one service to another.
        only: the names of those to check; None: all.
        only_due: the background run: what it checks seldom, it leaves out mostly; nothing beside another such run.

    Raises what asyncpg raises where the database does not answer.
    """
    connection = await connect(settings.database_url, VERIFIER, _PATIENCE_SECONDS)
    try:
        at = await connection.fetchval("select clock_timestamp()")
        plain = {"plain": frozenset(service.plain)}
        reads = [topic for topic in service.reads if topic not in service.plain]
        look = Look(service.name, settings, connection, reads, service.invariants.keeps, plain, patience_seconds)
        every: list[Invariant] = [*COMMON, *service.invariants.own, *LAST]
        wanted = await _due(connection, every, settings.verify_seconds) if only_due else every
        wanted = [one for one in wanted if only is None or one.name in only]
        report, started = Report(service.name, at), time.monotonic()
        if wanted:
            await look_first(look)
        for number, invariant in enumerate(wanted, 1):
            report.checked.append(await checked(invariant, look))
            tell(number, len(wanted), report.checked[-1])
        report.seconds = time.monotonic() - started
    finally:
        connection.terminate()
    report.since = await _keep(settings.database_url, report, [one.name for one in every])
    return report


async def _due(connection: asyncpg.Connection, invariants: Sequence[Invariant], seconds: float) -> list[Invariant]:
    """What the background run has to check now: of one service one run at a time, whoever its workers are."""
    if not await connection.fetchval("select pg_try_advisory_lock($1)", _ONE_AT_A_TIME):
        return []
    rows = await connection.fetch(
        "select invariant from verified where checked_at > clock_timestamp() - $1 * interval '1 second'",
        seconds * _SELDOM,
    )
    lately = {row["invariant"] for row in rows}
    return [one for one in invariants if not (one.seldom and one.name in lately)]


async def _keep(url: str, report: Report, names: Sequence[str]) -> dict[str, datetime]:
    """Writes the results; returns since when those that do not hold are known to be broken.

    Of an invariant that this version does not know any more, nothing stays.
    """
    connection = await connect(url, WRITER)
    try:
        await connection.execute("delete from verified where invariant <> all($1::text[])", names)
        rows = await connection.fetch(
            """
            insert into verified as v (invariant, checked_at, seconds, broken, failed, findings, held_at, broken_at)
            select name, $2, seconds, broken, failed, findings,
                case when broken = 0 and failed is null then $2::timestamptz end,
                case when broken > 0 then $2::timestamptz end
            from unnest($1::text[], $3::float8[], $4::int[], $5::text[], $6::jsonb[])
                t(name, seconds, broken, failed, findings)
            on conflict (invariant) do update set checked_at = excluded.checked_at, seconds = excluded.seconds,
                broken = excluded.broken, failed = excluded.failed, findings = excluded.findings,
                held_at = coalesce(excluded.held_at, v.held_at),
                broken_at = case when excluded.broken > 0 then coalesce(v.broken_at, excluded.broken_at)
                    when excluded.failed is not null then v.broken_at end
            where v.checked_at <= excluded.checked_at
            returning invariant, broken_at
            """,
            [one.invariant.name for one in report.checked],
            report.at,
            [one.seconds for one in report.checked],
            [one.broken for one in report.checked],
            [one.failed for one in report.checked],
            [json.dumps([as_json(finding) for finding in one.findings]) for one in report.checked],
        )
    finally:
        await connection.close()
    return {row["invariant"]: row["broken_at"] for row in rows if row["broken_at"] is not None}


def tell_progress(service: str) -> Tell:
    """Tells each invariant on the standard error, as it ends."""

    def tell(number: int, count: int, one: Checked) -> None:
        state = "?" if one.failed is not None else "✗" if one.broken else "✓"
        print(
            f"{state} {service} {number}/{count} {one.invariant.name} {one.seconds:.1f} s", file=sys.stderr, flush=True
        )

    return tell


def say(report: Report, as_json: bool) -> None:
    """Prints what a run came to: all of it as JSON for machines, or what does not hold for people."""
    told = report.to_json()
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for one in told["invariants"]:
        if one["holds"]:
            continue
        print(f"{one['name']}: {one['says']['fr']} / {one['says']['en']}")
        if one["failed"]:
            print(f"  non vérifié / not checked: {one['failed']}")
        for finding in one["findings"]:
            where = " ".join(f"{name}={value}" for name, value in finding["where"].items())
            print(f"  {where}: {finding['found']} ≠ {finding['expected']} ({finding['since']})")
        if one["broken"] > SHOWN:
            print(f"  … {one['broken']}")
