"""JSON values that fit a published schema, drawn so that records meet: few payers, few numbers, dates near each other.

The source of chance is a `Random`: hypothesis gives one that it can shrink, the long run one with a seed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from recouvra.contracts.event import DAY_PATTERN, IDENTIFIER_PATTERN, PERIOD_PATTERN, TEXT_PATTERN
from recouvra.contracts.json_schema import event_schema
from recouvra.contracts.topics import EVENTS

SCHEMAS = {topic: event_schema(event) for topic, event in EVENTS.items()}
_TERRITORY = r"^[0-9]{2}([0-9]{2}([0-9]{3})?)?$"
_NINA = r"^[0-9]{14}[A-Z]$"
_ALPHABET = [
    "a",
    "Z",
    "é",
    " ",
    "'",
    '"',
    "\\",
    "/",
    "\n",
    "\t",
    "\x01",
    "\x7f",
    "\u2028",
    "\ufeff",
    "٣",
    "𝔄",
    "%",
    "<",
]
_ODD_DAYS = ["0001-01-01", "0004-02-29", "1582-10-10", "1899-12-31", "2000-02-29", "2100-12-31", "9999-12-31"]
_ODD_PERIODS = ["0001-01", "0999-12", "1999-12", "2010-10", "2010-11", "2099-12", "9999-12"]


@dataclass
class World:
    """Who and what the records are about.

    Attributes:
        window: which few payers are spoken of now; a long run moves on, so that no account grows without end.
        insured: numbers that registration has given, where somebody listens to its facts.
        said: what was published lately, to be said again.
    """

    window: int = 0
    insured: deque[str] = field(default_factory=lambda: deque(maxlen=200))
    said: deque[Any] = field(default_factory=lambda: deque(maxlen=200))

    def identifier(self, name: str, chance: Random) -> str:
        """An identifier for a field of this name."""
        if chance.random() < 0.02:
            return chance.choice(["0", "x" * 64, "A:._-", "a" * 63 + ".", f"Z{chance.randrange(10**9)}"])
        if name in ("insured_number", "principal_number") and self.insured and chance.random() < 0.7:
            return chance.choice(self.insured)
        kind, count = _FEW.get(name, ("X", 50))
        return f"{kind}{self.window}-{chance.randrange(count)}"


# How many different ones: few enough that records of one window meet.
_FEW = {
    "payer_id": ("P", 12),
    "declaration_id": ("D", 25),
    "replaces": ("D", 25),
    "payment_id": ("V", 60),
    "reverses": ("V", 60),
    "request_id": ("R", 60),
    "form_serial": ("F", 200),
    "insured_number": ("N", 30),
}


def fitting(topic: str, world: World, chance: Random) -> dict[str, Any]:
    """A value that fits the schema of a topic's event, and is mostly sensible."""
    schema = SCHEMAS[topic]
    value: dict[str, Any] = _made("", schema, schema.get("$defs", {}), world, chance)
    if topic == "payroll-declared":
        _sum_up(value, chance)
    if topic == "payment-reported" and value.get("payer_id") is None and value.get("reference") is None:
        value["reference"] = _text("reference", {"maxLength": 600}, chance)
    if topic == "payment-held" and value.get("payer_id") is None:
        value["held_as"] = "suspense"
    return value


def _made(name: str, schema: dict[str, Any], definitions: dict[str, Any], world: World, chance: Random) -> Any:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "properties" in schema:
        # What is null may be left out; a field that is required and null is written.
        made = {key: _made(key, of, definitions, world, chance) for key, of in schema["properties"].items()}
        required = schema.get("required", ())
        return {
            key: value for key, value in made.items() if key in required or value is not None or chance.random() < 0.5
        }
    if "anyOf" in schema:
        rare = {"replaces": 0.15, "reverses": 0.15, "closed_on": 0.2}.get(name, 0.6)
        wanted = [one for one in schema["anyOf"] if (one.get("type") == "null") != (chance.random() < rare)]
        return _made(name, chance.choice(wanted or schema["anyOf"]), definitions, world, chance)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    return _KINDS[schema["type"]](name, schema, definitions, world, chance)


