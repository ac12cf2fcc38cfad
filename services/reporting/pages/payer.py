"""One payer's page: its periods and, where one of them is asked for, the facts behind it and the law's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.reporting.pages.links import Here
from services.reporting.pages.table import Line, Table, cell, columns_of
from services.reporting.pages.writing import number, percent, written

_PERIOD = ("period", "assessed_xof", "received_xof", "outstanding_xof", "due_on", "filed_on", "paid_on")
_MOST_FACTS = 50
_MOST_PERIODS = 36
_LAW = {
    "insured_rate": ("part de l'assuré", "insured's rate"),
    "payer_rate": ("part du cotisant", "payer's rate"),
    "floor_xof": ("assiette au moins", "base at least"),
    "classes": ("assiettes par classe de revenu", "bases by class of income"),
    "day_of_month": ("échéance : jour du mois suivant", "due day of the month that follows"),
    "moves_to_working_day": ("reportée au jour ouvré", "moved to a working day"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact as it is shown: what it is, its amount, what tells it apart."""

    topic: str
    rule: str
    event_id: str
    known_at: str
    amount: str
    about: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The latest of some facts, in order of knowledge, and how many earlier ones there are."""

    latest: Sequence[Fact]
    left: int


@dataclass(frozen=True, slots=True)
class Account:
    """A payer's answer as it is shown; `earlier` leads to the periods before those that are."""

    periods: Table
    earlier: str | None
    facts: Facts | None
    credit: Facts
    law: Sequence[tuple[str, str, str]]


def account(answer: Mapping[str, Any], here: Here) -> Account:
    """The page of a payer; facts are shown of one period, since a year of them is no page."""
    periods = answer["periods"][-_MOST_PERIODS:]
    before = answer["periods"][: -len(periods)] if periods else ()
    lines = [
        Line(
            [cell(name, period[name], here.lang) for name in _PERIOD],
            here.payer(answer["payer_id"], period["period"]) + "#facts",
        )
        for period in periods
    ]
    one = periods[0] if len(periods) == 1 else None
    return Account(
        Table(columns_of(_PERIOD, here.lang), lines, None),
        here.again(period_to=before[-1]["period"], as_of=here.as_of) if before else None,
        None if one is None else _facts(one["facts"], here),
        _facts(answer["credit_facts"], here),
        [] if one is None else [_ground(row, here) for row in one["law"]],
    )


def _facts(facts: Sequence[Mapping[str, Any]], here: Here) -> Facts:
    return Facts([_fact(fact, here) for fact in facts[-_MOST_FACTS:]], max(0, len(facts) - _MOST_FACTS))


def _fact(fact: Mapping[str, Any], here: Here) -> Fact:
    told = {name: fact.get(name) for name in ("basis", "declaration_id", "payment_id", "channel", "received_on")}
    about = " · ".join(written(name, value, here.lang) for name, value in told.items() if value is not None)
    known_at, amount = (written(name, fact[name], here.lang) for name in ("known_at", "amount_xof"))
    return Fact(fact["topic"], fact["rule"], str(fact["event_id"]), known_at, amount, about)


def _ground(row: Mapping[str, Any], here: Here) -> tuple[str, str, str]:
    """A row of the law: its source, since when it holds, what it says."""
    said = [f"{_LAW[name][here.lang == 'en']} : {_value(name, row[name], here)}" for name in _LAW if name in row]
    return row["source"], written("starts_on", row["starts_on"], here.lang), " · ".join(said)


def _value(name: str, value: Any, here: Here) -> str:
    match value:
        case bool():
            return (("non", "no"), ("oui", "yes"))[value][here.lang == "en"]
        case list():
            return ", ".join(number(one["base_xof"]) for one in value)
        case str():
            return percent(value, here.lang)
    return number(value)
