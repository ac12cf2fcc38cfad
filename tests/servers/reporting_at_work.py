"""Reporting on a database of its own, fed with records as its worker would be, asked as a client would."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from fastapi import FastAPI

from recouvra.chassis.batch import Reading
from recouvra.chassis.database import WRITER
from recouvra.chassis.deciding import Tally
from recouvra.chassis.migrate import migrate
from recouvra.chassis.positions import Place
from recouvra.chassis.settings import Settings
from recouvra.contracts.codes import FormCode
from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.event import Event
from recouvra.contracts.form_liquidated import FormLiquidated
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.payment_held import PaymentHeld
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.record import Record
from recouvra.contracts.topics import MARKS
from services.reporting.app import AWAITED, build
from tests.recount.facts import Fact

CreateDatabase = Callable[[str], Awaitable[str]]
FAR = "2099-01-01T00:00:00Z"


def at(text: str) -> datetime:
    """An instant of a test, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fact(event: Event, known_at: datetime, event_id: str | None = None, key: bytes | None = None) -> Record:
    """A fact as a relay publishes it; its offset is given when it is fed."""
    envelope = Envelope(event_id or str(uuid4()), "/contributions", event.event_type(), known_at)
    if key is None:
        key = (event.named_key or "").encode()
    return Record(event.topic, 0, 0, key, event.to_json(), tuple(binary_headers(envelope)))


def mark(service: str, up_to: str, offsets: dict[str, dict[str, int]] | None = None) -> Record:
    """A mark as a relay publishes it."""
    said = {"service": service, "up_to": up_to, "offsets": offsets or {}}
    return Record(MARKS, 0, 0, service.encode(), json.dumps(said).encode(), ())


def affiliated(payer_id: str, kind: str = "local_authority", territory: str = "0101", name: str = "") -> Event:
    """A payer's affiliation."""
    return PayerAffiliated.model_validate(
        {
            "payer_id": payer_id,
            "payer_kind": kind,
            "name": name or payer_id,
            "territory_code": territory,
            "filing_frequency": "monthly",
            "affiliated_on": date(2020, 1, 1),
            "closed_on": None,
        }
    )


def assessed(
    payer_id: str, period: str, xof: int, kind: str = "local_authority", territory: str = "0101", **more: Any
) -> Event:
    """An assessment; `more` names other fields."""
    return ContributionAssessed.model_validate(
        {
            "payer_id": payer_id,
            "payer_kind": kind,
            "territory_code": territory,
            "period": period,
            "declaration_id": f"D-{period}",
            "basis": "declared",
            "assessed_xof": xof,
            "insured_share_xof": 0,
            "payer_share_xof": xof,
            "line_count": 1,
            "filed_on": date(2026, 2, 10),
            "due_on": date(2026, 2, 15),
        }
        | more
    )


def received(
    payer_id: str, period: str, xof: int, kind: str = "local_authority", territory: str = "0101", **more: Any
) -> Event:
    """Money placed on a period."""
    return ContributionReceived.model_validate(
        {
            "payer_id": payer_id,
            "payer_kind": kind,
            "territory_code": territory,
            "period": period,
            "payment_source": "/bank",
            "payment_id": "P-1",
            "received_xof": xof,
            "received_on": date(2026, 2, 12),
            "channel": "bank",
        }
        | more
    )


def held(payer_id: str | None, xof: int, held_as: str = "credit", **more: Any) -> Event:
    """Money placed on no period."""
    return PaymentHeld.model_validate(
        {
            "payment_source": "/bank",
            "payment_id": "P-1",
            "payer_id": payer_id,
            "held_as": held_as,
            "held_xof": xof,
            "received_on": date(2026, 2, 12),
            "channel": "bank",
        }
        | more
    )


def registered(insured_number: str, payer_id: str | None, registered_on: date, **more: Any) -> Event:
    """A person, or a transfer; `more` names other fields."""
    return PersonRegistered.model_validate(
        {
            "insured_number": insured_number,
            "role": "insured",
            "principal_number": None,
            "payer_id": payer_id,
            "payer_kind": payer_id and "local_authority",
            "territory_code": "0101",
            "category": "worker",
            "birth_year": 1980,
            "sex": "F",
            "registered_on": registered_on,
            "relationship": None,
        }
        | more
    )