def _array(name: str, schema: dict[str, Any], definitions: dict[str, Any], world: World, chance: Random) -> Any:
    count = max(chance.choice([0, 1, 1, 2, 3, 5]), schema.get("minItems", 0))
    made = [_made(name, schema["items"], definitions, world, chance) for _ in range(count)]
    if chance.random() < 0.003:
        made = (made * 1_000)[: schema.get("maxItems", 1_000)]
    for number, one in enumerate(made, 1):
        if isinstance(one, dict) and "line_no" in one and chance.random() < 0.95:
            one["line_no"] = number
    return made


def _integer(name: str, schema: dict[str, Any], _: Any, world: World, chance: Random) -> int:
    least = schema.get("minimum", schema.get("exclusiveMinimum", -(10**9)) + 1)
    most = schema.get("maximum", 10**9)
    if name in ("part", "parts") and chance.random() < 0.97:
        return 1
    drawn = chance.random()
    if drawn < 0.05:
        return int(chance.choice([least, most]))
    if drawn < 0.15:
        return int(min(max(chance.choice([0, 1, 9, 39_999, 40_000]), least), most))
    return chance.randint(max(least, 1), min(most, 1_000_000))


def _string(name: str, schema: dict[str, Any], _: Any, world: World, chance: Random) -> str:
    pattern = str(schema.get("pattern"))
    if pattern == IDENTIFIER_PATTERN:
        return world.identifier(name, chance)
    return _WRITTEN[pattern](name, schema, chance)


def _day(name: str, _: Any, chance: Random) -> str:
    if chance.random() < 0.05:
        return chance.choice(_ODD_DAYS)
    first, days = (date(1960, 1, 1), 15_000) if name == "birth_date" else (date(2025, 1, 1), 540)
    return (first + timedelta(chance.randrange(days))).isoformat()


def _period(_: str, __: Any, chance: Random) -> str:
    if chance.random() < 0.05:
        return chance.choice(_ODD_PERIODS)
    return f"{chance.choice([2025, 2026])}-{chance.randint(1, 12):02}"


def _text(name: str, schema: dict[str, Any], chance: Random) -> str:
    if name == "reference" and chance.random() < 0.7:
        return f"virement {chance.randrange(20)}"
    length = chance.choice([0, 1, 3, 12, 40])
    if chance.random() < 0.01:
        return chance.choice(_ALPHABET) * int(schema.get("maxLength", 5_000))
    return "".join(chance.choice(_ALPHABET) for _ in range(length))


def _territory(_: str, __: Any, chance: Random) -> str:
    return chance.choice(["01", "0101", "0101001", "09", "99", "0000000"])


def _nina(_: str, __: Any, chance: Random) -> str:
    return f"{chance.randrange(10**14 if chance.random() < 0.5 else 40):014}A"


Written = Callable[[str, dict[str, Any], Random], str]
# A pattern that is not here fails loudly: whoever adds one to a contract says here how to draw it.
_WRITTEN: dict[str, Written] = {
    DAY_PATTERN: _day,
    PERIOD_PATTERN: _period,
    TEXT_PATTERN: _text,
    _TERRITORY: _territory,
    _NINA: _nina,
}
_KINDS: dict[str, Callable[..., Any]] = {
    "array": _array,
    "integer": _integer,
    "string": _string,
    "null": lambda *_: None,
}


def _sum_up(value: dict[str, Any], chance: Random) -> None:
    """Makes parts and totals mostly agree with the lines: else every declaration would be refused whole."""
    value["part"] = min(value["part"], value["parts"])
    if chance.random() < 0.85:
        bases = [line["base_xof"] for line in value["lines"]]
        value["totals"] = {"lines": len(bases), "base_xof": sum(bases)}
