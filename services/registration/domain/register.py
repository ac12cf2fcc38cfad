"""The register as one batch sees it: every payer, request and person that it can touch, and what it changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from recouvra.chassis.outcome import Fact
from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.codes import RegistrationCode
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.registration_requested import RegistrationRequested
from services.registration.domain.affiliation import Affiliation
from services.registration.domain.hire import Answer, Hire, RequestKey, answered
from services.registration.domain.person import InsuredPerson, registered

Content = bytes
Claim = Literal["new", "repeated", "conflicting"]


@dataclass(slots=True)
class Payer:
    """A payer's account; blank for one of which nothing was read, or only hires.

    Attributes:
        known_at: the knowledge time of its last cause (DEF-015).
        affiliation: None until it is affiliated.
        pending: its hires that wait for that, in the order in which they came; loaded where it may be affiliated.
    """

    payer_id: str
    known_at: datetime | None = None
    affiliation: Affiliation | None = None
    pending: list[Hire] = field(default_factory=list)


@dataclass(slots=True)
class Namesakes:
    """Of the persons who were hired, once at least, under names that look the same: the first, and without NINA."""

    first: str | None = None
    first_without_nina: str | None = None


class Duplicate(NamedTuple):
    """A possible duplicate for operators: two numbers that look the same, or one NINA that says two things.

    `other_number` is None where it is one person, whose hires disagree on birth date or sex.
    """

    insured_number: str
    other_number: str | None
    found_by: RequestKey
    found_at: datetime


@dataclass(slots=True)
class Changes:
    """What a batch changed, so that the store saves only that.

    Attributes:
        payers: ids of the accounts that changed.
        affiliation_requests: claimed by (payer_id, request_id), only ever new.
        hires: the new ones, in the order in which they came, with what was asked and its content.
        answers: the last answer to each new hire, and to each that waited.
        new_people: persons registered.
        people: known persons that changed.
        duplicates: possible duplicates found, perhaps known already.
    """

    payers: set[str] = field(default_factory=set)
    affiliation_requests: dict[RequestKey, Content] = field(default_factory=dict)
    hires: dict[RequestKey, tuple[Hire, RegistrationRequested, Content]] = field(default_factory=dict)
    answers: dict[RequestKey, Answer] = field(default_factory=dict)
    new_people: dict[str, InsuredPerson] = field(default_factory=dict)
    people: dict[str, InsuredPerson] = field(default_factory=dict)
    duplicates: list[Duplicate] = field(default_factory=list)


@dataclass(slots=True)
class Register:
    """What is locked and loaded; `affiliate` and `hire` take one request in and say what to publish.

    The final state does not depend on the order of requests: a person is the highest hire of their NINA, a payer the
    latest of its records. Only answers, numbers, `registered_on` and likely duplicates tell what was known first.

    Attributes:
        draw: gives a hire an insured number never given before, the same whenever the hire is decided anew.
        payers: by payer_id, every payer that a request may name.
        claims: contents of known requests, by topic and request (DEF-027).
        people: by NINA, every person that a request may concern.
        namesakes: by likeness, for every person who may be registered. Names of any hire count, not the latest alone:
            who takes another name must not slip through under the former.
    """

    draw: Callable[[Hire], str]
    payers: dict[str, Payer]
    claims: dict[tuple[str, RequestKey], Content] = field(default_factory=dict)
    people: dict[str, InsuredPerson] = field(default_factory=dict)
    namesakes: dict[bytes, Namesakes] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)

    def claim(self, request: AffiliationRequested | RegistrationRequested, content: Content) -> Claim:
        """Claims a request's identity where it is free; else whether the same was said under it. Source: DEF-027."""
        identity = request.topic, (request.payer_id, request.request_id)
        known = self.claims.get(identity)
        if known is None:
            self.claims[identity] = content
            return "new"
        return "repeated" if known == content else "conflicting"

    def affiliate(
        self, request: AffiliationRequested, said: Affiliation, content: Content, reading: datetime
    ) -> list[Fact]:
        """Takes in what a claimed request says of a payer; facts where what holds says something else than before.

        The first affiliation decides the hires that waited for it, in the order in which they came. Source: DEF-035.
        """
        self.changes.affiliation_requests[request.payer_id, request.request_id] = content
        payer = self.payers[request.payer_id]
        before = payer.affiliation
        if not said.holds_over(before):
            return []
        payer.affiliation = said
        self.changes.payers.add(payer.payer_id)
        if before is not None and before.terms == said.terms:
            return []
        known_at = self._known_at(payer, payer.pending, reading)
        facts = [Fact(said.terms, known_at, payer.payer_id)]
        waited, payer.pending = payer.pending, []
        for hire in waited:
            facts += self._decided(hire, said.terms, known_at)
        return facts

    def hire(
        self, request: RegistrationRequested, asked_at: datetime, content: Content, reading: datetime
    ) -> list[Fact]:
        """Takes in a claimed hire: decided at once, or kept until its payer is affiliated. Source: DEF-034."""
        hire = Hire.of(request, asked_at)
        self.changes.hires[hire.key] = hire, request, content
        payer = self.payers[hire.payer_id]
        if payer.affiliation is None:
            payer.pending.append(hire)
            known_at = self._known_at(payer, [], reading)
            return [self._answer(hire, Answer("pending", None, (RegistrationCode.UNKNOWN_PAYER,), known_at))]
        return self._decided(hire, payer.affiliation.terms, self._known_at(payer, [hire], reading))

    def _known_at(self, payer: Payer, hires: Sequence[Hire], reading: datetime) -> datetime:
        """The one knowledge time of a cause, and from now on the payer's. Source: DEF-015."""
        touched = [reading] if payer.known_at is None else [reading, payer.known_at]
        for hire in hires:
            if hire.nina in self.people and not hire.faults():
                touched.append(self.people[hire.nina].known_at)
        payer.known_at = max(touched)
        self.changes.payers.add(payer.payer_id)
        return payer.known_at

    def _decided(self, hire: Hire, payer: PayerAffiliated, known_at: datetime) -> list[Fact]:
        """What a hire of an affiliated payer leads to."""
        if codes := hire.faults():
            return [self._answer(hire, Answer("rejected", None, codes, known_at))]
        known = None if hire.nina is None else self.people.get(hire.nina)
        return self._registered(hire, payer, known_at) if known is None else self._again(known, hire, payer, known_at)

    def _registered(self, hire: Hire, payer: PayerAffiliated, known_at: datetime) -> list[Fact]:
        """A person who was not known: without NINA nobody is. Source: events.md, `registration-requested`."""
        person = InsuredPerson(self.draw(hire), known_at.astimezone(UTC).date(), known_at, hire)
        self.changes.new_people[person.insured_number] = person
        codes: tuple[RegistrationCode, ...] = ()
        if (other := self._namesake(hire)) is not None:
            codes = (RegistrationCode.POSSIBLE_DUPLICATE,)
            self.changes.duplicates.append(Duplicate(person.insured_number, other, hire.key, known_at))
        self._settle(person, hire)
        answer = Answer("registered", person.insured_number, codes, known_at)
        return [Fact(registered(person, payer), known_at, person.insured_number), self._answer(hire, answer)]

    def _again(self, known: InsuredPerson, hire: Hire, payer: PayerAffiliated, known_at: datetime) -> list[Fact]:
        """A further hire of a known person; the person is told again where what is published of them changed."""
        outcome, person = known.hired_again(hire, known_at)
        number = person.insured_number
        if known.disagrees_with(hire):
            self.changes.duplicates.append(Duplicate(number, None, hire.key, known_at))
        changed = self.changes.new_people if number in self.changes.new_people else self.changes.people
        changed[number] = person
        self._settle(person, hire)
        facts = [] if person.shows_as(known) else [Fact(registered(person, payer), known_at, number)]
        return [*facts, self._answer(hire, Answer(outcome, number, (), known_at))]

    def _namesake(self, hire: Hire) -> str | None:
        """Somebody who may be the same person: two different NINAs are two persons, however alike."""
        namesakes = self.namesakes.get(hire.likeness, Namesakes())
        return namesakes.first if hire.nina is None else namesakes.first_without_nina

    def _settle(self, person: InsuredPerson, hire: Hire) -> None:
        """Lets what follows in the batch meet the person as they are now, and under the names of this hire."""
        number = person.insured_number
        if hire.nina is not None:
            self.people[hire.nina] = person
        namesakes = self.namesakes.setdefault(hire.likeness, Namesakes())
        namesakes.first = namesakes.first or number
        if hire.nina is None:
            namesakes.first_without_nina = namesakes.first_without_nina or number

    def _answer(self, hire: Hire, answer: Answer) -> Fact:
        self.changes.answers[hire.key] = answer
        return Fact(answered(hire, answer), answer.known_at, hire.payer_id)
