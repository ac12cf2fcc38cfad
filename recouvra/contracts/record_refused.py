"""`record-refused`: a dead letter was set aside, and its publisher can hear of it."""

from typing import ClassVar

from pydantic import ConfigDict, Field

from recouvra.contracts.codes import Message, Reason
from recouvra.contracts.event import Event, Text


class RecordRefused(Event):
    """A record that a service could not read, or may not. It travels under that record's key, whatever it is."""

    model_config = ConfigDict(validate_by_name=True)

    topic: ClassVar[str] = "record-refused"
    key_fields: ClassVar[tuple[str, ...]] = ()

    service: Text = Field(description="The service that set the record aside.")
    # On the wire it is `topic`, which every event's class already has as its own.
    refused_topic: Text = Field(
        validation_alias="topic", serialization_alias="topic", description="The topic of the refused record."
    )
    partition: int = Field(ge=0, le=2**31 - 1, description="Its partition.")
    offset: int = Field(ge=0, le=2**63 - 1, description="Its offset.")
    source: Text | None = Field(description="Its `ce_source`; null where the envelope does not tell.")
    event_id: Text | None = Field(description="Its `ce_id`; null where the envelope does not tell.")
    reason: Reason = Field(description="Why it was set aside.")
    message: Message = Field(description="What to do, in French and English.")
