"""What a source publishes that may not yet: all of it in order otherwise, so that a replay gives it its effect."""

from __future__ import annotations

from tests.making.drafts import Draft
from tests.making.payers import Payer
from tests.making.records import affiliation, care_form, declaration, hire, payment, reversal, split

SOURCE = "/intruder/one"
RULES = {"": ["*"], "/intruder": ["NOBODY-*"], "/intruder/two": []}
MENDED = {"": ["*"], "/intruder/two": []}
PERIOD = "2025-09"


def intrusions(payer: Payer) -> list[Draft]:
    """Return an intruder's records about one payer, and those of the payer that have to do with them."""
    payer_id = payer.payer_id
    lines = [(number, 101_000) for number in payer.numbers]
    own = declaration(payer_id, PERIOD, lines, declaration_id="I-own")
    first, second = split(declaration(payer_id, PERIOD, lines, declaration_id="I-parts"), 2)
    paid = payment(payer_id, 3_333, payment_id=f"I-{payer_id}-good", paid_on="2025-10-10", period=PERIOD)
    theirs = payment(payer_id, 7_777, payment_id=f"I-{payer_id}", paid_on="2025-10-11", source=SOURCE)
    filed = care_form(payer.numbers[0], [(1, 10_001)], form_serial=f"I-{payer_id}", submitted_on="2025-09-30")
    drafts = [
        own,
        declaration(payer_id, PERIOD, lines[1:], declaration_id="I-new", replaces="I-own", source=SOURCE),
        declaration(payer_id, PERIOD, lines[:1], declaration_id="I-old", source=SOURCE),
        declaration(payer_id, PERIOD, lines[:1], declaration_id="I-after", replaces="I-old"),
        first,
        second.by(SOURCE),
        paid,
        theirs,
        reversal(theirs, payment_id=f"I-{payer_id}-undone", amount_xof=7_777),
        payment(payer_id, 8_888, payment_id=f"I-{payer_id}-two", source="/intruder/two"),
        hire(payer_id, "I1", family_name="Intrus", birth_date="1999-09-09", source=SOURCE),
        affiliation(
            payer_id,
            payer_kind=payer.kind,
            territory_code=payer.territory_code,
            filing_frequency=payer.frequency,
            name="Par un autre",
            request_id="I9",
            source=SOURCE,
            at="2022-01-01T00:00:00Z",
        ),
        filed.by(SOURCE),
        payment(None, 9_999, payment_id=f"I-{payer_id}-ref", reference=f"I {payer_id}", source=SOURCE),
    ]
    return [draft.marked("unauthorised-source" if "/intruder" in draft.envelope.source else "own") for draft in drafts]
