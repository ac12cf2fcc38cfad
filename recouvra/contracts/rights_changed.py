"""`rights-changed`: an insured person's rights open, are suspended, or close."""

from typing import ClassVar, Literal

from pydantic import Field

from recouvra.contracts.event import Day, Event, Identifier, Text


class RightsChanged(Event):
    """A change of one insured person's rights. Not published before its rules are written."""

    topic: ClassVar[str] = "rights-changed"
    key_fields: ClassVar[tuple[str, ...]] = ("insured_number",)

    insured_number: Identifier = Field(description="Whose rights; also the record's key.")
    status: Literal["open", "suspended", "closed"] = Field(description="What the rights become.")
    effective_on: Day = Field(description="The first day on which they are so.")
    reason: Text = Field(description="The code of the rule that changed them.")
