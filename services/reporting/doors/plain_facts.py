"""Read the plain value of a fact of ours several times as fast as its contract does.

The contract (pydantic) stays what says what a fact is: whatever is not plain is read by it, and a test holds that what
is taken here is what the contract takes, to the same event and the same content. Plain is ASCII without an escape,
every field of the contract and no other: what our services publish. What a field may say is the contract's own schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from hashlib import blake2b
from typing import Annotated, Any, Literal

import msgspec

from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.event import Event
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.payment_held import PaymentHeld
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.reading import Plainly, Quick

_encode = msgspec.json.Encoder().encode


def _reader(event_class: type[Event], with_nulls: bool) -> Quick:
    """What reads the plain values of one event; those with a null too, where nothing but its field says if it may."""
    fields = event_class.model_json_schema()["properties"]
    plain = msgspec.defstruct(
        event_class.__name__,
        [(name, _type(said)) for name, said in fields.items()],
        forbid_unknown_fields=True,
        gc=False,
    )
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(plain).decode
    prefix = blake2b(event_class.event_type().encode() + b"\n", digest_size=16)
    names = set(fields)  # one for all: events are frozen

    def read_plainly(value: bytes) -> Plainly:
        """The event and its content (DEF-027); None where only the contract can tell."""
        if b"\\" in value or not value.isascii():
            return None
        try:
            said = msgspec.structs.asdict(decode(value))
        except (msgspec.MsgspecError, RecursionError):
            return None
        told = said
        if None in said.values():
            if not with_nulls:
                return None
            told = {name: one for name, one in said.items() if one is not None}
        hashed = prefix.copy()
        hashed.update(_encode(told))
        return _event(event_class, said, names), hashed.digest()

    return lambda values: [read_plainly(value) for value in values]


def _event(event_class: type[Event], said: dict[str, Any], names: set[str]) -> Event:
    """As `model_construct` makes one of all its fields, which takes as long as validating them."""
    event = event_class.__new__(event_class)
    object.__setattr__(event, "__dict__", said)
    object.__setattr__(event, "__pydantic_fields_set__", names)
    object.__setattr__(event, "__pydantic_extra__", None)
    object.__setattr__(event, "__pydantic_private__", None)
    return event


def _type(said: Mapping[str, Any]) -> Any:
    """The type of a field, of its JSON Schema; raises ValueError for one that is not flat."""
    if "anyOf" in said:
        return _type(said["anyOf"][0]) | None
    if "enum" in said:
        return Literal[tuple(said["enum"])]
    if said.get("format") == "date":
        return date
    if said["type"] == "integer":
        return Annotated[int, msgspec.Meta(ge=said["minimum"], le=said["maximum"])]
    if said["type"] == "string":
        # No newline is plain, so that a pattern's end is the text's, as it is for the contract.
        return Annotated[str, msgspec.Meta(pattern=said["pattern"], max_length=said.get("maxLength"))]
    raise ValueError(f"no flat field: {said}")


QUICKLY: Mapping[type[Event], Quick] = {
    ContributionAssessed: _reader(ContributionAssessed, with_nulls=False),
    ContributionReceived: _reader(ContributionReceived, with_nulls=False),
    PaymentHeld: _reader(PaymentHeld, with_nulls=False),  # without a payer it may be a credit, which has one
    PayerAffiliated: _reader(PayerAffiliated, with_nulls=True),
    PersonRegistered: _reader(PersonRegistered, with_nulls=True),
}
"""By event class, what reads its plain values."""
