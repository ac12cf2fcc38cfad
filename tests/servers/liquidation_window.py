"""Liquidation on a real database, without a broker: forms and persons as drafts, batches as its worker takes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import asyncpg

import services.liquidation
from recouvra.chassis.batch import Reading
from recouvra.chassis.database import WRITER, connect
from recouvra.chassis.migrate import migrate
from recouvra.chassis.sources import Sources
from services.liquidation.doors.events import opens
from tests.builders import Draft, Envelope
from tests.servers.registration_desk import Desk

MIGRATIONS = Path(services.liquidation.__file__).parent / "migrations"
AT = "2026-04-01T08:00:00Z"
Line = tuple[int, int]


class Window(Desk):
    """One worker: it reads a partition of its own of each topic, so that two of them meet in the database only."""

    def __init__(self, connection: asyncpg.Connection, partition: int, clock: str) -> None:
        super().__init__(connection, partition, clock)
        self._reading = Reading("liquidation", opens, clock, Sources(None))

    @classmethod
    async def opened(cls, url: str, partition: int = 0, clock: str = "event") -> Self:
        """A worker on a migrated database."""
        await migrate(url, MIGRATIONS)
        return cls(await connect(url, WRITER), partition, clock)

    async def verdicts(self) -> list[tuple[str, str | None, str, list[str]]]:
        """Of each fact, in order: serial, payer, outcome, reasons."""
        return [
            (fact["form_serial"], fact["payer_id"], fact["outcome"], fact["reasons"])
            for fact in await self.facts("form-liquidated")
        ]


def form(
    form_serial: str, insured_number: str = "N1", lines: Sequence[Line] = ((1, 1000),), at: str = AT, **said: Any
) -> Draft:
    """An ambulatory form of lines (quantity, unit price), under an event id of its own."""
    body = {
        "form_serial": form_serial,
        "insured_number": insured_number,
        "provider_id": "CSCOM-1",
        "provider_kind": "cscom",
        "care_kind": "ambulatory",
        "care_on": "2026-03-01",
        "submitted_on": "2026-03-05",
        "lines": [
            {"line_no": no, "act_code": "K1", "quantity": quantity, "unit_price_xof": price}
            for no, (quantity, price) in enumerate(lines, 1)
        ],
    } | said
    return _draft("care-form-submitted", body, "/providers", at)


def person(insured_number: str = "N1", payer_id: str | None = "P1", at: str = AT) -> Draft:
    """Registration's fact that a person belongs to that payer."""
    body = {
        "insured_number": insured_number,
        "role": "insured",
        "principal_number": None,
        "payer_id": payer_id,
        "payer_kind": None if payer_id is None else "private_employer",
        "territory_code": "01",
        "category": "worker",
        "birth_year": 1980,
        "sex": "F",
        "registered_on": "2026-01-01",
        "relationship": None,
    }
    return _draft("person-registered", body, "/registration", at)


def rights(insured_number: str = "N1") -> Draft:
    """A change of rights, as contributions will tell it once its rules are written."""
    body = {"insured_number": insured_number, "status": "closed", "effective_on": "2026-01-01", "reason": "unpaid"}
    return _draft("rights-changed", body, "/contributions", AT)


def same_event(draft: Draft, other: Draft) -> Draft:
    """The second's content under the first's event id."""
    return other.broken("", headers=draft.headers)


def _draft(topic: str, body: dict[str, Any], source: str, at: str) -> Draft:
    envelope = Envelope(source, uuid4().hex, f"ml.recouvra.{topic}.v1", at)
    value = json.dumps(body).encode()
    return Draft(topic, str(body["insured_number"]).encode(), value, envelope.headers(), body, envelope)
