"""Publish a declaration that came in over HTTP, for vendors without Kafka: it is then read as any other is.

The only effect is records on `payroll-declared`. Nothing of the database changes, so there is no cause in the journal
(ADR 9): the records are there to be read, by a restored database too, and whatever follows from them has its cause in
the batch that reads them. Nor does it go through the outbox, which holds facts of this service alone.

Event ids follow from source and content, and a declaration is always cut into the same parts: whoever sends it again,
after an error or without need, changes nothing, and completes what a broker that went away had only half of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

from pydantic import Field, ValidationError

from recouvra.chassis.callers import Caller
from recouvra.chassis.database import Connection
from recouvra.chassis.sources import Sources
from recouvra.contracts.codes import Message
from recouvra.contracts.declared_lines import DeclaredLines, UpTo
from recouvra.contracts.mending import NotJson
from recouvra.contracts.mismatch import mismatches
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import read
from recouvra.contracts.record import Record
from recouvra.contracts.thorough import every_fault
from recouvra.vendor.faults import FiledPart, Place, wanted
from recouvra.vendor.files import read_filing
from recouvra.vendor.headings import Said
from recouvra.vendor.parts import LongDeclaration, read_long, split
from recouvra.vendor.records import record_of
from services.contributions.domain.declaration import State
from services.contributions.store.parts import contents_read

LINES = 100_000
"""How many lines may come at once, as in a dry run."""
_MOST_FAULTS = 1_000

Faults = list[tuple[str, Message]]
"""JSON Pointers into the request, and what should stand there; of a table, `/body/row/12/base_xof`."""


class PostedDeclaration(LongDeclaration):
    """A declaration as it may come over HTTP: whole in one part, or a part of one."""

    lines: Annotated[DeclaredLines, UpTo(LINES)] = Field(
        description="All lines of the declaration, at most 100,000; of one part of several, 1,000."
    )


class Faulty(Exception):
    """The body is no declaration that a reader would take: its faults, the first 1,000, none with what was sent."""

    def __init__(self, faults: Faults, count: int | None = None) -> None:
        super().__init__("a declaration that cannot be read")
        left = (len(faults) if count is None else count) - _MOST_FAULTS
        self.faults = faults[:_MOST_FAULTS]
        if left > 0:
            self.faults.append(("/body", wanted(f"et {left} fautes de plus", f"and {left} faults more")))


def source_of(caller: Caller) -> str:
    """The `ce_source` of what a caller publishes, by which RECOUVRA_SOURCES_FILE says for whom they may.

    Their name stands between two slashes, so that `/http/acme/` in that file is nobody's but theirs.
    """
    return f"/http/{quote(caller.name, safe='')}/payroll"


def parts_of_json(body: bytes) -> list[PayrollDeclared]:
    """The parts of an event's value; one that says it has one part may hold up to 100,000 lines. Raises Faulty."""
    try:
        declared = read_long(body, PostedDeclaration)
    except NotJson as error:
        raise Faulty([("/body", wanted("du JSON en UTF-8, sans NaN", "JSON in UTF-8, without NaN"))]) from error
    except ValidationError as error:
        whole = every_fault(PostedDeclaration, body) or error
        found = mismatches(whole, most=_MOST_FAULTS)
        raise Faulty([(f"/body{pointer}", expected) for pointer, expected in found], whole.error_count()) from error
    return list(split(declared))


def parts_of_csv(body: bytes, said: Said) -> list[PayrollDeclared]:
    """The parts of the one declaration that a table holds. Raises Faulty."""
    filing = read_filing(body, "csv", said, most_lines=LINES, most_faults=_MOST_FAULTS - 1)
    if filing.faults:
        raise Faulty([(_pointer(fault.place), fault.expected or fault.message) for fault in filing.faults])
    parts = [filed.event for filed in filing.parts]
    if len({(part.payer_id, part.declaration_id) for part in parts}) > 1:
        raise Faulty([(_pointer(_second(filing.parts)), _ONE_ALONE)])
    return parts


def records_of(
    parts: Sequence[PayrollDeclared], caller: Caller, sources: Sources, traceparent: str | None
) -> list[Record]:
    """The records that carry the parts, each read as the worker will read it.

    Raises Refusal where the caller may not publish for this payer. For a thread: there may be a hundred.
    """
    source, at = source_of(caller), datetime.now(UTC)
    told = read(record_of(parts[0], source, at, traceparent)).envelope.traceparent  # None where it is not one
    records = [record_of(part, source, at, told) for part in parts]
    for record in records:
        sources.check(read(record))
    return records


async def would_conflict(connection: Connection, parts: Sequence[PayrollDeclared]) -> bool:
    """Whether the records would be set aside: their declaration_id has served for another content (DEF-027).

    Told before they are published, because who has no Kafka hears of no dead letter. What is read meanwhile may make
    it untrue; then they are set aside all the same.
    """
    first = parts[0]
    state, contents = await contents_read(connection, first.payer_id, first.declaration_id)
    if state is None:
        return False
    return any(
        contents[part.part] != part.content() if part.part in contents else state != State.INCOMPLETE for part in parts
    )


def _second(parts: Sequence[FiledPart]) -> Place:
    """Where the second declaration of a table begins."""
    first = parts[0].event.payer_id, parts[0].event.declaration_id
    other = next(part for part in parts if (part.event.payer_id, part.event.declaration_id) != first)
    return Place(other.line, None, "/declaration_id")


def _pointer(place: Place) -> str:
    return f"/body/row/{place.line}{place.field}" if place.line is not None else f"/body{place.field}"


_ONE_ALONE = wanted(
    "une seule déclaration par envoi : envoyez l'autre à part", "one declaration a request: send the other by itself"
)
