"""JSON: one value, or one a line; the event's value alone, or a structured CloudEvent that holds it."""

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from recouvra.contracts.codes import Reason
from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.mending import NotJson
from recouvra.contracts.mismatch import Mismatch, mismatches
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import Refusal, read
from recouvra.contracts.record import Record
from recouvra.contracts.thorough import every_fault
from recouvra.vendor.faults import Fault, FiledPart, Filing, Place, wanted
from recouvra.vendor.parts import PART_LINES, LongDeclaration, read_long, split

_STRUCTURED = (("content-type", b"application/cloudevents+json"),)
_ANY = Envelope("file", "/file", PayrollDeclared.event_type(), datetime(2000, 1, 1, tzinfo=UTC))
"""Stands for the envelope that a value alone will get when it is sent."""


def read_json(content: bytes, *, long: bool) -> Filing:
    """Every value of the file. `long`: one that says it has one part may hold all lines, and is cut into parts."""
    filing = Filing("json", [], [], [])
    for line, value in _values(content):
        document = _document(value)
        try:
            if _is_structured(document):
                received = read(Record(PayrollDeclared.topic, 0, 0, _key(document), value, _STRUCTURED))
                _add(filing, received.event, line, received.envelope)
            elif long:
                _add(filing, read_long(value), line)
            else:
                headers = tuple(binary_headers(_ANY))
                _add(filing, read(Record(PayrollDeclared.topic, 0, 0, _key(document), value, headers)).event, line)
        except Refusal as refusal:
            filing.faults.extend(_refused(refusal, value, document, line))
            if _is_long(document):
                filing.notes.append(_CUT)
        except NotJson:
            filing.faults.append(_unreadable(value, line))
        except ValidationError as error:
            faults = _all(mismatches(error), LongDeclaration, value)
            filing.faults.extend(_placed(faults, Reason.SCHEMA_MISMATCH, document, line))
    if not filing.parts and not filing.faults:
        filing.faults.append(_unreadable(content, None))
    return filing


_CUT = wanted(
    "Kafka ne prend que 1 000 lignes par valeur. « recouvra send » et POST /v1/declarations découpent une valeur plus "
    "longue : vérifiez-la alors avec --whole.",
    "Kafka takes 1,000 lines a value only. “recouvra send” and POST /v1/declarations cut a longer value into parts: "
    "check it with --whole then.",
)


def _is_long(document: Any) -> bool:
    lines = document.get("lines") if isinstance(document, dict) else None
    return isinstance(lines, list) and len(lines) > PART_LINES


def _add(filing: Filing, event: object, line: int | None, envelope: Envelope | None = None) -> None:
    assert isinstance(event, PayrollDeclared)
    first = 0
    for part in split(event):
        filing.parts.append(FiledPart(part, envelope, line, first=first))
        first += len(part.lines)


def _values(content: bytes) -> Iterator[tuple[int | None, bytes]]:
    """The values with the lines that hold them; a document over several lines is one value, and has no line."""
    lines = [(number, line.strip()) for number, line in enumerate(content.split(b"\n"), 1)]
    lines = [(number, line) for number, line in lines if line]
    seem = len(lines) > 1 and (_document(lines[0][1]) is not None or lines[1][1].startswith(b"{"))
    if seem and _document(content) is None:
        yield from lines
    elif lines:
        yield None, content.strip()


def _document(value: bytes) -> Any:
    """What the bytes say as any JSON reader has it, to show what stands at a place; None where they say nothing."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _is_structured(document: Any) -> bool:
    return isinstance(document, dict) and "specversion" in document and "declaration_id" not in document


def _within(document: Any) -> Any:
    """The event's value in a structured document."""
    encoded = document.get("data_base64")
    return document.get("data") if encoded is None else _decoded(encoded)


def _key(document: Any) -> bytes | None:
    """The key that the value names: a record of it will carry that."""
    value = _within(document) if _is_structured(document) else document
    payer_id = value.get("payer_id") if isinstance(value, dict) else None
    return payer_id.encode(errors="replace") if isinstance(payer_id, str) else None


def _decoded(encoded: object) -> Any:
    try:
        return _document(base64.b64decode(encoded, validate=True)) if isinstance(encoded, str) else None
    except ValueError:
        return None


def _refused(refusal: Refusal, value: bytes, document: Any, line: int | None) -> Iterator[Fault]:
    if refusal.reason is Reason.INVALID_JSON and _is_structured(document):
        yield Fault(
            Place(line), Reason.INVALID_JSON, wanted("data ou data_base64, en JSON", "data or data_base64, as JSON")
        )
    elif refusal.reason is Reason.INVALID_JSON:
        yield _unreadable(value, line)
    elif refusal.faults:
        faults, shown = refusal.faults, document
        if refusal.reason is Reason.SCHEMA_MISMATCH:
            if _is_structured(document):
                shown = _within(document)
                value = json.dumps(shown).encode()
            faults = _all(faults, PayrollDeclared, value)
        yield from _placed(faults, refusal.reason, shown, line)
    else:
        yield Fault(Place(line), refusal.reason)


def _all(told: Sequence[Mismatch], model: type[PayrollDeclared], value: bytes) -> list[Mismatch]:
    """Every fault of a value: those that a reader tells first, who stops at a faulty line, then the others."""
    whole = every_fault(model, value)
    return [*told, *(one for one in (mismatches(whole) if whole else ()) if one not in told)]


def _placed(faults: Sequence[Mismatch], reason: Reason, document: Any, line: int | None) -> Iterator[Fault]:
    for pointer, expected in faults:
        yield Fault(Place(line, None, pointer), reason, expected, _at(document, pointer))


def _at(document: Any, pointer: str) -> object:
    """What stands at a place: a name or a number on each step; of an envelope's attribute, its name is the pointer."""
    if pointer.startswith("ce_"):
        return document.get(pointer.removeprefix("ce_")) if isinstance(document, dict) else None
    for step in pointer.split("/")[1:]:
        if isinstance(document, list) and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        elif isinstance(document, dict):
            document = document.get(step)
        else:
            return None
    return f"[…] ({len(document)})" if isinstance(document, list) else "{…}" if isinstance(document, dict) else document


def _unreadable(value: bytes, line: int | None) -> Fault:
    """No JSON: where a reader stumbles first, as lines and characters of the file."""
    try:
        json.loads(value.decode())
    except json.JSONDecodeError as error:
        at = (line or 0) + error.lineno - 1 if line else error.lineno
        expected = wanted(
            f"du JSON ; la lecture s'arrête à la ligne {at}, caractère {error.colno}",
            f"JSON; reading stops at line {at}, character {error.colno}",
        )
        return Fault(Place(at), Reason.INVALID_JSON, expected)
    except (ValueError, RecursionError):
        pass
    return Fault(Place(line), Reason.INVALID_JSON, wanted("du JSON en UTF-8, sans NaN", "JSON in UTF-8, without NaN"))
