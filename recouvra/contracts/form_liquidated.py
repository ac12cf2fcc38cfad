"""`form-liquidated`: a care form was adjudicated."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from recouvra.contracts.codes import FormCode
from recouvra.contracts.event import CareKind, Day, Event, FactXof, Identifier, ProviderKind


class FormLiquidated(Event):
    """What the fund pays of a care form, and what stays with the patient (DEF-030 to DEF-032)."""

    topic: ClassVar[str] = "form-liquidated"
    key_fields: ClassVar[tuple[str, ...]] = ("insured_number",)

    form_serial: Identifier = Field(description="The form's printed serial.")
    insured_number: Identifier = Field(description="The patient's insured number; also the record's key.")
    payer_id: Identifier | None = Field(description="Who pays for the patient when the form is liquidated.")
    provider_id: Identifier = Field(description="Who gave the care.")
    provider_kind: ProviderKind = Field(description="What the provider is.")
    care_kind: CareKind = Field(description="Ambulatory or hospital.")
    care_on: Day = Field(description="The day of care.")
    submitted_on: Day = Field(description="The day on which the provider filed the form.")
    liquidated_on: Day = Field(description="The UTC date of this fact's knowledge time.")
    claimed_xof: FactXof = Field(description="Sum of quantity × unit price of all lines.")
    accepted_xof: FactXof = Field(description="The same of the lines that stand.")
    fund_share_xof: FactXof = Field(description="What the fund pays.")
    co_payment_xof: FactXof = Field(description="What stays with the patient (ticket modérateur).")
    outcome: Literal["accepted", "reduced", "rejected"] = Field(description="All lines stand, some, or none.")
    reasons: Annotated[tuple[FormCode, ...], Field(strict=False)] = Field(description="Why lines, or the form, do not.")
    review_flags: Annotated[tuple[Identifier, ...], Field(strict=False)] = Field(
        description="What a reviewer should look at; empty until its rules are written."
    )
