"""One way of breaking a database by hand."""

from __future__ import annotations

from typing import NamedTuple


class Breakage(NamedTuple):
    """What is done to a service's database, and what is broken by it."""

    service: str
    what: str
    sql: tuple[str, ...]
    named: str


def by(service: str, *each: tuple[str, str, str | tuple[str, ...]]) -> list[Breakage]:
    """Several of one service: what is done, the invariant that names it, and the statements."""
    return [Breakage(service, what, (sql,) if isinstance(sql, str) else sql, named) for what, named, sql in each]
