"""A JSON Schema as a table of its fields: what each is called and takes, whether it must be there, what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from recouvra.contracts.pages.frame import Said, both, table

Schema = Mapping[str, Any]
Translated = Callable[[str], Said]

_HEADINGS = ("champ / field", "valeur / value", "sens / meaning")
_MUST = '<span class="must" title="requis / required">●</span>'
_DEEPEST = 4


def fields_table(schema: Schema, schemas: Mapping[str, Schema], said: Translated, *, linked: bool = False) -> str:
    """The fields of an object, those of the objects in it behind; `linked`: other schemas are pointed to instead."""
    rows = [
        (
            f"<code>{escape(name)}</code> {_MUST if required else ''}",
            kind(field, schemas, linked=linked),
            _meaning(field, said),
        )
        for name, field, required in _fields(schema, schemas, "", 0, linked)
    ]
    return table(_HEADINGS, rows) if rows else ""


def _fields(
    schema: Schema, schemas: Mapping[str, Schema], within: str, depth: int, linked: bool
) -> Iterator[tuple[str, Schema, bool]]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        path = f"{within}{name}"
        yield path, field, name in required
        inner, many = _inner(field, schemas)
        if inner is not None and not linked and depth < _DEEPEST:
            yield from _fields(inner, schemas, f"{path}{'[]' if many else ''}.", depth + 1, linked)


def _inner(field: Schema, schemas: Mapping[str, Schema]) -> tuple[Schema | None, bool]:
    """The object that a field is, or that each of its items is."""
    for one in field.get("anyOf", (field,)):
        many = one.get("type") == "array"
        found = _resolved(one.get("items", {}) if many else one, schemas)
        if "properties" in found:
            return found, many
    return None, False


def _resolved(schema: Schema, schemas: Mapping[str, Schema]) -> Schema:
    name = _named(schema)
    return schemas.get(name, {}) if name else schema


def _named(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _meaning(field: Schema, said: Translated) -> str:
    description = field.get("description", "")
    return both(said(description)) if description else ""


def kind(schema: Schema, schemas: Mapping[str, Schema], *, linked: bool = True) -> str:
    """What a value is and its bounds, as HTML; `linked`: a schema of its own is pointed to."""
    limits = ", ".join(dict.fromkeys(_limits(schema, schemas)))
    return _type(schema, schemas, linked) + (f'<span class="limit">{limits}</span>' if limits else "")


def _type(schema: Schema, schemas: Mapping[str, Schema], linked: bool) -> str:
    if choices := _choices(schema):
        return " | ".join(dict.fromkeys(_type(one, schemas, linked) for one in choices))
    if name := _named(schema):
        found = schemas.get(name, {})
        if "enum" in found or not linked:
            return _type(found, schemas, linked)
        return f'<a href="#{escape(name)}">{escape(name)}</a>'
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}), schemas, linked)}, …]"
    return f"<code>{escape(str(schema.get('format', schema.get('type', '…'))))}</code>"


def _choices(schema: Schema) -> Sequence[Schema]:
    return schema.get("anyOf") or schema.get("oneOf") or ()


def _limits(schema: Schema, schemas: Mapping[str, Schema]) -> Iterator[str]:
    """The bounds of a value, each where it has one."""
    for one in _choices(schema):
        yield from _limits(one, schemas)
    if schema.get("type") == "array":
        yield from _limits(schema.get("items", {}), schemas)
    yield from _between(schema.get("minimum"), schema.get("maximum"), "")
    yield from _between(schema.get("minLength"), schema.get("maxLength"), " signes / characters")
    yield from _between(schema.get("minItems"), schema.get("maxItems"), " éléments / items")
    if "exclusiveMinimum" in schema:
        yield f"&gt; {_number(schema['exclusiveMinimum'])}"
    if "pattern" in schema and "format" not in schema:
        yield f"<code>{escape(schema['pattern'])}</code>"
    if schema.get("default") is not None:
        yield f"sinon / else <code>{escape(str(schema['default']))}</code>"


def _between(low: float | None, high: float | None, unit: str) -> Iterator[str]:
    if low is not None and high is not None:
        yield f"{_number(low)} … {_number(high)}{unit}"
    elif low is not None:
        yield f"≥ {_number(low)}{unit}"
    elif high is not None:
        yield f"≤ {_number(high)}{unit}"


def _number(value: float) -> str:
    return f"{value:,}".replace(",", "\u202f").replace("-", "−")
