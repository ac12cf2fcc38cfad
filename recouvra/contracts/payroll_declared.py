"""`payroll-declared`: one nominative declaration of one payer for one month, or a part of it."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from recouvra.contracts.declared_lines import DeclaredLines, UpTo
from recouvra.contracts.event import Contract, Event, Identifier, Period, TotalXof


class Totals(Contract):
    """What the whole declaration sums to, all parts together."""

    lines: TotalXof = Field(description="Number of lines sent in all parts; 0 for a nil declaration.")
    base_xof: TotalXof = Field(description="Sum of the bases of all lines sent in all parts, in whole francs.")


class PayrollDeclared(Event):
    """One part of a nominative declaration: up to 1,000 lines of one payer and month.

    A declaration takes effect once all its parts are read, in whatever order; it is answered on `declaration-answered`.
    One without lines (`parts` 1, `totals.lines` 0) is a nil declaration: filed, nothing due.
    """

    topic: ClassVar[str] = "payroll-declared"
    key_fields: ClassVar[tuple[str, ...]] = ("payer_id",)

    declaration_id: Identifier = Field(
        description="The declaration, unique for its payer. A corrected declaration takes a new one."
    )
    payer_id: Identifier = Field(description="The payer that declares; also the record's key.")
    period: Period = Field(description="The month in which the pay was earned, YYYY-MM.")
    part: int = Field(ge=1, le=1000, description="Number of this part, from 1.")
    parts: int = Field(ge=1, le=1000, description="How many parts the declaration has.")
    replaces: Identifier | None = Field(
        default=None,
        description="The earlier declaration of this payer and period whose place this one takes; null to add to what "
        "was declared.",
    )
    totals: Totals = Field(description="Totals of the whole declaration, repeated in each part.")
    lines: Annotated[DeclaredLines, UpTo(1_000)] = Field(description="The lines of this part, at most 1,000.")

    @model_validator(mode="after")
    def _part_is_one_of_the_parts(self) -> Self:
        if self.part > self.parts:
            raise PydanticCustomError("part_above_parts", "part is above parts")
        return self
