"""`contribution-received`: money was allocated to the dues of one payer and period."""

from typing import ClassVar

from pydantic import Field

from recouvra.contracts.event import Channel, Day, Event, FactXof, Identifier, PayerKind, Period, TerritoryCode, Text


class ContributionReceived(Event):
    """A payment's money on one period. Signed: a reversal or a re-allocation sends the negative (DEF-005)."""

    topic: ClassVar[str] = "contribution-received"
    key_fields: ClassVar[tuple[str, ...]] = ("payer_id",)

    payer_id: Identifier = Field(description="Whose dues are paid; also the record's key.")
    payer_kind: PayerKind = Field(description="The kind that the (payer, period) keeps (DEF-033).")
    territory_code: TerritoryCode = Field(description="The territory that the (payer, period) keeps (DEF-033).")
    period: Period = Field(description="The month whose dues are paid.")
    payment_source: Text = Field(description="The `ce_source` that reported the payment.")
    payment_id: Identifier = Field(description="The payment, unique for that source.")
    received_xof: FactXof = Field(description="Whole francs, signed.")
    received_on: Day = Field(description="The payment's own value date.")
    channel: Channel = Field(description="The payment's own channel.")
