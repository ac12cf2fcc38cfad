"""JSON Schema of the events, as vendors read it."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from recouvra.contracts.event import Event


class UntitledFields(GenerateJsonSchema):
    """JSON Schema 2020-12 without the title that pydantic would give to every field."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Leave a field its name and its description."""
        return False


def event_schema(event_class: type[Event]) -> JsonSchemaValue:
    """Write what an event's value must fit.

    JSON Schema cannot say all: `1.0` is an integer to it but not to us, it does not know unpaired surrogates, and it
    cannot compare `part` with `parts`.
    """
    schema = event_class.model_json_schema(schema_generator=UntitledFields)
    return {"$schema": UntitledFields.schema_dialect, **schema}
