"""`affiliation-requested`: the fund's register announces a payer, or a change of it."""

from typing import ClassVar

from pydantic import Field

from recouvra.contracts.event import Day, Event, FilingFrequency, Identifier, Name, PayerKind, TerritoryCode


class AffiliationRequested(Event):
    """A payer as the register knows it, whole; of several records the latest by `ce_time` holds (DEF-035)."""

    topic: ClassVar[str] = "affiliation-requested"
    key_fields: ClassVar[tuple[str, ...]] = ("payer_id",)

    request_id: Identifier = Field(description="The request, unique for its payer.")
    payer_id: Identifier = Field(description="The payer (cotisant); also the record's key.")
    payer_kind: PayerKind = Field(description="What the payer is; its contribution rates follow from it.")
    name: Name = Field(description="The payer's name, as it is shown in reports.")
    territory_code: TerritoryCode = Field(description="Region (2 digits), cercle (4) or commune (7) of the payer.")
    filing_frequency: FilingFrequency = Field(description="Monthly above 10 employees, quarterly otherwise.")
    affiliated_on: Day = Field(description="First day of the affiliation.")
    closed_on: Day | None = Field(default=None, description="Last day of the affiliation; null while it is open.")
