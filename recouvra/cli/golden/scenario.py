"""One golden scenario: its folder read, its records made into bytes.

In its values `{"$insured": "REQUEST"}` stands for the insured number that registration drew for that hire, `{REQUEST}`
in a path. The folders are those of docs/vendors; an installation carries them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "scenarios"
NUMBER = "$insured"
_BINARY = "application/json"
_STRUCTURED = "application/cloudevents+json; charset=utf-8"
_NAMES = ("payer_id", "payment_id", "declaration_id", "form_serial", "request_id")

Numbers = Mapping[str, str]
Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Sent:
    """A record as it goes onto its topic."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True)
class Wave:
    """Records that go out together, in their order, and what a stack must say before the next wave goes."""

    records: Sequence[dict[str, Any]]
    published: Sequence[dict[str, Any]]
    refused: Sequence[dict[str, Any]]
    asked: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Scenario:
    """One folder; `prefix` begins every identifier of its own: `GS07-` of `07-self-employed-classes`."""

    folder: str
    waves: Sequence[Wave]
    told: str
    prefix: str

    @property
    def title(self) -> tuple[str, str]:
        """What it is about, in French and in English, as its README begins."""
        french, english = self.told.splitlines()[:2]
        return french.partition(" · ")[2], english.strip("*")

    def is_about(self, body: Mapping[str, Any]) -> bool:
        """Whether a published value or a row of a face is this scenario's, by the identifiers in it."""
        return any(str(body.get(name) or "").startswith(self.prefix) for name in _NAMES)


@cache
def scenarios() -> tuple[Scenario, ...]:
    """Every scenario, by its folder's name."""
    return tuple(read(folder) for folder in sorted(FOLDER.iterdir()) if folder.is_dir())


def read(folder: Path) -> Scenario:
    """One scenario; both files must have the same waves."""
    records = json.loads((folder / "records.json").read_text("utf-8"))["waves"]
    expected = json.loads((folder / "expected.json").read_text("utf-8"))["waves"]
    waves = [
        Wave(sent, says["published"], says.get("refused", ()), says.get("asked", ()))
        for sent, says in zip(records, expected, strict=True)
    ]
    told = (folder / "README.md").read_text("utf-8")
    return Scenario(folder.name, waves, told, f"GS{folder.name[:2]}-")


def resolved(value: Any, numbers: Numbers) -> Any:
    """A value with the drawn numbers in their places; KeyError for a hire that got none."""
    if isinstance(value, list):
        return [resolved(one, numbers) for one in value]
    if isinstance(value, dict):
        if value.keys() == {NUMBER}:
            return numbers[value[NUMBER]]
        return {name: resolved(one, numbers) for name, one in value.items()}
    return value


def as_sent(record: Mapping[str, Any], numbers: Numbers) -> Sent:
    """The record's bytes: as events.md binds them, unless it says otherwise of its headers, its value or its key."""
    body = resolved(record.get("value"), numbers)
    if "lines_up_to" in record:
        body["lines"] = [body["lines"][0] | {"line_no": n} for n in range(1, record["lines_up_to"] + 1)]
    attributes = {
        "specversion": "1.0",
        "id": record["ce_id"],
        "source": record["ce_source"],
        "type": f"ml.recouvra.{record['topic']}.v1",
        "time": record["ce_time"],
    }
    if record.get("mode") == "structured":
        attributes = attributes | {"datacontenttype": _BINARY} | record.get("attributes", {})
        headers: dict[str, Any] = {"content-type": _STRUCTURED}
        body = {name: text for name, text in attributes.items() if text is not None} | {"data": body}
    else:
        headers = {f"ce_{name}": text for name, text in attributes.items()} | {"content-type": _BINARY}
    headers |= record.get("headers", {})
    named = tuple((name, _bytes(text)) for name, text in headers.items() if text is not None)
    return Sent(record["topic"], _key(record, numbers), _value(record, body), named)


def _bytes(text: str | Mapping[str, str]) -> bytes:
    return text.encode() if isinstance(text, str) else base64.b64decode(text["base64"])


def _key(record: Mapping[str, Any], numbers: Numbers) -> bytes | None:
    if "key" in record:
        return None if record["key"] is None else str(record["key"]).encode()
    body = resolved(record["value"], numbers)
    key = body.get("payer_id") or body.get("reference") or body["insured_number"]
    return str(key).encode()


def _value(record: Mapping[str, Any], body: Any) -> bytes | None:
    if record.get("value_null"):
        return None
    if "value_base64" in record:
        return base64.b64decode(record["value_base64"])
    text = record["value_text"] if "value_text" in record else json.dumps(body, ensure_ascii=False)
    return str(text).encode().ljust(record.get("pad_to_bytes", 0))
