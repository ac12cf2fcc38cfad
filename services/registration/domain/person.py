"""A person with an insured number, and whose they are. Source: DEF-034."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.person_registered import PersonRegistered
from services.registration.domain.hire import Hire, Outcome


@dataclass(frozen=True, slots=True)
class InsuredPerson:
    """A registered person; `hire` is the one that decides payer, category, names, birth date and sex (DEF-034)."""

    insured_number: str
    registered_on: date
    known_at: datetime
    hire: Hire

    def hired_again(self, hire: Hire, known_at: datetime) -> tuple[Outcome, InsuredPerson]:
        """A further hire of the same person: how it is answered, and the person after it. Source: DEF-034."""
        if hire.rank < self.hire.rank:
            return "already_registered", replace(self, known_at=known_at)
        outcome: Outcome = "already_registered" if hire.payer_id == self.hire.payer_id else "transferred"
        return outcome, replace(self, hire=hire, known_at=known_at)

    def disagrees_with(self, hire: Hire) -> bool:
        """Whether a hire under the same NINA tells of another birth date or sex. Source: DEF-034."""
        return (hire.birth_date, hire.sex) != (self.hire.birth_date, self.hire.sex)

    def shows_as(self, other: InsuredPerson) -> bool:
        """Whether nothing that is published changed; a payer's own changes publish nothing again. Source: DEF-034."""
        return _shown(self.hire) == _shown(other.hire)


def _shown(hire: Hire) -> tuple[str, str, int, str]:
    return hire.payer_id, hire.category, hire.birth_date.year, hire.sex


def registered(person: InsuredPerson, payer: PayerAffiliated) -> PersonRegistered:
    """The fact that tells of a person: no name, no birth date, no NINA; `payer` is the person's, as it holds now."""
    return PersonRegistered(
        insured_number=person.insured_number,
        role="insured",
        principal_number=None,
        payer_id=payer.payer_id,
        payer_kind=payer.payer_kind,
        territory_code=payer.territory_code,
        category=person.hire.category,
        birth_year=person.hire.birth_date.year,
        sex=person.hire.sex,
        registered_on=person.registered_on,
        relationship=None,
    )
