"""All that a batch of records can touch, and the single entry by which a record takes effect on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from recouvra.chassis.outcome import Fact, Outcome
from recouvra.contracts.care_form_submitted import CareFormSubmitted
from recouvra.contracts.form_liquidated import FormLiquidated
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.reading import Received
from recouvra.contracts.rights_changed import RightsChanged
from services.liquidation.domain.form import Form, FormKey


@dataclass(slots=True)
class Patient:
    """A person under an insured number; blank for a number of which only forms were read, or nothing.

    Attributes:
        known_at: the knowledge time of the last cause that touched the number (DEF-015).
        told_at: the knowledge time of registration's fact that holds; None while the number is not known.
        payer_id: whose the person is by that fact.
        waiting: the forms that wait for the person, in the order of reading; loaded where it may be registered.
    """

    insured_number: str
    known_at: datetime | None = None
    told_at: datetime | None = None
    payer_id: str | None = None
    waiting: list[Form] = field(default_factory=list)

    def touched(self, reading: datetime) -> datetime:
        """The knowledge time of a cause that touches this number alone. Source: DEF-015."""
        self.known_at = reading if self.known_at is None else max(reading, self.known_at)
        return self.known_at


@dataclass(slots=True)
class Readings:
    """What was read under one serial: how many contents, and those of them that the batch may repeat."""

    count: int = 0
    contents: set[bytes] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ReadForm:
    """A form that is new, with the record that it came in; `known_at` is the knowledge time of its reading."""

    form: Form
    received: Received
    event: CareFormSubmitted
    known_at: datetime


class Liquidated(NamedTuple):
    """What was told of a form, and the knowledge time of the cause."""

    fact: FormLiquidated
    known_at: datetime


@dataclass(slots=True)
class Changes:
    """What a batch changed, so that the store saves only that.

    Attributes:
        patients: insured numbers.
        forms: the new ones, in the order of reading.
        liquidated: what was told of forms, new ones and those that waited.
    """

    patients: set[str] = field(default_factory=set)
    forms: list[ReadForm] = field(default_factory=list)
    liquidated: dict[FormKey, Liquidated] = field(default_factory=dict)


@dataclass(slots=True)
class Caseload:
    """What the store loaded for a batch; `apply` changes it in memory, record after record, and notes what changed.

    Attributes:
        patients: by insured number, of every form and person in the batch.
        readings: by form serial, of every form in the batch.
    """

    patients: dict[str, Patient] = field(default_factory=dict)
    readings: dict[str, Readings] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Takes one record in, whose event id is new, when the clock says `reading`.

        Returns its facts in the order in which they are to be published, all of one knowledge time, or a repeat
        without effect. Raises LookupError for an event that liquidation does not read. Source: DEF-015.
        """
        match received.event:
            case CareFormSubmitted() as event:
                return self._read_form(event, received, reading)
            case PersonRegistered() as event:
                return self._register(event, received.envelope.time, reading)
            case RightsChanged():
                return Outcome()  # nobody publishes it before its rules are written: it is read, and changes nothing
            case event:
                raise LookupError(f"liquidation does not read {event.topic}")

    def _read_form(self, event: CareFormSubmitted, received: Received, reading: datetime) -> Outcome:
        """Takes in a form; it is a duplicate by what was read before it, be that liquidated or waiting. DEF-031."""
        readings = self.readings[event.form_serial]
        if received.content in readings.contents:
            return Outcome(duplicate=True)
        readings.contents.add(received.content)
        readings.count += 1
        patient = self.patients[event.insured_number]
        known_at = patient.touched(reading)
        self.changes.patients.add(patient.insured_number)
        form = Form.read(event, readings.count)
        self.changes.forms.append(ReadForm(form, received, event, known_at))
        if patient.told_at is None:
            patient.waiting.append(form)
            return Outcome()
        return Outcome([self._liquidate(form, patient, known_at)])

    def _register(self, event: PersonRegistered, told_at: datetime, reading: datetime) -> Outcome:
        """Keeps whose a person is, as registration told last; the first time, liquidates what waited. DEF-032."""
        patient = self.patients[event.insured_number]
        if patient.told_at is not None and told_at < patient.told_at:
            return Outcome()
        patient.told_at, patient.payer_id = told_at, event.payer_id
        known_at = patient.touched(reading)
        self.changes.patients.add(patient.insured_number)
        waited, patient.waiting = patient.waiting, []
        return Outcome([self._liquidate(form, patient, known_at) for form in waited])

    def _liquidate(self, form: Form, patient: Patient, known_at: datetime) -> Fact:
        """The fact of one form, dated by its knowledge time. Source: DEF-030, DEF-032."""
        fact = form.liquidated(patient.payer_id, known_at.astimezone(UTC).date())
        self.changes.liquidated[form.key] = Liquidated(fact, known_at)
        return Fact(fact, known_at, form.insured_number)
