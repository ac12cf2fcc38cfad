"""A seeded small country: payers of every kind in all regions, and everything that goes right and wrong in a month."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.making.care import forms_of
from tests.making.drafts import Draft
from tests.making.hires import announcements, moves
from tests.making.intruders import intrusions
from tests.making.money import money_of
from tests.making.payers import Numbers, Payer, changes, made_payer, registrations
from tests.making.poison import poison
from tests.making.returns import returns_of


@dataclass
class Country:
    """The drafts of a country by subject, in an order in which each topic may be published."""

    payers: list[Payer] = field(default_factory=list)
    affiliations: list[Draft] = field(default_factory=list)
    changes: list[Draft] = field(default_factory=list)  # of affiliations
    hires: list[Draft] = field(default_factory=list)
    moves: list[Draft] = field(default_factory=list)  # hires that come while everyone declares
    declarations: list[Draft] = field(default_factory=list)
    payments: list[Draft] = field(default_factory=list)
    forms: list[Draft] = field(default_factory=list)
    intrusions: list[Draft] = field(default_factory=list)  # by a source that may be allowed or not
    poison: list[Draft] = field(default_factory=list)

    @property
    def people_first(self) -> list[Draft]:
        """What to publish first, so that numbers can be read before anyone declares: register, then hires."""
        return [*(draft for draft in self.affiliations if not draft.late), *self.hires]

    @property
    def rest(self) -> list[Draft]:
        """What remains after `people_first`."""
        late = [draft for draft in self.affiliations if draft.late]
        said = [*self.declarations, *self.payments, *self.forms, *self.intrusions]
        return [*late, *self.changes, *self.moves, *said, *self.poison]

    @property
    def drafts(self) -> list[Draft]:
        """Everything."""
        return [*self.people_first, *self.rest]


def country(
    seed: int,
    payers: int = 20,
    periods: Sequence[str] = ("2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03"),
    *,
    numbers: Numbers | None = None,
    employees: int = 6,
    structured_share: float = 0.15,
    changing: bool = True,
    with_poison: bool = True,
) -> Country:
    """Return the same country for the same arguments.

    `numbers` gives the insured number of (payer, request), by a mapping or a callable, once registration has drawn
    it; nothing else of the country depends on it. About one payer in eight is affiliated last of all, one in ten
    never, and, if `changing`, one in nine is affiliated again under another territory, kind or frequency (DEF-033:
    what its pairs stand under then depends on the order). From some 60 (payer, period) on every situation occurs.
    """
    made = Country()
    for index in range(payers):
        payer = made_payer(seed, index, employees, changing, numbers)
        made.payers.append(payer)
        made.affiliations += registrations(index, payer)
        made.changes += changes(payer)
        made.hires += announcements(index, payer)
        made.moves += moves(index, payer)
    strangers = [number for payer in made.payers for _, number in payer.people if number]
    turns = ((payer, period) for payer in made.payers for period in periods)
    for turn, (payer, period) in enumerate(turns, seed):
        dice = random.Random(f"{seed} {payer.payer_id} {period}")
        filed = returns_of(payer, period, turn, strangers, dice)
        made.declarations += filed
        made.payments += money_of(payer, period, turn, filed, dice)
        made.forms += forms_of(payer, period, turn, strangers, dice)
    made.intrusions = [draft for payer in made.payers[:5] if payer.fate == "early" for draft in intrusions(payer)]
    if with_poison:
        made.poison = [bad for payer in made.payers[:2] for bad in poison(payer.payer_id, payer.payer_id)]
    dice = random.Random(f"{seed} structured")
    for drafts in (made.affiliations, made.hires, made.moves, made.declarations, made.payments, made.forms):
        drafts[:] = [d.in_structured_mode() if dice.random() < structured_share else d for d in drafts]
    return made
