"""`person-registered`: a person is insured, or their affiliation changed."""

from typing import ClassVar, Literal

from pydantic import Field

from recouvra.contracts.event import Category, Day, Event, Identifier, PayerKind, Sex, TerritoryCode


class PersonRegistered(Event):
    """An insured person and their payer. No name, no birth date, no NINA: those stay in registration."""

    topic: ClassVar[str] = "person-registered"
    key_fields: ClassVar[tuple[str, ...]] = ("insured_number",)

    insured_number: Identifier = Field(description="The insured number, 12 digits (DEF-014); also the record's key.")
    role: Literal["insured", "dependant"] = Field(description="Insured in their own right, or through another.")
    principal_number: Identifier | None = Field(description="Of a dependant: the number of the insured person.")
    payer_id: Identifier | None = Field(description="Who pays for the person.")
    payer_kind: PayerKind | None = Field(description="What that payer is.")
    territory_code: TerritoryCode = Field(description="The payer's territory when this was published (DEF-034).")
    category: Category = Field(description="In what capacity the person contributes.")
    birth_year: int = Field(ge=1, le=9999, description="Year of birth.")
    sex: Sex = Field(description="Sex.")
    registered_on: Day = Field(description="The day of the first registration; transfers leave it (DEF-034).")
    relationship: Literal["spouse", "child", "parent"] | None = Field(description="Of a dependant: to the insured.")
