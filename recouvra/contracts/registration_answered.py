"""`registration-answered`: what became of a hire."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from recouvra.contracts.codes import Message, RegistrationCode
from recouvra.contracts.event import Contract, Event, FactXof, Identifier, Text


class RegistrationAnomaly(Contract):
    """Something about a hire that its publisher should look at."""

    code: RegistrationCode = Field(description="What is wrong.")
    field: Text = Field(description="JSON Pointer into the request.")
    received: Text | FactXof | None = Field(description="The value that came.")
    expected: Text | FactXof | None = Field(description="What would have fitted; null where it cannot be told.")
    message: Message = Field(description="What to do, in French and English.")


class RegistrationAnswered(Event):
    """The answer to one request; a later one (after `pending`) stands in the place of the earlier."""

    topic: ClassVar[str] = "registration-answered"
    key_fields: ClassVar[tuple[str, ...]] = ("payer_id",)

    request_id: Identifier = Field(description="The request that is answered.")
    payer_id: Identifier = Field(description="The payer that asked; also the record's key.")
    outcome: Literal["registered", "already_registered", "transferred", "pending", "rejected"] = Field(
        description="`pending`: the payer is not affiliated yet, an answer follows by itself; `rejected`: send it anew."
    )
    insured_number: Identifier | None = Field(description="The person's number; null while pending or rejected.")
    anomalies: Annotated[tuple[RegistrationAnomaly, ...], Field(strict=False)] = Field(
        description="What to look at; empty when all is well."
    )
