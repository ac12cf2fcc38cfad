"""Care forms and persons made by hand and read into a Caseload that holds everything, and all it ever published."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from recouvra.chassis.outcome import Fact, Outcome
from recouvra.contracts.care_form_submitted import CareFormSubmitted, CareLine
from recouvra.contracts.envelope import Envelope
from recouvra.contracts.event import Event
from recouvra.contracts.form_liquidated import FormLiquidated
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.reading import Received
from recouvra.contracts.record import Record
from services.liquidation.domain.caseload import Caseload, Patient, Readings

START = datetime(2026, 4, 1, tzinfo=UTC)
Line = tuple[int, int]


def person(insured_number: str = "N1", payer_id: str | None = "P1") -> PersonRegistered:
    """A person who belongs to that payer."""
    return PersonRegistered(
        insured_number=insured_number,
        role="insured",
        principal_number=None,
        payer_id=payer_id,
        payer_kind=None,
        territory_code="01",
        category="worker",
        birth_year=1980,
        sex="F",
        registered_on=date(2020, 1, 1),
        relationship=None,
    )


def form(form_serial: str = "S1", *lines: Line, **said: Any) -> CareFormSubmitted:
    """An ambulatory form of N1, of lines (quantity, unit price), one of 1 × 1,000 unless some are given."""
    usual: dict[str, Any] = {
        "insured_number": "N1",
        "provider_id": "CSCOM-1",
        "provider_kind": "cscom",
        "care_kind": "ambulatory",
        "care_on": date(2026, 3, 1),
        "submitted_on": date(2026, 3, 5),
    }
    made = tuple(
        CareLine(line_no=no, act_code="K1", quantity=quantity, unit_price_xof=price)
        for no, (quantity, price) in enumerate(lines or [(1, 1000)], 1)
    )
    return CareFormSubmitted(form_serial=form_serial, lines=made, **(usual | said))


@dataclass
class Case:
    """A Caseload to which every key that a record names is given before the record is read."""

    caseload: Caseload = field(default_factory=Caseload)
    facts: list[Fact] = field(default_factory=list)
    read_count: int = 0

    def read(self, *events: Event, at: datetime | None = None, reading: datetime | None = None) -> Outcome:
        """Reads events one after the other, each a second later by its own time and by the clock; the last outcome."""
        outcome = Outcome()
        for event in events:
            self.read_count += 1
            now = START + timedelta(seconds=self.read_count)
            record = Record(event.topic, 0, self.read_count, event.key.encode(), event.to_json(), ())
            envelope = Envelope(f"e{self.read_count}", "/s", event.event_type(), at or now)
            self._lay_out(event)
            received = Received(record, envelope, event, event.content())
            outcome = self.caseload.apply(received, reading or at or now)
            assert len({fact.known_at for fact in outcome.facts}) <= 1
            self.facts += outcome.facts
        return outcome

    def told(self) -> list[FormLiquidated]:
        """Every form that was liquidated, in the order of publication."""
        return [fact.event for fact in self.facts if isinstance(fact.event, FormLiquidated)]

    def verdicts(self) -> list[tuple[str, str, list[str]]]:
        """Of each: serial, outcome, reasons."""
        return [(fact.form_serial, fact.outcome, [str(code) for code in fact.reasons]) for fact in self.told()]

    def _lay_out(self, event: Event) -> None:
        if isinstance(event, CareFormSubmitted):
            self.caseload.readings.setdefault(event.form_serial, Readings())
        number = event.key
        self.caseload.patients.setdefault(number, Patient(number))
