"""A hire as the rules read it: without names, which decide nothing beyond likeness. Source: DEF-034."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from recouvra.contracts.codes import RegistrationCode, anomaly_message
from recouvra.contracts.event import Category, Sex
from recouvra.contracts.registration_answered import RegistrationAnomaly, RegistrationAnswered
from recouvra.contracts.registration_requested import RegistrationRequested
from services.registration.domain.likeness import likeness

RequestKey = tuple[str, str]
"""(payer_id, request_id)."""

Outcome = Literal["registered", "already_registered", "transferred", "pending", "rejected"]

FUTURE_DAYS = 31
"""How long before its first day of work a hire may be announced. Source: events.md, `hire-in-future`."""


@dataclass(frozen=True, slots=True)
class Hire:
    """One `registration-requested`; `asked_at` is its `ce_time`, in UTC."""

    payer_id: str
    request_id: str
    asked_at: datetime
    hired_on: date
    category: Category
    birth_date: date
    sex: Sex
    nina: str | None
    likeness: bytes

    @classmethod
    def of(cls, request: RegistrationRequested, asked_at: datetime) -> Hire:
        """What a request says, and when it was said."""
        person = request.person
        return cls(
            payer_id=request.payer_id,
            request_id=request.request_id,
            asked_at=asked_at,
            hired_on=request.hired_on,
            category=request.category,
            birth_date=person.birth_date,
            sex=person.sex,
            nina=person.nina,
            likeness=likeness(person),
        )

    @property
    def key(self) -> RequestKey:
        """The request that it is."""
        return self.payer_id, self.request_id

    @property
    def rank(self) -> tuple[date, str, str]:
        """Of a person's hires the one of the highest rank decides whose they are. Source: DEF-034."""
        return self.hired_on, self.payer_id, self.request_id

    @property
    def last_day(self) -> date:
        """The latest first day of work that may be announced now."""
        return self.asked_at.date() + timedelta(days=FUTURE_DAYS)

    def faults(self) -> tuple[RegistrationCode, ...]:
        """Every code for which it is rejected, in the order of events.md; none: it stands."""
        codes = []
        if self.hired_on < self.birth_date:
            codes.append(RegistrationCode.HIRED_BEFORE_BIRTH)
        if self.hired_on > self.last_day:
            codes.append(RegistrationCode.HIRE_IN_FUTURE)
        return tuple(codes)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a hire was answered last."""

    outcome: Outcome
    insured_number: str | None
    codes: tuple[RegistrationCode, ...]
    known_at: datetime


def anomaly(code: RegistrationCode, payer_id: str, hired_on: date, last_day: date) -> RegistrationAnomaly:
    """An anomaly as it is answered; a birth date or a namesake is personal and stands in none."""
    field, received, expected = {
        RegistrationCode.UNKNOWN_PAYER: ("/payer_id", payer_id, None),
        RegistrationCode.POSSIBLE_DUPLICATE: ("/person", None, None),
        RegistrationCode.HIRED_BEFORE_BIRTH: ("/hired_on", hired_on.isoformat(), None),
        RegistrationCode.HIRE_IN_FUTURE: ("/hired_on", hired_on.isoformat(), last_day.isoformat()),
    }[code]
    message = anomaly_message(code, received, expected)
    return RegistrationAnomaly(code=code, field=field, received=received, expected=expected, message=message)


def answered(hire: Hire, answer: Answer) -> RegistrationAnswered:
    """The fact that tells an answer."""
    return RegistrationAnswered(
        request_id=hire.request_id,
        payer_id=hire.payer_id,
        outcome=answer.outcome,
        insured_number=answer.insured_number,
        anomalies=tuple(anomaly(code, hire.payer_id, hire.hired_on, hire.last_day) for code in answer.codes),
    )
