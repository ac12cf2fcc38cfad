"""The payers of a made country: what they are, how they are affiliated."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.making.drafts import Draft
from tests.making.records import affiliation

KINDS = ("local_authority", "private_employer", "state", "pension_body", "self_employed")
REGIONS = tuple(f"{number:02d}" for number in range(1, 20))
CATEGORY = {"pension_body": "pensioner", "self_employed": "voluntary", "private_employer": "worker"}
Numbers = Mapping[tuple[str, str], str] | Callable[[str, str], str | None] | None


@dataclass(frozen=True)
class Payer:
    """One payer and the people it announces, as (request id, insured number if one is known)."""

    payer_id: str
    kind: str
    territory_code: str
    frequency: str
    fate: str  # its affiliation: early | late | never | changing
    people: tuple[tuple[str, str | None], ...]

    @property
    def numbers(self) -> list[str]:
        """The insured numbers to declare; a person without one is declared under a number that nobody knows."""
        return [number or f"{self.payer_id}-{request}" for request, number in self.people]


def number_of(numbers: Numbers, payer_id: str, request_id: str) -> str | None:
    """Return the insured number that registration drew for a request, None where it is not known."""
    if callable(numbers):
        return numbers(payer_id, request_id)
    return (numbers or {}).get((payer_id, request_id))


def made_payer(seed: int, index: int, employees: int, changing: bool, numbers: Numbers) -> Payer:
    """Return one payer; kinds, regions and fates take turns, so that a few payers show them all."""
    dice = random.Random(f"{seed} payer {index}")
    payer_id, kind, region = f"P{index:04d}", KINDS[index % len(KINDS)], REGIONS[index % len(REGIONS)]
    fate = "early"
    if index % 10 == 7:
        fate = "never"
    elif index % 8 == 3:
        fate = "late"
    elif changing and index % 9 == 5:
        fate = "changing"
    frequency = "monthly"
    if kind == "self_employed" or (kind in ("private_employer", "local_authority") and index // 5 % 2):
        frequency = "quarterly"
    count = 1 if kind == "self_employed" else dice.randint(3, 3 + employees)
    requests = (f"H{number}" for number in range(1, count + 1))
    people = tuple((request, number_of(numbers, payer_id, request)) for request in requests)
    return Payer(payer_id, kind, region + ("", "01", "01003")[index % 3], frequency, fate, people)


def affiliated(payer: Payer, request_id: str, at: str, **other: str) -> Draft:
    """Return an affiliation of a payer as it is, but for what is given."""
    stands = {
        "payer_kind": payer.kind,
        "territory_code": payer.territory_code,
        "filing_frequency": payer.frequency,
        "name": f"Cotisant {payer.payer_id}",
    }
    if payer.payer_id.endswith("1"):  # before and after is no different (DEF-025)
        stands |= {"affiliated_on": "2025-12-10", "closed_on": "2026-01-31"}
    return affiliation(payer.payer_id, request_id=request_id, at=at, **(stands | other))


def registrations(index: int, payer: Payer) -> list[Draft]:
    """Return the first affiliation of a payer, and for some a new name, a tie, a repetition or a conflict."""
    if payer.fate == "never":
        return []
    first = affiliated(payer, "A1", "2020-01-01T08:00:00Z")
    if payer.fate == "late":
        return [first.marked("affiliation last of all", ordered=False, late=True)]
    others = [
        [],
        [affiliated(payer, "A2", "2021-06-01T08:00:00+01:00", name=f"Cotisant {payer.payer_id}, renommé")],
        [affiliated(payer, "A2", "2020-01-01T08:00:00Z", name="Même instant", source="/register-b")],
        [first, first.again(event_id=f"{payer.payer_id}-A1-again")],
        [affiliated(payer, "A0", "2019-01-01T08:00:00Z", name="Un ancien nom", closed_on="2019-12-31")],
    ][index // 2 % 5]
    if index % 6 != 2:
        return [first, *others]
    return [
        first.marked("the request that holds"),
        first.again(event_id=f"{payer.payer_id}-A1-other", name="Autre").marked("conflicting-duplicate: request"),
        first.again(name="Encore").marked("conflicting-duplicate: event"),
        *others,
    ]


def changes(payer: Payer) -> list[Draft]:
    """Return the later affiliation of a payer that changes: what a pair stands under depends on the order."""
    if payer.fate != "changing":
        return []
    other = {"local_authority": "private_employer", "private_employer": "state", "state": "local_authority"}
    frequency = {"monthly": "quarterly", "quarterly": "monthly"}
    kind = other.get(payer.kind, payer.kind)
    return [
        affiliated(
            payer,
            "A9",
            "2025-12-15T10:00:00Z",
            payer_kind=kind,
            territory_code="0902004",
            filing_frequency=frequency[payer.frequency] if payer.kind in other else payer.frequency,
        )
    ]
