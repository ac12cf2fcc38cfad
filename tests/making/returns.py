"""What a payer files for one month: each situation of DEF-021 to DEF-027 in turn, between plain months."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.making.drafts import Draft
from tests.making.payers import Payer
from tests.making.records import Line, declaration, month_after, split

INCOMES = (0, 1, 150_000, 150_001, 450_000, 700_000, 1_500_000, 1_500_001)


@dataclass(frozen=True)
class Month:
    """One payer's month, and how to file for it."""

    payer: Payer
    period: str
    strangers: Sequence[str]
    dice: random.Random

    def lines(self) -> list[tuple[str, int]]:
        """Return an ordinary line for everyone."""
        return [(number, self.base()) for number in self.payer.numbers]

    def base(self) -> int:
        """Return an ordinary base of the payer's kind."""
        if self.payer.kind == "self_employed":
            return self.dice.choice(INCOMES)
        return self.dice.randrange(15_001 if self.payer.kind == "pension_body" else 40_000, 900_000)

    def file(self, lines: Sequence[Line], suffix: str = "", **other: Any) -> Draft:
        """Return a declaration of this month; `suffix` tells several of them apart."""
        name = f"D-{self.period}{suffix}"
        return declaration(self.payer.payer_id, self.period, lines, **({"declaration_id": name} | other))

    def name(self, suffix: str = "") -> str:
        """Return the id of a declaration of this month."""
        return f"D-{self.period}{suffix}"


