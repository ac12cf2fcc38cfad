"""`care-form-submitted`: a provider files a care form (feuille de soins)."""

from typing import Annotated, ClassVar

from pydantic import FailFast, Field

from recouvra.contracts.event import CareKind, Contract, Day, Event, Identifier, LineNumber, ProviderKind, Text


class CareLine(Contract):
    """One act, medicine or test of a care form."""

    line_no: LineNumber = Field(description="Number of the line, from 1.")
    act_code: Identifier = Field(description="The act, medicine or test.")
    quantity: int = Field(ge=-(10**4), le=10**4, description="How many; a line that is not positive is refused alone.")
    unit_price_xof: int = Field(
        ge=-(10**9),
        le=10**9,
        description="Price of one in whole francs; a line that is not positive is refused alone.",
    )


class CareFormSubmitted(Event):
    """A care form of one insured person, adjudicated on `form-liquidated`."""

    topic: ClassVar[str] = "care-form-submitted"
    key_fields: ClassVar[tuple[str, ...]] = ("insured_number",)

    form_serial: Identifier = Field(description="The form's printed serial: it can be paid once only.")
    insured_number: Identifier = Field(description="The patient's insured number; also the record's key.")
    provider_id: Identifier = Field(description="Who gave the care.")
    provider_kind: ProviderKind = Field(description="What the provider is.")
    prescriber_code: Text | None = Field(default=None, description="Who prescribed.")
    care_kind: CareKind = Field(description="Ambulatory or hospital: the fund's share follows from it.")
    care_on: Day = Field(description="The day of care.")
    submitted_on: Day = Field(description="The day on which the provider filed the form.")
    authorisation: Text | None = Field(default=None, description="The fund's prior authorisation.")
    lines: Annotated[tuple[CareLine, ...], Field(strict=False), FailFast()] = Field(
        min_length=1, max_length=1000, description="1 to 1,000 lines."
    )
