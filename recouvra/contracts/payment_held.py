"""`payment-held`: money that is in but placed on no period."""

from typing import ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from recouvra.contracts.event import Channel, Day, Event, FactXof, Identifier, Text


class PaymentHeld(Event):
    """A payment's money in a payer's credit, or in suspense. Signed (DEF-005).

    In suspense it travels under the key that the payment came with, which the value tells only if a payer was sent.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"payer_id": {"type": "string"}}},
                {"properties": {"held_as": {"const": "suspense"}}},
            ]
        }
    )

    topic: ClassVar[str] = "payment-held"
    key_fields: ClassVar[tuple[str, ...]] = ("payer_id",)

    payment_source: Text = Field(description="The `ce_source` that reported the payment.")
    payment_id: Identifier = Field(description="The payment, unique for that source.")
    payer_id: Identifier | None = Field(description="Whose credit it is; in suspense, the payer as sent.")
    held_as: Literal["credit", "suspense"] = Field(description="A payer's credit, or waiting for a payer.")
    held_xof: FactXof = Field(description="Whole francs, signed.")
    received_on: Day = Field(description="The payment's own value date.")
    channel: Channel = Field(description="The payment's own channel.")

    @model_validator(mode="after")
    def _credit_is_somebodys(self) -> Self:
        if self.payer_id is None and self.held_as == "credit":
            raise PydanticCustomError("credit_without_payer", "credit without a payer")
        return self
