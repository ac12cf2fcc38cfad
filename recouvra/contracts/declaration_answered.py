"""`declaration-answered`: the answer that a payroll system can act on, every line accounted for."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from recouvra.contracts.codes import AnomalyCode, Message
from recouvra.contracts.event import Contract, Count, Day, Event, FactXof, Identifier, LineNumber, Period, Text


class Anomaly(Contract):
    """Something about a declaration, or one of its lines, that its publisher should look at."""

    line_no: LineNumber | None = Field(description="The line; null when the whole declaration is meant.")
    code: AnomalyCode = Field(description="What is wrong.")
    field: Text = Field(description="JSON Pointer into the declaration, as `/lines/base_xof`.")
    received: Text | FactXof | None = Field(description="The value that came.")
    expected: Text | FactXof | None = Field(description="What would have fitted; null where it cannot be told.")
    message: Message = Field(description="What to do, in French and English.")


class DeclarationAnswered(Event):
    """The answer to one declaration; a later one (after `pending`) stands in the place of the earlier."""

    topic: ClassVar[str] = "declaration-answered"
    key_fields: ClassVar[tuple[str, ...]] = ("payer_id",)

    declaration_id: Identifier = Field(description="The declaration that is answered.")
    payer_id: Identifier = Field(description="The payer that declared; also the record's key.")
    period: Period = Field(description="The month declared, as its first-read part says.")
    outcome: Literal["accepted", "accepted_with_anomalies", "pending", "rejected"] = Field(
        description="`pending`: the payer is not affiliated yet, an answer follows by itself; `rejected`: a corrected "
        "declaration takes a new declaration_id."
    )
    lines_received: Count = Field(description="Lines read, in all parts.")
    lines_accepted: Count = Field(description="Lines that count.")
    lines_rejected: Count = Field(description="Lines refused; all of them when the declaration is rejected.")
    assessed_xof: FactXof = Field(description="What this declaration makes due as a whole, in whole francs.")
    due_on: Day | None = Field(description="The due day; null when pending or rejected.")
    anomalies: Annotated[tuple[Anomaly, ...], Field(strict=False)] = Field(
        max_length=1000, description="At most the first 1,000; the rest is served over HTTP."
    )
    anomalies_left: int = Field(
        default=0,
        ge=0,
        exclude_if=lambda left: left == 0,
        description="How many anomalies did not travel; written only when above 0.",
    )


class AnsweredInFull(DeclarationAnswered):
    """The answer with every anomaly, as it is served over HTTP, where nothing need be left."""

    anomalies: Annotated[tuple[Anomaly, ...], Field(strict=False)] = Field(description="All of them, line by line.")
