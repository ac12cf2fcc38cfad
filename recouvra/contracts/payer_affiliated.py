"""`payer-affiliated`: a payer is affiliated, or what is known of it changed."""

from typing import ClassVar

from pydantic import Field

from recouvra.contracts.event import Day, Event, FilingFrequency, Identifier, Name, PayerKind, TerritoryCode


class PayerAffiliated(Event):
    """A payer as it holds now (DEF-035); the latest on its key stands in the place of the earlier ones."""

    topic: ClassVar[str] = "payer-affiliated"
    key_fields: ClassVar[tuple[str, ...]] = ("payer_id",)

    payer_id: Identifier = Field(description="The payer (cotisant); also the record's key.")
    payer_kind: PayerKind = Field(description="What the payer is.")
    name: Name = Field(description="The payer's name.")
    territory_code: TerritoryCode = Field(description="Region (2 digits), cercle (4) or commune (7) of the payer.")
    filing_frequency: FilingFrequency = Field(description="How often the payer pays: the due day follows (DEF-020).")
    affiliated_on: Day = Field(description="First day of the affiliation.")
    closed_on: Day | None = Field(description="Last day of the affiliation; null while it is open.")