def liquidated(
    form_serial: str, payer_id: str | None = "A", days: int = 3, reasons: Sequence[str] = (), **more: Any
) -> Event:
    """A care form, liquidated so many days after it was filed; `more` names other fields."""
    submitted_on = more.get("submitted_on", date(2026, 2, 1))
    return FormLiquidated.model_validate(
        {
            "form_serial": form_serial,
            "insured_number": "123456789012",
            "payer_id": payer_id,
            "provider_id": "PH-1",
            "provider_kind": "pharmacy",
            "care_kind": "ambulatory",
            "care_on": submitted_on,
            "submitted_on": submitted_on,
            "liquidated_on": submitted_on + timedelta(days=days),
            "claimed_xof": 1_000,
            "accepted_xof": 1_000,
            "fund_share_xof": 700,
            "co_payment_xof": 300,
            "outcome": "accepted",
            "reasons": [FormCode(reason) for reason in reasons],
            "review_flags": [],
        }
        | more
    )


class Reporting:
    """The service without a broker: `feed` is what its reader does with a batch, `get` what its API answers."""

    def __init__(
        self, url: str, connection: asyncpg.Connection, client: httpx.AsyncClient, reading: Reading, app: FastAPI
    ) -> None:
        self.url, self.connection, self.client, self.reading, self.app = url, connection, client, reading, app
        self._ends: dict[Place, int] = {}

    async def feed(self, *records: Record) -> Tally:
        """Takes records in as one batch, each at the next offset of its partition."""
        starts: dict[Place, int] = {}
        placed = []
        for record in records:
            place = Place(record.topic, record.partition)
            offset = self._ends.get(place, 0)
            starts.setdefault(place, offset)
            self._ends[place] = offset + 1
            key, value, headers = record.key, record.value, record.headers
            placed.append(Record(place.topic, place.partition, offset, key, value, headers))
        moves = {place: (start, self._ends[place]) for place, start in starts.items()}
        return await self.reading.take(self.connection, moves, placed)

    async def complete(self, up_to: str = FAR) -> None:
        """Marks of every awaited service that hold at once."""
        await self.feed(*(mark(service, up_to) for service in AWAITED))

    async def get(self, path: str, headers: Any = None, **query: Any) -> httpx.Response:
        """One request."""
        return await self.client.get(path, params=query, headers=headers)

    async def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every row of a report, page by page."""
        rows: list[dict[str, Any]] = []
        while True:
            body = (await self.get(path, **query)).raise_for_status().json()
            rows += body["rows"]
            if body["next"] is None:
                return rows
            query["cursor"] = body["next"]


@asynccontextmanager
async def reporting(
    postgres: CreateDatabase, peers: dict[str, str] | None = None, kafka: str = "127.0.0.1:9"
) -> AsyncIterator[Reporting]:
    """A fresh one; where no broker is named there is none: nobody listens on port 9."""
    url = await postgres(f"reporting_{uuid4().hex[:12]}")
    settings = Settings(kafka=kafka, database_url=url, peers=peers)
    service = build(settings)
    await migrate(url, service.migrations)
    app, reading = service.create_api(settings), service.reading(settings)
    connection = await asyncpg.connect(url, server_settings=WRITER)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    try:
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://r") as it:
            yield Reporting(url, connection, it, reading, app)
    finally:
        await connection.close()


Known = tuple[datetime, Event]
"""A fact and when it was known."""


def as_facts(known: Iterable[Known]) -> list[Fact]:
    """What the recount is told of them."""
    return [
        Fact(event.topic, "", "/contributions", f"e-{n}", moment, json.loads(event.to_json()))
        for n, (moment, event) in enumerate(known)
    ]


async def feed_all(it: Reporting, known: Iterable[Known], sizes: Sequence[int]) -> None:
    """Feeds all of them in their order, in batches of these sizes, and says that nothing is missing."""
    for batch in batches([fact(event, moment, f"e-{n}") for n, (moment, event) in enumerate(known)], sizes):
        await it.feed(*batch)
    await it.complete()


def batches(records: Iterable[Record], sizes: Sequence[int]) -> list[list[Record]]:
    """The records cut into batches of these sizes, over and over."""
    rest, cut = list(records), list[list[Record]]()
    while rest:
        size = sizes[len(cut) % len(sizes)]
        cut.append(rest[:size])
        rest = rest[size:]
    return cut
