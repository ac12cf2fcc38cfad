"""`payment-reported`: the treasury, a bank or a mobile-money operator reports money in."""

from typing import ClassVar, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from recouvra.contracts.event import Channel, Day, Event, Identifier, Period, Reference


class PaymentReported(Event):
    """Money that came in, or (`reverses`) an earlier payment of the same source that is undone whole.

    The key is the payer, or the reference when the payer is unknown; one of them must be there.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"payer_id": {"type": "string"}}, "required": ["payer_id"]},
                {"properties": {"reference": {"type": "string"}}, "required": ["reference"]},
            ]
        }
    )

    topic: ClassVar[str] = "payment-reported"
    key_fields: ClassVar[tuple[str, ...]] = ("payer_id", "reference")

    payment_id: Identifier = Field(description="The payment, unique for its publisher (`ce_source`).")
    payer_id: Identifier | None = Field(
        default=None, description="Who paid; null when unknown: the money then waits in suspense."
    )
    reference: Reference | None = Field(
        default=None, description="What the payer wrote on the order; required, and the record's key, without a payer."
    )
    amount_xof: int = Field(gt=0, le=10**12, description="Whole francs; a reversal repeats the amount it undoes.")
    paid_on: Day = Field(description="Value date.")
    channel: Channel = Field(description="How the money came.")
    period: Period | None = Field(default=None, description="The month that the payer designates, YYYY-MM.")
    reverses: Identifier | None = Field(
        default=None, description="The payment of the same source that this record undoes, as a bounced cheque."
    )

    @model_validator(mode="after")
    def _someone_or_something_is_named(self) -> Self:
        if self.payer_id is None and self.reference is None:
            raise PydanticCustomError("payer_or_reference", "neither payer nor reference")
        return self
