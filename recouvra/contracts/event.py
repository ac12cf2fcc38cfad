"""The base of every event, and the field types that events share.

A contract is strict (no coercion), frozen, and ignores the fields that it does not know, so that a publisher may add
some. Fields stand in the order in which they travel: the content hash depends on it (see `Event.content`).
"""

import re
from datetime import date
from functools import cache
from hashlib import blake2b
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError, to_json

IDENTIFIER_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
TEXT_PATTERN = r"^[^\u0000]*$"
PERIOD_PATTERN = r"^(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])$"
DAY_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DAY = re.compile(DAY_PATTERN)


def _calendar_day(value: object) -> object:
    """Read `YYYY-MM-DD` and nothing else: pydantic alone would take "1577836800" for a date too."""
    if not isinstance(value, str):
        return value
    if _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("calendar_day", "a calendar day written YYYY-MM-DD")


Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]
"""1–64 of `[A-Za-z0-9._:-]`, a letter or a digit first, compared byte for byte."""

Text = Annotated[str, StringConstraints(pattern=TEXT_PATTERN)]
"""Free text without U+0000, which PostgreSQL cannot hold (pydantic itself refuses unpaired surrogates)."""

Period = Annotated[str, StringConstraints(pattern=PERIOD_PATTERN)]
"""A calendar month `YYYY-MM`, of the years 0001 to 9999, which are those that a date can have."""

Day = Annotated[
    date,
    BeforeValidator(_calendar_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": DAY_PATTERN}),
]
"""A calendar day `YYYY-MM-DD`."""

Reference = Annotated[Text, StringConstraints(max_length=600)]
"""Free text that is a record's key: short enough for a database to index, in whatever alphabet."""

Name = Annotated[Text, StringConstraints(max_length=1000)]
"""A name of a payer or a person: short enough that a fact which repeats it can travel."""

TerritoryCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}([0-9]{2}([0-9]{3})?)?$")]
"""Region (2 digits), cercle (4) or commune (7)."""

Xof = Annotated[int, Field(ge=-(10**12), le=10**12)]
"""An amount that upstream reports, in whole francs."""

TotalXof = Annotated[int, Field(ge=-(10**15), le=10**15)]
"""A total that upstream reports, in whole francs."""

FactXof = Annotated[int, Field(ge=-(10**18), le=10**18)]
"""An amount of our own facts, in whole francs: wide enough for any sum of what upstream may report."""

Count = Annotated[int, Field(ge=0, le=10**15)]
"""A number of things."""

LineNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""A line's number, from 1; no rule bounds it, storage does (int4)."""

PayerKind = Literal["state", "local_authority", "private_employer", "pension_body", "self_employed"]
FilingFrequency = Literal["monthly", "quarterly"]
Category = Literal["civil_servant", "military", "worker", "pensioner", "voluntary"]
Sex = Literal["F", "M"]
Channel = Literal["treasury", "bank", "mobile_money", "cash", "cheque"]
ProviderKind = Literal["cscom", "csref", "hospital", "clinic", "pharmacy", "laboratory"]
CareKind = Literal["ambulatory", "hospital"]


class Contract(BaseModel):
    """A JSON object of the published language, strict and frozen; unknown fields are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


@cache
def _all_fields(contract: type[Contract]) -> set[str]:
    """The names that are set where all are, one set for all who share it: who is frozen adds none."""
    return set(contract.model_fields)


class Event(Contract):
    """What a record's value says, once it is read."""

    topic: ClassVar[str]
    key_fields: ClassVar[tuple[str, ...]]
    """The first of these fields that is not null is the record's key."""

    @classmethod
    def event_type(cls) -> str:
        """The CloudEvents `ce_type`, as `ml.recouvra.payroll-declared.v1`."""
        return f"ml.recouvra.{cls.topic}.v1"

    @classmethod
    def certain(cls, **said: Any) -> Self:
        """An event of values that are known to fit: a quick reader's, or our own rules'. Every field, all in order.

        Nothing is validated, which is most of what a small event costs; tests hold that it is what the contract makes.
        """
        event = cls.__new__(cls)
        put = object.__setattr__  # an event is frozen
        put(event, "__dict__", said)
        put(event, "__pydantic_fields_set__", _all_fields(cls))
        put(event, "__pydantic_extra__", None)
        put(event, "__pydantic_private__", None)
        return event

    @property
    def named_key(self) -> str | None:
        """The record's key as far as the value tells it; None where only the publisher knows it."""
        for name in self.key_fields:
            value: str | None = getattr(self, name)
            if value is not None:
                return value
        return None

    @property
    def key(self) -> str:
        """The record's key.

        Raises LookupError for a payment held without a payer, and for a refused record: they travel under the key of
        the record that caused them, which their value does not hold.
        """
        key = self.named_key
        if key is None:
            raise LookupError(f"{self.topic} does not tell its key")
        return key

    def to_json(self) -> bytes:
        """Write the value as it travels: compact UTF-8 JSON, nulls written."""
        return to_json(self)

    def content(self) -> bytes:
        """Hash what the event says, 16 bytes: equal for equal content, whatever the bytes that carried it.

        Type and known fields in the model's order; a null is left out, so that an absent field equals a null one and a
        hash that is stored stays true when a version adds optional fields. Source: DEF-027.
        """
        said = to_json(self, exclude_none=True)
        return blake2b(self.event_type().encode() + b"\n" + said, digest_size=16).digest()
