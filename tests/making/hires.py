"""Whom the payers of a made country announce: plain hires, and every situation of DEF-034 between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.making.drafts import Draft
from tests.making.payers import CATEGORY, Payer
from tests.making.records import hire

FAMILIES = ("Traoré", "Coulibaly", "Diarra", "Keïta", "Maïga", "Touré", "Sangaré", "Dembélé")
GIVEN = ("Awa", "Moussa", "Fatoumata", "Ibrahim", "Mariam", "Seydou", "Kadiatou", "Oumar")


def announcements(index: int, payer: Payer) -> list[Draft]:
    """Return the hires of a payer: half with a NINA, then situations in turn.

    None of them moves a person between payers in an order that matters: the payer of a known number is settled before
    anyone declares.
    """
    found = [
        announced(payer, request, index=index, place=place, nina=nina(index, place) if place % 2 == 0 else None)
        for place, (request, _) in enumerate(payer.people)
    ]
    if payer.fate != "late":  # a late transfer would leave the order to decide whose the person is
        found += SITUATIONS[index % len(SITUATIONS)](index, payer)
    return found


def announced(payer: Payer, request_id: str, *, index: int, place: int, **other: Any) -> Draft:
    """Return a hire of the person at a place of the payer with an index, unless it is said otherwise."""
    usual: dict[str, Any] = {
        "family_name": FAMILIES[(index + place) % len(FAMILIES)],
        "given_names": GIVEN[(index * 3 + place) % len(GIVEN)],
        "birth_date": f"{1960 + (index * 7 + place) % 40}-0{1 + place % 9}-1{index % 10}",
        "sex": "FM"[place % 2],
        "category": CATEGORY.get(payer.kind, "civil_servant"),
    }
    return hire(payer.payer_id, request_id, **(usual | other))


def nina(index: int, place: int) -> str:
    """Return the NINA of one person of one payer."""
    return f"{index * 1_000 + place:014d}K"


def said_again(index: int, payer: Payer) -> list[Draft]:
    """A hire repeated, under another event id too, then said otherwise under the request's and the event's name."""
    first = announced(payer, "R1", index=index, place=50)
    return [
        first.marked("the hire that stands"),
        first,
        first.again(event_id=f"{payer.payer_id}-R1-again"),
        first.again(event_id=f"{payer.payer_id}-R1-other", hired_on="2021-01-01").marked("conflicting-duplicate: hire"),
        first.again(request_id="R2").marked("conflicting-duplicate: event"),
    ]


def refused(index: int, payer: Payer) -> list[Draft]:
    """Hired before birth, too far ahead, both; and on the last days on which that is none."""
    dates = (
        ("X1", "2021-01-01", "2020-01-01"),
        ("X2", "1990-01-01", "2020-02-03"),
        ("X3", "2020-03-01", "2020-02-29"),
        ("X4", "1990-01-01", "2020-02-02"),
        ("X5", "2020-01-01", "2020-01-01"),
    )
    return [
        announced(
            payer, request, index=index, place=51, birth_date=born, hired_on=on, given_names=f"X{place} {request}"
        )
        for place, (request, born, on) in enumerate(dates)
    ]


def taken_over(index: int, payer: Payer) -> list[Draft]:
    """Somebody of the payer before is hired away; and an older hire of theirs is told late."""
    theirs: dict[str, Any] = {"index": index - 1, "place": 0, "nina": nina(index - 1, 0)}
    return [
        announced(payer, "T1", hired_on="2020-01-15", **theirs),
        announced(payer, "T0", hired_on="2015-06-01", **theirs),
    ]


def look_alikes(index: int, payer: Payer) -> list[Draft]:
    """Without NINA, people who look like one another, written otherwise, and like one who has a NINA."""
    alike: dict[str, Any] = {"index": index, "place": 52, "sex": "F", "birth_date": f"1970-05-{1 + index % 28:02d}"}
    return [
        announced(payer, "L1", family_name="N'Diaye", given_names="Aïssata Marie", **alike),
        announced(payer, "L2", family_name="NDIAYE", given_names="aissata", **alike),
        announced(payer, "L3", family_name="Ndiayé", given_names="AÏSSATA-Marie", **alike),
        announced(payer, "L4", family_name="n’diaye", given_names="Aissata K.", nina=nina(index, 52), **alike),
        announced(payer, "L5", family_name="N'Diaye", given_names="Aïssata", nina=nina(index, 53), **alike),
        announced(payer, "L6", family_name="Diaye", given_names="Aïssata", **alike),
    ]


def one_nina_two_stories(index: int, payer: Payer) -> list[Draft]:
    """One NINA with another birth date and sex: one person, the latest hire is believed."""
    same: dict[str, Any] = {"index": index, "place": 54, "nina": nina(index, 54)}
    return [
        announced(payer, "N1", hired_on="2018-01-01", birth_date="1971-01-01", sex="F", **same),
        announced(payer, "N2", hired_on="2019-01-01", birth_date="1972-02-02", sex="M", category="voluntary", **same),
        announced(payer, "N3", hired_on="2017-01-01", birth_date="1973-03-03", sex="M", **same),
    ]


def rehired(index: int, payer: Payer) -> list[Draft]:
    """Hired by the same payer again, on the same day by another request, as something else."""
    same: dict[str, Any] = {"index": index, "place": 55, "nina": nina(index, 55)}
    return [announced(payer, f"Y{n}", hired_on="2019-01-01", category=c, **same) for n, c in enumerate(ALL[:3])]


def nothing_more(index: int, payer: Payer) -> list[Draft]:
    """Nothing beside the plain hires."""
    return []


ALL = ("worker", "voluntary", "military", "pensioner", "civil_servant")
SITUATIONS: tuple[Callable[[int, Payer], list[Draft]], ...] = (
    said_again,
    look_alikes,
    refused,
    one_nina_two_stories,
    taken_over,
    rehired,
    nothing_more,
)


def moves(index: int, payer: Payer) -> list[Draft]:
    """Return hires that come while everyone declares: people of the payer before move here, one is told to have left.

    Whether a line was read before or after them is for the order to decide.
    """
    if index % 6 != 4 or payer.fate != "early":
        return []
    theirs: dict[str, Any] = {"index": index - 1, "place": 2, "nina": nina(index - 1, 2)}
    later = announced(payer, "M1", hired_on="2025-11-15", at="2025-11-16T08:00:00Z", **theirs)
    older = announced(payer, "M0", hired_on="2001-01-01", at="2025-11-17T08:00:00Z", **theirs)
    return [draft.marked("moved meanwhile", ordered=False) for draft in (later, older)]
