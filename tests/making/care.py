"""Which care forms come in for the people of one payer in one month: each situation of DEF-030 to DEF-032 in turn."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.making.drafts import Draft
from tests.making.payers import Payer
from tests.making.records import care_form

PROVIDERS = ("cscom", "csref", "hospital", "clinic", "pharmacy", "laboratory")


@dataclass(frozen=True)
class Visit:
    """Somebody's care in one month, and how to file a form for it."""

    number: str
    other: str
    name: str
    period: str
    turn: int
    dice: random.Random

    def form(self, lines: Sequence[tuple[int, int]] = ((1, 4_500), (2, 1_250)), suffix: str = "", **said: Any) -> Draft:
        """Return a form of (quantity, unit price) lines; `suffix` tells several serials apart."""
        usual: dict[str, Any] = {
            "form_serial": f"F-{self.name}{suffix}",
            "provider_id": f"PRV-{self.turn % 7}",
            "provider_kind": PROVIDERS[self.turn % len(PROVIDERS)],
            "care_on": f"{self.period}-{1 + self.turn % 14:02d}",
            "submitted_on": f"{self.period}-{15 + self.turn % 13:02d}",
        }
        return care_form(self.number, lines, **(usual | said))


def forms_of(payer: Payer, period: str, turn: int, strangers: Sequence[str], dice: random.Random) -> list[Draft]:
    """Return the forms of a payer's month: one situation for one of its people, and a plain form for another."""
    numbers = payer.numbers
    number, name = numbers[turn % len(numbers)], f"{payer.payer_id}-{period}"
    other = next((n for n in strangers if n not in numbers), numbers[0])
    visit = Visit(number, other, name, period, turn, dice)
    situation = SITUATIONS[turn % len(SITUATIONS)]
    drafts = [draft if draft.why else replace(draft, why=situation.__name__) for draft in situation(visit)]
    return [*drafts, replace(visit, number=numbers[-1], name=f"{name}-plain").form().marked("in_full", ordered=False)]


def in_full(visit: Visit) -> list[Draft]:
    """Everything stands."""
    return [visit.form()]


def hospital(visit: Visit) -> list[Draft]:
    """Four fifths are paid, with a prescriber and an authorisation."""
    return [visit.form([(1, 1_000_001)], care_kind="hospital", prescriber_code="Dr É. 12", authorisation="AP-7")]


def half_francs(visit: Visit) -> list[Draft]:
    """Shares that end in half a franc, or near it: 10.5, 0.7, 2.1, 24.5."""
    sums = ([(1, 15)], [(1, 1)], [(3, 1)], [(5, 7)])
    return [visit.form(lines, f"-{place}") for place, lines in enumerate(sums)]


def not_positive(visit: Visit) -> list[Draft]:
    """Lines of no quantity, of a negative one, of no price, of both negative; some stand, or none."""
    return [
        visit.form([(1, 5_000), (0, 700), (-2, 300), (1, 0), (-1, -900)], "-some"),
        visit.form([(0, 700), (-2, 300)], "-none"),
        visit.form([(-10, -800)], "-both"),
    ]


def after_submission(visit: Visit) -> list[Draft]:
    """Care dated after its form, by a day, a bad line or not; on the same day is in order."""
    day = f"{visit.period}-20"
    return [
        visit.form(suffix="-late", care_on=f"{visit.period}-21", submitted_on=day),
        visit.form([(1, 500), (0, 1)], "-worse", care_on=f"{visit.period}-28", submitted_on=day),
        visit.form(suffix="-same", care_on=day, submitted_on=day),
    ]


def said_again(visit: Visit) -> list[Draft]:
    """The same form again, as it was and under another event id."""
    first = visit.form()
    return [first, first, first.again(event_id=f"{first.envelope.event_id}-a")]


def twice(visit: Visit) -> list[Draft]:
    """A serial again for something else, twice over, then again as either was said: two duplicates, no more."""
    first = visit.form([(2, 1_000)])
    event_id = first.envelope.event_id
    second = first.again(event_id=f"{event_id}-2", submitted_on=f"{visit.period}-28")
    third = visit.form([(1, 0)])
    more = [first.again(event_id=f"{event_id}-3"), second.again(event_id=f"{event_id}-4"), third]
    return [replace(draft, ordered=True) for draft in (first, second, third, *more)]


def refused_then_right(visit: Visit) -> list[Draft]:
    """A form that was refused whole stands all the same: what comes right under its serial is a duplicate."""
    wrong = visit.form(care_on=f"{visit.period}-28", submitted_on=f"{visit.period}-20")
    return [replace(draft, ordered=True) for draft in (wrong, visit.form())]


def of_two_people(visit: Visit) -> list[Draft]:
    """One serial for two people: the order decides whose stands."""
    return [visit.form(), replace(visit, number=visit.other).form([(4, 250)])]


def of_nobody(visit: Visit) -> list[Draft]:
    """Of a number that nobody has: it waits, and so does a duplicate of it; one of somebody known does not."""
    nobody = replace(visit, number=f"nobody-{visit.name}")
    first = nobody.form()
    return [*(replace(d, ordered=True) for d in (first, nobody.form([(1, 9)]))), visit.form([(1, 9)])]


def event_twice(visit: Visit) -> list[Draft]:
    """An event id used for another form, of the same person and of another."""
    first = visit.form()
    other = first.again(insured_number=visit.other, form_serial=f"F-{visit.name}-o")
    again = first.again(form_serial=f"F-{visit.name}-e").marked("conflicting-duplicate: event")
    return [replace(first, ordered=True), again, other]


def large(visit: Visit) -> list[Draft]:
    """As many lines, units and francs as a form may have."""
    return [visit.form([(10_000, 1_000_000_000)] * 1_000, "-large"), visit.form([(-10_000, 10**9)], "-less")]


SITUATIONS: tuple[Callable[[Visit], list[Draft]], ...] = (
    twice,
    half_francs,
    of_two_people,
    not_positive,
    hospital,
    of_nobody,
    after_submission,
    said_again,
    refused_then_right,
    event_twice,
    in_full,
    large,
)
