"""Records drawn at random from so few names that they meet in every way: what no scripted situation foresees."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from tests.making.drafts import Draft
from tests.making.records import affiliation, care_form, declaration, hire, payment

PAYERS = ("C0", "C1", "C2", "C3")  # the last is never affiliated
PERIODS = ("2025-12", "2026-01")
KINDS = ("local_authority", "private_employer", "state", "pension_body", "self_employed")
BASES = (-1, 0, 1, 39_999, 40_000, 150_000, 150_001)


def people(seed: int) -> list[Draft]:
    """Return what tells who pays and who is insured: several records of each, that agree or not."""
    dice = random.Random(f"chaos people {seed}")
    found = []
    for payer_id in PAYERS[:-1]:
        for number in range(dice.randint(1, 3)):
            found.append(
                affiliation(
                    payer_id,
                    payer_kind=dice.choice(KINDS),
                    filing_frequency=dice.choice(("monthly", "quarterly")),
                    territory_code=dice.choice(("01", "0201", "0301001")),
                    request_id=f"A{dice.randrange(3)}",
                    at=f"2020-01-0{dice.randint(1, 3)}T00:00:00Z",
                    source=dice.choice(("/a", "/b")),
                    event_id=f"{payer_id}-a{number}-{dice.randrange(4)}",
                )
            )
    for number in range(dice.randint(4, 16)):
        nina = dice.choice((None, None, "00000000000001A", "00000000000002B"))
        found.append(
            hire(
                dice.choice(PAYERS),
                f"H{dice.randrange(6)}",
                nina=nina,
                given_names=dice.choice(("Awa", "Moussa")),
                birth_date=dice.choice(("1990-01-01", "2020-01-15")),
                hired_on=dice.choice(("2020-01-01", "2020-01-20", "2020-04-01")),
                category=dice.choice(("worker", "pensioner")),
                event_id=f"h{number if dice.random() < 0.8 else 0}",
            )
        )
    return found


def records(seed: int, numbers: Sequence[str], count: int = 120) -> list[Draft]:
    """Return declarations, payments, forms and changes of payers; `numbers` are those that were drawn."""
    dice = random.Random(f"chaos {seed}")
    known = [*numbers, "nobody-1", "nobody-2"]
    makers = (parts, parts, parts, moneys, moneys, forms, further)
    found = [draft for number in range(count) for draft in dice.choice(makers)(dice, known, number)]
    return [shared(draft, dice) if dice.random() < 0.04 else draft for draft in found]


def shared(draft: Draft, dice: random.Random) -> Draft:
    """Return a draft under one of three event ids of one source, whatever its topic and key."""
    return draft.again(event_id=f"X{dice.randrange(3)}").by("/shared")


def parts(dice: random.Random, known: Sequence[str], number: int) -> list[Draft]:
    """Parts of a declaration: any number of one to three, in any order, often with true totals."""
    payer_id, count = dice.choice(PAYERS), dice.choice((1, 1, 1, 2, 3))
    index = dice.randrange(16)
    name, period = f"D{index}", PERIODS[index % 2] if dice.random() < 0.95 else dice.choice(PERIODS)
    lines: list[dict[str, Any]] = [
        {"line_no": dice.randint(1, 9), "insured_number": dice.choice(known), "base_xof": dice.choice(BASES)}
        for _ in range(dice.randrange(5))
    ]
    wrong = int(dice.random() < 0.1)
    totals = {"lines": len(lines) + wrong, "base_xof": sum(line["base_xof"] for line in lines)}
    replaces = f"D{dice.choice((0, 2, 4)) + index % 2}" if dice.random() < 0.4 else None
    found = [
        declaration(
            payer_id,
            "2026-09" if dice.random() < 0.03 else period,
            lines[part::count],
            declaration_id=name,
            replaces=replaces if dice.random() < 0.95 else None,
            part=part + 1,
            parts=count if dice.random() < 0.95 else 3,
            totals=totals,
            source="/payroll",
            at=f"2026-0{dice.randint(1, 3)}-05T08:00:00Z",
            event_id=f"{payer_id}-p{number}-{part}" if dice.random() < 0.95 else f"{payer_id}-p0-0",
        )
        for part in range(count)
    ]
    return dice.sample(found, dice.randint(1, len(found)))


def moneys(dice: random.Random, known: Sequence[str], number: int) -> list[Draft]:
    """A payment, or a reversal of one of the same key that was or may be sent; few ids, few amounts."""
    payer_id = dice.choice((*PAYERS, None))
    name = f"{payer_id}-V{dice.randrange(8)}"
    said: dict[str, Any] = {"reference": None if payer_id else "REF", "source": dice.choice(("/x", "/x", "/y"))}
    said |= {"paid_on": f"2026-02-1{dice.randrange(4)}", "channel": dice.choice(("bank", "cheque"))}
    said |= {"event_id": f"{payer_id}-m{number}" if dice.random() < 0.95 else f"{payer_id}-m0"}
    if dice.random() < 0.35:
        said |= {"reverses": f"{payer_id}-V{dice.randrange(8)}"}
    period = dice.choice((None, *PERIODS))
    return [payment(payer_id, dice.choice((1_000, 1_000, 2_500, 90_000)), payment_id=name, period=period, **said)]


def forms(dice: random.Random, known: Sequence[str], number: int) -> list[Draft]:
    """A care form under one of few serials, for one of few people."""
    lines = [(dice.choice((0, 1, 3)), dice.choice((-5, 5, 15))) for _ in range(dice.randint(1, 3))]
    serial, event = f"F{dice.randrange(12)}", f"f{number}"
    return [
        care_form(
            dice.choice(known), lines, form_serial=serial, care_on="2026-02-1" + dice.choice("09"), event_id=event
        )
    ]


def further(dice: random.Random, known: Sequence[str], number: int) -> list[Draft]:
    """A payer is affiliated otherwise."""
    payer_id = dice.choice(PAYERS[:-1])
    said = affiliation(payer_id, payer_kind=dice.choice(KINDS), request_id=f"L{number}", at="2026-01-01T00:00:00Z")
    return [said] if dice.random() < 0.2 else []
