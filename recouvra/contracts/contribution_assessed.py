"""`contribution-assessed`: an amount became due, or changed."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from recouvra.contracts.event import Day, Event, FactXof, Identifier, PayerKind, Period, TerritoryCode


class ContributionAssessed(Event):
    """What one declaration makes due for one payer and period. Signed: a replacement sends the difference (DEF-024)."""

    topic: ClassVar[str] = "contribution-assessed"
    key_fields: ClassVar[tuple[str, ...]] = ("payer_id",)

    payer_id: Identifier = Field(description="Who owes; also the record's key.")
    payer_kind: PayerKind = Field(description="The kind that the (payer, period) keeps (DEF-033).")
    territory_code: TerritoryCode = Field(description="The territory that the (payer, period) keeps (DEF-033).")
    period: Period = Field(description="The month of pay.")
    declaration_id: Identifier = Field(description="The declaration that makes it due.")
    basis: Literal["declared", "replacement", "estimated", "adjustment"] = Field(description="Why it is due.")
    assessed_xof: FactXof = Field(description="Both shares together, signed.")
    insured_share_xof: FactXof = Field(description="The insured persons' share, signed.")
    payer_share_xof: FactXof = Field(description="The payer's share, signed.")
    line_count: Annotated[int, Field(ge=-(10**15), le=10**15)] = Field(description="Accepted lines, signed.")
    filed_on: Day = Field(description="The UTC date of the declaration's latest `ce_time` (DEF-025).")
    due_on: Day = Field(description="The due day (DEF-020).")