def returns_of(payer: Payer, period: str, turn: int, strangers: Sequence[str], dice: random.Random) -> list[Draft]:
    """Return what a payer files for a period; every second turn is plain, the others take the situations in turn."""
    if payer.kind == "self_employed" and int(period[5:]) % 3 and dice.random() < 0.8:
        return []
    month = Month(payer, period, strangers, dice)
    situation = plain if turn % 2 else SITUATIONS[turn // 2 % len(SITUATIONS)]
    why = situation.__name__
    return [draft if draft.why else replace(draft, why=why) for draft in situation(month)]


def in_order(*drafts: Draft) -> list[Draft]:
    """Mark drafts whose order decides."""
    return [replace(draft, ordered=True) for draft in drafts]


def plain(month: Month) -> list[Draft]:
    """One declaration of one part."""
    return [month.file(month.lines())]


def nil(month: Month) -> list[Draft]:
    """No lines."""
    return [month.file([])]


def many_parts(month: Month) -> list[Draft]:
    """Several parts in any order."""
    parts = split(month.file(month.lines()), month.dice.randint(2, 5))
    month.dice.shuffle(parts)
    return parts


def parts_of_two_months(month: Month) -> list[Draft]:
    """Parts sent in two months: the latest tells when it was filed."""
    after = f"{month_after(month.period, 2)}-01T00:30:00+01:00"
    first, second = split(month.file(month.lines()), 2)
    late = declaration(**as_sent(second), at=after)
    return [first, late]


def as_sent(part: Draft) -> dict[str, Any]:
    """Return a part's body as arguments of the builder."""
    return dict(part.body)


def odd_bases(month: Month) -> list[Draft]:
    """Bases of 0, below the floor, at it, negative."""
    lines = [(number, month.dice.choice((0, 1, 39_999, 40_000, -5_000, 12_345))) for number in month.payer.numbers]
    return [month.file(lines)]


def duplicate_lines(month: Month) -> list[Draft]:
    """A number twice, a line number twice, and both after a refused line that does not count."""
    lines: list[dict[str, Any]] = [
        {"line_no": place, "insured_number": number, "base_xof": base}
        for place, (number, base) in enumerate(month.lines(), 1)
    ]
    last = lines[-1]
    refused = {"line_no": 50, "insured_number": "X-50", "base_xof": -1}
    more = [last | {"line_no": 90}, last | {"insured_number": "X-1"}, refused, refused | {"base_xof": 50_000}]
    return [month.file([*lines, *more])]


def strange_people(month: Month) -> list[Draft]:
    """A number that nobody knows and one of another payer."""
    others = [number for number in month.strangers if number not in month.payer.numbers]
    elsewhere = [(month.dice.choice(others), 75_000)] if others else []
    return [month.file([*month.lines(), ("000000000000", 75_000), *elsewhere])]


def replacement(month: Month) -> list[Draft]:
    """A declaration and what replaces it."""
    new = month.file(month.lines()[:-1] or month.lines(), "-r", replaces=month.name())
    return in_order(month.file(month.lines()), *split(new, 2))


def nil_replacement(month: Month) -> list[Draft]:
    """A declaration taken back by a nil one."""
    return in_order(month.file(month.lines()), month.file([], "-r", replaces=month.name()))


def replaced_twice(month: Month) -> list[Draft]:
    """A chain of replacements, and one that comes too late for the first."""
    lines = month.lines()
    chain = [month.file(lines, f"-r{n}", replaces=month.name(f"-r{n - 1}")) for n in (2, 3)]
    first = [month.file(lines), month.file(month.lines(), "-r1", replaces=month.name())]
    return in_order(*first, *chain, month.file(lines, "-r9", replaces=month.name()))


def replacement_first(month: Month) -> list[Draft]:
    """A replacement of what was not sent yet: unknown, whatever comes later."""
    return in_order(month.file(month.lines(), "-r", replaces=month.name()), month.file(month.lines()))


def wrong_replacements(month: Month) -> list[Draft]:
    """Replacements of itself, of nothing, of another month's, and of a rejected declaration."""
    wrong = month.file(month.lines(), "-w", totals={"lines": 0, "base_xof": 0})
    other = f"D-{month_after(month.period, -1)}"
    return [
        month.file(month.lines(), "-self", replaces=month.name("-self")),
        month.file(month.lines(), "-none", replaces="D-never-sent"),
        month.file(month.lines(), "-other", replaces=other),
        *in_order(wrong, month.file(month.lines(), "-w2", replaces=month.name("-w"))),
    ]


def complement(month: Month) -> list[Draft]:
    """Two declarations that share people, then a third: the first that took effect is named."""
    lines = month.lines()
    more = [("X-more", 60_000), *lines[:2]]
    return in_order(month.file(lines), month.file(more, "-c"), month.file(more[:2], "-d"))


def nothing(month: Month) -> list[Draft]:
    """Not filed."""
    return []


def incomplete(month: Month) -> list[Draft]:
    """A part that never comes."""
    return split(month.file(month.lines()), 3)[:2]


def incomplete_replaced(month: Month) -> list[Draft]:
    """A declaration that is replaced before its last part came, and again."""
    parts = split(month.file(month.lines()), 3)[1:]
    new = month.file(month.lines(), "-r", replaces=month.name())
    return in_order(*parts, new, month.file(month.lines(), "-r2", replaces=month.name()))


def totals_disagree(month: Month) -> list[Draft]:
    """Totals that the lines do not make."""
    lines = month.lines()
    summed = sum(base for _, base in lines)
    return [
        month.file(lines, "-l", totals={"lines": len(lines) + 1, "base_xof": summed}),
        month.file(lines, "-b", totals={"lines": len(lines), "base_xof": summed - 1}),
    ]


def parts_disagree(month: Month) -> list[Draft]:
    """Parts that say different things: the first-read part is believed."""
    one, two = split(month.file(month.lines(), "-p"), 2)
    period = month_after(month.period, -1)
    far, near = split(month.file(month.lines(), "-t"), 2)
    totals = {**near.body["totals"], "base_xof": 7}
    return in_order(
        one,
        declaration(**(as_sent(two) | {"period": period})),
        far,
        declaration(**(as_sent(near) | {"totals": totals})),
    )


def parts_disagree_more(month: Month) -> list[Draft]:
    """Parts that differ in how many they are, in what they replace, in the count of lines."""
    changes: dict[str, dict[str, Any]] = {"-np": {"parts": 3}, "-nr": {"replaces": "D-never-sent"}, "-nl": {}}
    found = []
    for suffix, change in changes.items():
        one, two = split(month.file(month.lines(), suffix), 2)
        change = change or {"totals": {**two.body["totals"], "lines": 99}}
        found += [one, declaration(**(as_sent(two) | change))]
    return in_order(*found)


def part_after_the_end(month: Month) -> list[Draft]:
    """The last part of a declaration that was meanwhile replaced: it was answered."""
    one, two = split(month.file(month.lines()), 2)
    new = month.file(month.lines(), "-r", replaces=month.name())
    return in_order(one, new, two.marked("conflicting-duplicate: closed"))


def corrected(month: Month) -> list[Draft]:
    """A rejected declaration corrected under its own id, which it keeps, then under another; then replaced."""
    lines = month.lines()
    wrong = month.file(lines, totals={"lines": len(lines), "base_xof": 1})
    same = month.file(lines).marked("conflicting-duplicate: part")
    return in_order(wrong, same, month.file(lines, "-k"), month.file(lines[:1], "-r", replaces=month.name()))


def thousands(month: Month) -> list[Draft]:
    """More anomalies than travel, in two parts of which the second is read first."""
    lines = [(f"{month.period}-{number}", 20_000 + number) for number in range(1_300)]
    return in_order(*reversed(split(month.file([*month.lines(), *lines], "-t"), 2)))


def out_of_time(month: Month) -> list[Draft]:
    """Periods of the future and from before the scheme."""
    early = f"{month_after(month.period, -1)}-28T23:59:59Z"
    old = declaration(month.payer.payer_id, "2010-10", month.lines(), declaration_id=month.name("-old"))
    return [month.file(month.lines(), "-f", at=early), old]


def further_part(month: Month) -> list[Draft]:
    """A part more than a complete declaration has."""
    parts = split(month.file(month.lines()), 2)
    return in_order(
        *parts, declaration(**(as_sent(parts[0]) | {"part": 3, "parts": 3})).marked("conflicting-duplicate")
    )


def part_twice(month: Month) -> list[Draft]:
    """A part again: as it was, under another event id, and with other content."""
    one, two = split(month.file(month.lines()), 2)
    other = one.again(event_id=f"{one.envelope.event_id}-o", lines=[]).marked("conflicting-duplicate: part")
    return [*in_order(one, other, two), one, one.again(event_id=f"{one.envelope.event_id}-a")]


def event_twice(month: Month) -> list[Draft]:
    """An event id used for something else."""
    first = month.file(month.lines())
    return in_order(first, first.again(declaration_id=month.name("-e")).marked("conflicting-duplicate: event"))


SITUATIONS: tuple[Callable[[Month], list[Draft]], ...] = (
    nil,
    many_parts,
    odd_bases,
    replacement,
    complement,
    strange_people,
    nothing,
    duplicate_lines,
    incomplete,
    totals_disagree,
    replaced_twice,
    parts_of_two_months,
    wrong_replacements,
    incomplete_replaced,
    out_of_time,
    part_twice,
    parts_disagree,
    nil_replacement,
    further_part,
    event_twice,
    replacement_first,
    parts_disagree_more,
    part_after_the_end,
    corrected,
    thousands,
)
