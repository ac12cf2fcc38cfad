"""The AsyncAPI 3.0 document of the published language: topics, events, keys, who sends and who receives."""

from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import models_json_schema

from recouvra.contracts.event import Event
from recouvra.contracts.json_schema import UntitledFields
from recouvra.contracts.topics import EVENTS, FACTS, INBOUND, READS, WRITES

_TITLE = "Recouvra: contributions of compulsory health insurance"
_DESCRIPTION = (
    "Events that travel between payroll systems, the treasury, care providers and the services of the fund. "
    "CloudEvents 1.0 in Kafka's binary mode; structured mode (`content-type: application/cloudevents+json`) is read on "
    "the inbound topics too. Values are UTF-8 JSON of at most 1,048,576 bytes; money is whole francs (XOF). "
    "Unknown fields are ignored. (`ce_source`, `ce_id`) names an event for ever: the same again has no effect. What "
    "cannot be read is set aside and told on `record-refused`; what is wrong in a declaration is answered on "
    "`declaration-answered`."
)

_ANSWERS = ("registration-answered", "declaration-answered", "record-refused")
"""What upstream systems should listen to: the answers to what they published."""

_ENVELOPE: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0 attributes as headers of the record.",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {
            "type": "string",
            "minLength": 1,
            "maxLength": 64,
            "description": "Unique within `ce_source`; printable characters. A UUIDv7 does well.",
        },
        "ce_source": {
            "type": "string",
            "format": "uri-reference",
            "minLength": 1,
            "description": "The publisher, as `/payroll/sage-ml/acme`.",
        },
        "ce_type": {"type": "string", "description": "`ml.recouvra.<topic>.v1`."},
        "ce_time": {
            "type": "string",
            "format": "date-time",
            "description": "When the fact happened for its publisher; of a service's fact: its knowledge time.",
        },
        "content-type": {"type": "string", "examples": ["application/json"]},
        "traceparent": {"type": "string", "description": "W3C trace context, passed on to what this event causes."},
    },
}


def asyncapi_document() -> dict[str, Any]:
    """Write the document whole, in the order of the topics."""
    _, definitions = models_json_schema(
        [(event_class, "validation") for event_class in EVENTS.values()],
        ref_template="#/components/schemas/{model}",
        schema_generator=UntitledFields,
    )
    return {
        "asyncapi": "3.0.0",
        "info": {"title": _TITLE, "version": "1.0.0", "description": _DESCRIPTION, "license": {"name": "Apache-2.0"}},
        "defaultContentType": "application/json",
        "channels": {topic: _channel(event_class) for topic, event_class in EVENTS.items()},
        "operations": dict(_operations()),
        "components": {
            "messages": {event_class.__name__: _message(event_class) for event_class in EVENTS.values()},
            "schemas": {"Envelope": _ENVELOPE, **definitions["$defs"]},
        },
    }


def _summary(event_class: type[Event]) -> str:
    return (event_class.__doc__ or "").strip().partition("\n")[0]


def _channel(event_class: type[Event]) -> dict[str, Any]:
    direction = "Published by upstream systems." if event_class.topic in INBOUND else "Published by our services."
    name = event_class.__name__
    channel: dict[str, Any] = {
        "address": event_class.topic,
        "description": direction,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }
    if event_class.topic in FACTS:
        # Reports are rebuilt from the facts, so these topics are never compacted and never expire.
        forever = {"cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1}
        channel["bindings"] = {"kafka": {"topicConfiguration": forever, "bindingVersion": "0.5.0"}}
    return channel


def _message(event_class: type[Event]) -> dict[str, Any]:
    fields = [f"`{name}`" for name in event_class.key_fields]
    key = " or, where it is null, ".join(fields) or "the key of the record that this one is about"
    return {
        "name": event_class.event_type(),
        "title": event_class.__name__,
        "summary": _summary(event_class),
        "contentType": "application/json",
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {"type": "object", "properties": {"ce_type": {"const": event_class.event_type()}}},
            ]
        },
        "payload": {"$ref": f"#/components/schemas/{event_class.__name__}"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"UTF-8, hashed by Kafka's murmur2: {key}."},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Say who sends and who receives: upstream systems first, then our services by name."""
    for topic in INBOUND:
        yield _operation("upstream", "send", topic)
    for topic in _ANSWERS:
        yield _operation("upstream", "receive", topic)
    for service, topics in READS.items():
        for topic in topics:
            yield _operation(service, "receive", topic)
        for topic in WRITES[service]:
            yield _operation(service, "send", topic)


def _operation(who: str, action: str, topic: str) -> tuple[str, dict[str, Any]]:
    name = EVENTS[topic].__name__
    return f"{who}.{action}.{topic}", {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic}"},
        "summary": f"{who} {action}s {name}.",
        "tags": [{"name": who}],
        "messages": [{"$ref": f"#/channels/{topic}/messages/{name}"}],
    }
