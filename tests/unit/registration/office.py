"""A register in memory, and the requests that tests send to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from recouvra.chassis.outcome import Fact
from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.event import Event
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.registration_answered import RegistrationAnswered
from recouvra.contracts.registration_requested import RegistrationRequested
from recouvra.law.insured_number import FIRST_DIGITS, insured_number
from services.registration.domain.affiliation import Affiliation
from services.registration.domain.hire import Hire
from services.registration.domain.register import Claim, Payer, Register

JANUARY = datetime(2026, 1, 10, 8, 0, tzinfo=UTC)
NINA = "12345678901234A"


def affiliation(payer_id: str = "P-1", request_id: str = "A-1", **changes: Any) -> AffiliationRequested:
    """A request to affiliate a local authority of Kayes; `changes` stand in its fields."""
    body = {
        "request_id": request_id,
        "payer_id": payer_id,
        "payer_kind": "local_authority",
        "name": "Commune de Kayes",
        "territory_code": "0101",
        "filing_frequency": "monthly",
        "affiliated_on": date(2020, 1, 1),
        "closed_on": None,
    }
    return AffiliationRequested.model_validate(body | changes)


def hire(
    payer_id: str = "P-1", request_id: str = "H-1", nina: str | None = NINA, **changes: Any
) -> RegistrationRequested:
    """A hire of Moussa Traoré on 1 January 2026; `changes` stand in its fields or in the person's."""
    person = {
        "family_name": "Traoré",
        "given_names": "Moussa",
        "birth_date": date(1990, 5, 17),
        "sex": "M",
        "nina": nina,
    }
    body: dict[str, Any] = {
        "request_id": request_id,
        "payer_id": payer_id,
        "hired_on": date(2026, 1, 1),
        "category": "worker",
    }
    for name, value in changes.items():
        (person if name in person else body)[name] = value
    return RegistrationRequested.model_validate(body | {"person": person})


def _numbers() -> Iterator[str]:
    digits = FIRST_DIGITS
    while True:
        yield insured_number(digits)
        digits += 1


class _Payers(defaultdict[str, Payer]):
    """A blank account for each payer named, as the store gives one."""

    def __missing__(self, payer_id: str) -> Payer:
        self[payer_id] = Payer(payer_id)
        return self[payer_id]


def _draw() -> Callable[[Hire], str]:
    numbers = _numbers()
    return lambda _: next(numbers)


@dataclass
class Office:
    """A register that holds everything it was ever told, and the facts that it published, in order."""

    register: Register = field(default_factory=lambda: Register(_draw(), _Payers()))
    facts: list[Fact] = field(default_factory=list)

    def read(
        self,
        request: AffiliationRequested | RegistrationRequested,
        said_at: datetime = JANUARY,
        reading: datetime | None = None,
        event_id: str = "e",
    ) -> list[Event]:
        """Takes a request in; the facts that it led to. Refuses a repeated or conflicting one."""
        assert self.claim(request) == "new"
        content, now = request.content(), reading or said_at
        if isinstance(request, AffiliationRequested):
            said = Affiliation.of(request, said_at, "/register", event_id)
            facts = self.register.affiliate(request, said, content, now)
        else:
            facts = self.register.hire(request, said_at, content, now)
        self.facts += facts
        return [fact.event for fact in facts]

    def claim(self, request: AffiliationRequested | RegistrationRequested) -> Claim:
        """What the request's identity says of it."""
        return self.register.claim(request, request.content())

    def payers(self) -> dict[str, PayerAffiliated]:
        """What was last published of each payer."""
        return {f.event.payer_id: f.event for f in self.facts if isinstance(f.event, PayerAffiliated)}

    def people(self) -> dict[str, PersonRegistered]:
        """What was last published of each person."""
        return {f.event.insured_number: f.event for f in self.facts if isinstance(f.event, PersonRegistered)}

    def answers(self) -> dict[tuple[str, str], RegistrationAnswered]:
        """The last answer to each hire."""
        answers = [f.event for f in self.facts if isinstance(f.event, RegistrationAnswered)]
        return {(answer.payer_id, answer.request_id): answer for answer in answers}

    def answer(self, payer_id: str = "P-1", request_id: str = "H-1") -> tuple[str, list[str]]:
        """The last answer to one hire: its outcome and codes."""
        answer = self.answers()[payer_id, request_id]
        return answer.outcome, [anomaly.code.value for anomaly in answer.anomalies]
