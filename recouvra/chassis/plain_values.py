"""Read the plain values of a flat event several times as fast as its contract does.

The contract (pydantic) stays what says what an event is: whatever is not plain is read by it, and a test of each event
holds that what is taken here is what the contract takes, to the same event and the same content. Plain is ASCII without
an escape and without a field that the contract does not know. What a field may say is the contract's own schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from hashlib import blake2b
from typing import Annotated, Any, Literal

import msgspec

from recouvra.contracts.event import Event
from recouvra.contracts.reading import Plainly, Quick

_encode = msgspec.json.Encoder().encode


def plain_values(event_class: type[Event], fits: Callable[[Any], bool] | None = None) -> Quick:
    """What reads the plain values of one event.

    Args:
        fits: whether fields that each may say what they say fit together, where the contract asks for it; values of
            which it says no are left to the contract.

    Raises:
        ValueError: the contract has fields that are not flat, or a rule of its own, of which nothing is said here.
    """
    rules = event_class.__pydantic_decorators__
    if rules.field_validators or (rules.model_validators and fits is None):
        raise ValueError(f"{event_class.__name__} has rules of its own: fields that have to fit together")
    plain = msgspec.defstruct(
        event_class.__name__,
        [_field(name, said) for name, said in event_class.model_json_schema()["properties"].items()],
        forbid_unknown_fields=True,
        kw_only=True,
        gc=False,
    )
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(plain).decode
    prefix = blake2b(event_class.event_type().encode() + b"\n", digest_size=16)

    def read(value: bytes) -> Plainly:
        if b"\\" in value or not value.isascii():
            return None
        try:
            plainly = decode(value)
        except (msgspec.MsgspecError, RecursionError):
            return None
        if fits is not None and not fits(plainly):
            return None
        said = msgspec.structs.asdict(plainly)
        told = {name: one for name, one in said.items() if one is not None} if None in said.values() else said
        hashed = prefix.copy()
        hashed.update(_encode(told))
        return event_class.certain(**said), hashed.digest()

    return lambda values: [read(value) for value in values]


def _field(name: str, said: Mapping[str, Any]) -> tuple[str, Any] | tuple[str, Any, None]:
    """A field as msgspec has it, by its JSON Schema; one that may be absent is null then."""
    if "default" not in said:
        return name, _type(said)
    if said["default"] is not None:
        raise ValueError(f"no null, but absent: {said}")
    return name, _type(said), None


_KEYWORDS = {"title", "description", "default", "anyOf", "enum", "type", "format", "pattern", "maxLength"}
_KEYWORDS |= {"minimum", "exclusiveMinimum", "maximum"}


def _type(said: Mapping[str, Any]) -> Any:
    if unknown := said.keys() - _KEYWORDS:
        raise ValueError(f"no flat field, by its {', '.join(sorted(unknown))}: {said}")
    if "anyOf" in said:
        return _type(said["anyOf"][0]) | None
    if "enum" in said:
        return Literal[tuple(said["enum"])]
    if said.get("format") == "date":
        return date
    if said.get("type") == "integer" and "maximum" in said and said.keys() & {"minimum", "exclusiveMinimum"}:
        least = {"ge": said["minimum"]} if "minimum" in said else {"gt": said["exclusiveMinimum"]}
        return Annotated[int, msgspec.Meta(le=said["maximum"], **least)]
    if said.get("type") == "string":
        # No newline is plain, so that a pattern's end is the text's, as it is for the contract.
        return Annotated[str, msgspec.Meta(pattern=said["pattern"], max_length=said.get("maxLength"))]
    raise ValueError(f"no flat field: {said}")
