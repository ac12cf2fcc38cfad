"""The last month of a country, published when all else was read: nothing of it is left to the order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.making.drafts import Draft
from tests.making.records import care_form, declaration
from tests.recount.facts import Fact

MONTH = "2026-06"


def closing(facts: Sequence[Fact]) -> Iterator[Draft]:
    """Yield a declaration of every payer with those who were ever told of, a thousand at most, and a form of each.

    Whoever lost a later word about a payer or a person says here what was before. Large payers' people, who move
    nowhere, are too many for a part.
    """
    told = {(fact.body["insured_number"], fact.body["payer_id"]) for fact in facts if fact.topic == "person-registered"}
    numbers = sorted({number for number, payer_id in told if not payer_id.startswith("SIZE-")})[:1_000]
    for payer_id in sorted({fact.body["payer_id"] for fact in facts if fact.topic == "payer-affiliated"}):
        lines = [(number, 90_000) for number in numbers]
        yield declaration(payer_id, MONTH, lines, declaration_id="CLOSING", at="2026-07-01T08:00:00Z")
    for number in numbers:
        yield care_form(number, form_serial=f"CLOSING-{number}", care_on=f"{MONTH}-10", submitted_on=f"{MONTH}-11")
