"""Builders of inbound records in plain dictionaries and bytes, from events.md alone; the parts are in tests/making.

Single records (`affiliation`, `hire`, `declaration`, `split`, `payment`, `reversal`, `care_form`), poison of every
reason code, a seeded small country, and orders to publish them in. A `Draft` is what is to be published; the oracle
reads it back as `PublishedRecord`, from a broker or by `as_published`.
"""

from __future__ import annotations

from tests.making.country import Country, country
from tests.making.drafts import Draft, Envelope, draft
from tests.making.order import as_published, in_waves, interleave, repeated
from tests.making.poison import poison
from tests.making.records import affiliation, care_form, declaration, hire, month_after, payment, reversal, split

__all__ = [
    "Country",
    "Draft",
    "Envelope",
    "affiliation",
    "as_published",
    "care_form",
    "country",
    "declaration",
    "draft",
    "hire",
    "in_waves",
    "interleave",
    "month_after",
    "payment",
    "poison",
    "repeated",
    "reversal",
    "split",
]
