"""A record to be published: its envelope in either mode, its key and value, and how its order matters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

Headers = tuple[tuple[str, bytes | None], ...]
KEY = object()  # stands for the key that events.md names


@dataclass(frozen=True)
class Envelope:
    """The CloudEvents attributes of a draft; `at` is `ce_time` as sent."""

    source: str
    event_id: str
    type: str
    at: str
    structured: bool = False
    traceparent: str | None = None

    def headers(self) -> Headers:
        """Return the headers of a record in this envelope's mode."""
        if self.structured:
            return (("content-type", b"application/cloudevents+json; charset=utf-8"),)
        named = {
            "ce_specversion": "1.0",
            "ce_id": self.event_id,
            "ce_source": self.source,
            "ce_type": self.type,
            "ce_time": self.at,
            "content-type": "application/json",
        }
        if self.traceparent:
            named["traceparent"] = self.traceparent
        return tuple((name, value.encode()) for name, value in named.items())

    def value(self, body: Any) -> bytes:
        """Return the value of a record that carries a body in this envelope's mode."""
        if not self.structured:
            return as_json(body)
        attributes = {
            "specversion": "1.0",
            "id": self.event_id,
            "source": self.source,
            "type": self.type,
            "time": self.at,
            "datacontenttype": "application/json",
            "data": body,
        }
        return as_json(attributes | ({"traceparent": self.traceparent} if self.traceparent else {}))


@dataclass(frozen=True)
class Draft:
    """A record before it is published.

    `ordered`: it must stay behind the `ordered` drafts before it of the same topic and key, because which of them is
    first decides something. `late`: it comes after everything that is not. `why` names the situation, for people.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    body: Mapping[str, Any]
    envelope: Envelope
    ordered: bool = False
    late: bool = False
    why: str = ""

    def marked(self, why: str, *, ordered: bool = True, late: bool = False) -> Draft:
        """Return the same record, marked as a part of a situation."""
        return replace(self, why=why, ordered=ordered, late=late)

    def again(self, *, event_id: str | None = None, **changes: Any) -> Draft:
        """Return the record once more: with changed fields of its body, under another event id, or as it is.

        The event id stays unless one is given, so a change alone is a conflicting duplicate of the event.
        """
        envelope = replace(self.envelope, event_id=event_id or self.envelope.event_id)
        body = {**self.body, **changes}
        key, value, headers = key_of(self.topic, body).encode(), envelope.value(body), envelope.headers()
        return replace(self, key=key, value=value, headers=headers, body=body, envelope=envelope)

    def by(self, source: str) -> Draft:
        """Return the same said by another source."""
        envelope = replace(self.envelope, source=source)
        return replace(self, envelope=envelope, value=envelope.value(self.body), headers=envelope.headers())

    def in_structured_mode(self) -> Draft:
        """Return the same event in CloudEvents' structured mode."""
        envelope = replace(self.envelope, structured=True)
        return replace(self, envelope=envelope, value=envelope.value(self.body), headers=envelope.headers())

    def broken(self, why: str, *, value: Any = KEY, headers: Headers | None = None, key: Any = KEY) -> Draft:
        """Return the record with its raw bytes replaced: poison."""
        return replace(
            self,
            why=why,
            value=self.value if value is KEY else value,
            headers=self.headers if headers is None else headers,
            key=self.key if key is KEY else key,
        )


def as_json(value: Any) -> bytes:
    """Return compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def key_of(topic: str, body: Mapping[str, Any]) -> str:
    """Return the partition key that events.md names."""
    if topic == "payment-reported" and body.get("payer_id") is None:
        return str(body["reference"])
    return str(body["insured_number" if topic == "care-form-submitted" else "payer_id"])


def draft(
    topic: str,
    body: Mapping[str, Any],
    *,
    source: str,
    at: str,
    event_id: str | None = None,
    structured: bool = False,
    traceparent: str | None = None,
    kind: str | None = None,
) -> Draft:
    """Return a record of a topic; its event id, unless given, follows from its source and content."""
    digest = hashlib.blake2b(as_json([topic, source, dict(body)]), digest_size=16).hexdigest()
    envelope = Envelope(source, event_id or digest, kind or f"ml.recouvra.{topic}.v1", at, structured, traceparent)
    return Draft(topic, key_of(topic, body).encode(), envelope.value(body), envelope.headers(), body, envelope)
