"""How far the figures can be believed: complete up to when, what is not read yet, set aside, unreachable or broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.reporting.pages.writing import NONE, Lang, instant, number, span
from services.reporting.reports.freshness import UNREACHABLE

_LATE_SECONDS = 60
Freshness = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's row, as texts."""

    name: str
    last_fact_at: str
    lag_seconds: str
    lag_records: str
    dead_letters: str


def warnings(fresh: Freshness, now: datetime, lang: Lang) -> list[str]:
    """What a reader has to know before believing the figures; empty where everything is read and holds."""
    return [said[lang == "en"] for said in _warnings(fresh, now, lang)]


def _warnings(fresh: Freshness, now: datetime, lang: Lang) -> Iterator[tuple[str, str]]:
    late = 0.0
    if complete := fresh["complete_up_to"]:
        late = (now - datetime.fromisoformat(complete)).total_seconds()
    if late >= _LATE_SECONDS:
        told = span(late, lang)
        yield f"Les chiffres ont {told} de retard : un service est arrêté ou occupé.", f"The figures are {told} behind."
    lags = [topic["lag_records"] for topic in fresh["topics"] if topic["last_fact_at"] or topic["lag_records"]]
    if fresh["topics"] and all(topic["lag_records"] is None for topic in fresh["topics"]):
        yield "Kafka ne répond pas : ce qui reste à lire n'est pas connu.", "Kafka does not answer: the lag is unknown."
    elif unread := sum(lag or 0 for lag in lags):
        yield f"Messages à lire : {number(unread)}.", f"Records still to read: {number(unread)}."
    if away := [name for name, told in fresh["verified"].items() if told == UNREACHABLE]:
        names = ", ".join(away)
        yield f"Service injoignable : {names}.", f"Unreachable service: {names}."
    for name, told in fresh["verified"].items():
        if told != UNREACHABLE and told["broken"]:
            broken = ", ".join(told["broken"])
            yield (
                f"Des contrôles de {name} échouent ({broken}) : prévenez l'administrateur avant de les employer.",
                f"Checks of {name} fail ({broken}): tell the administrator before using them.",
            )
    if any(topic["dead_letters"] is None for topic in fresh["topics"]):
        yield (
            "Ce qui est mis de côté n'est pas connu : l'adresse d'autres services manque.",
            "What is set aside is not known: addresses of other services are lacking.",
        )
    for name, told in fresh["verified"].items():
        if told != UNREACHABLE and (told["at"] is None or told["unchecked"]):
            yield f"{name} n'a pas tout contrôlé encore.", f"{name} has not checked everything yet."
    counts = [topic["dead_letters"] for topic in fresh["topics"]]
    if waiting := sum(count for count in counts if isinstance(count, int)):
        told = number(waiting)
        yield f"Enregistrements mis de côté, à traiter : {told}.", f"Records set aside, to be dealt with: {told}."


def topics(fresh: Freshness, lang: Lang) -> Sequence[Topic]:
    """A row for each topic."""
    return [_topic(topic, lang) for topic in fresh["topics"]]


def _topic(topic: Mapping[str, Any], lang: Lang) -> Topic:
    at, lag, letters = topic["last_fact_at"], topic["lag_seconds"], topic["dead_letters"]
    if letters == UNREACHABLE:
        letters = ("injoignable", "unreachable")[lang == "en"]
    return Topic(
        topic["topic"],
        NONE if at is None else instant(at, lang),
        NONE if lag is None else span(lag, lang),
        _counted(topic["lag_records"]),
        _counted(letters),
    )


def _counted(value: int | str | None) -> str:
    if value is None:
        return NONE
    return value if isinstance(value, str) else number(value)


def checks(fresh: Freshness, lang: Lang) -> Iterator[tuple[str, str, str]]:
    """By service: when its invariants were last checked, and which of them do not hold."""
    for name, told in fresh["verified"].items():
        if told == UNREACHABLE:
            yield name, ("injoignable", "unreachable")[lang == "en"], NONE
        else:
            at = NONE if told["at"] is None else instant(told["at"], lang)
            yield name, at, ", ".join([*told["broken"], *(f"{one} ?" for one in told["unchecked"])]) or "✓"
