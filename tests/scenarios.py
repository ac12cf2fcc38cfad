"""The golden scenarios of docs/vendors/scenarios: read, made into records, compared with what a stack published.

A scenario is data and needs no stack: a conformance command can read the same folders. In its values
`{"$insured": "REQUEST"}` stands for the insured number that registration drew for that hire, `{REQUEST}` in a path.
Nothing of the product is imported.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "docs/vendors/scenarios"
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
    """One folder; `prefix` begins every identifier of its own."""

    folder: str
    waves: Sequence[Wave]
    told: str

    @property
    def prefix(self) -> str:
        """`GS07-` of `07-self-employed-classes`."""
        return f"GS{self.folder[:2]}-"

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
    return Scenario(folder.name, waves, (folder / "README.md").read_text("utf-8"))


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


def differs(expected: Any, found: Any, at: str = "") -> list[str]:
    """Where a value is not what is expected; fields that are not expected may stand beside (the language may grow).

    Anomalies may stand in any order: none is told.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        missing = [f"{at}/{name}: absent" for name in expected if name not in found]
        return missing + [
            fault
            for name in expected
            if name in found
            for fault in differs(expected[name], found[name], f"{at}/{name}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and at.endswith("/anomalies"):
        lacking, beyond = matched(expected, found)
        return [f"{at}: lacks {one}" for one in lacking] + [f"{at}: has too many {one}" for one in beyond]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [
            fault for n, both in enumerate(zip(expected, found, strict=True)) for fault in differs(*both, f"{at}/{n}")
        ]
    same = type(expected) is type(found) and expected == found
    return [] if same else [f"{at}: expected {expected!r}, found {found!r}"]


def matched(expected: Sequence[Any], found: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """What of two multisets has no equal in the other, first what lacks, then what is too many."""
    beyond, lacking = list(found), list[Any]()
    for one in expected:
        equal = next((n for n, other in enumerate(beyond) if not differs(one, other)), None)
        if equal is None:
            lacking.append(one)
        else:
            del beyond[equal]
    return lacking, beyond


def compared(expected: Sequence[Any], found: Sequence[Any]) -> list[str]:
    """The same for people: what lacks beside the nearest of its topic and key that is too many."""
    lacking, beyond = matched(expected, found)
    told = []
    for one in lacking:
        near = min(
            (other for other in beyond if _place(other) == _place(one)),
            key=lambda other: len(differs(one, other)),
            default=None,
        )
        if near is None:
            told.append(f"missing: {one}")
        else:
            beyond.remove(near)
            told.append(f"{one['topic']} of {one['key']}: {'; '.join(differs(one, near))}; found {near}")
    return told + [f"not expected: {one}" for one in beyond]


def _place(fact: Mapping[str, Any]) -> tuple[Any, Any]:
    return fact.get("topic"), fact.get("key")


def unsaid(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """Anomalies and refusals without a sentence in both languages."""
    told = [
        message
        for fact in found
        for message in [*fact["value"].get("anomalies", ()), fact["value"]]
        if "message" in message or "code" in message
    ]
    return [f"no sentence: {one}" for one in told if not all(one.get("message", {}).get(lang) for lang in ("fr", "en"))]


def drawn(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The insured number of every hire that was answered with one."""
    answers = [fact["value"] for fact in found if fact["topic"] == "registration-answered"]
    return {answer["request_id"]: answer["insured_number"] for answer in answers if answer["insured_number"]}
