"""The published facts, deduplicated, and the state that they add up to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.recount.reading import Refused, open_envelope, parse
from tests.recount.state import Anomaly, Answer, Assessment, DeadLetter, Pair, Placement, PublishedRecord, State

TOPICS = (
    "payer-affiliated",
    "person-registered",
    "registration-answered",
    "contribution-assessed",
    "contribution-received",
    "payment-held",
    "declaration-answered",
    "record-refused",
)


@dataclass(frozen=True)
class Fact:
    """One fact of ours; `known_at` is its knowledge time (DEF-015)."""

    topic: str
    key: str
    source: str
    event_id: str
    known_at: datetime
    body: dict[str, Any]


def facts_of(records: Sequence[PublishedRecord] | Sequence[Fact], faults: list[str] | None = None) -> list[Fact]:
    """Return the facts in the order of their topics, each (`ce_source`, `ce_id`) once; records of others left out.

    A fact that can't be read, or that says two things under one name, is written into `faults`, or raised without it.
    """
    broken: list[str] = []
    kept: dict[tuple[str, str], Fact] = {}
    ready = [record for record in records if isinstance(record, Fact)]
    for record in sorted((r for r in records if not isinstance(r, Fact) and r.topic in TOPICS), key=lambda r: r[:3]):
        try:
            envelope, value = open_envelope(record)
            body = parse(value)
        except (Refused, ValueError, TypeError) as fault:
            broken.append(f"unreadable fact at {record[:3]}: {fault!r}")
            continue
        if envelope.type != f"ml.recouvra.{record.topic}.v1":
            broken.append(f"fact at {record[:3]} has the type {envelope.type}")
        key = (record.key or b"").decode(errors="replace")
        fact = Fact(record.topic, key, envelope.source, envelope.event_id, envelope.at, body)
        first = kept.setdefault((fact.source, fact.event_id), fact)
        if first != fact:
            broken.append(f"two facts are named {fact.source} {fact.event_id}: {first} and {fact}")
    if broken and faults is None:
        raise ValueError("; ".join(broken))
    if faults is not None:
        faults.extend(broken)
    return ready or list(kept.values())


def fold(records: Sequence[PublishedRecord] | Sequence[Fact]) -> State:
    """Add the facts up to the state to compare with what the inbound records must give."""
    state = State()
    numbers: dict[tuple[str, str], str | None] = {}
    people: dict[str, str | None] = {}
    for fact in facts_of(records, state.faults):
        body = fact.body
        if fact.topic == "person-registered":
            people[body["insured_number"]] = body["payer_id"]
            check_number(body["insured_number"], state)
        elif fact.topic == "registration-answered":
            name = (body["payer_id"], body["request_id"])
            codes = [anomaly["code"] for anomaly in body["anomalies"]]
            refused = body["outcome"] in ("pending", "rejected")
            state.requests[name] = ":".join([body["outcome"], *codes]) if refused else "settled"
            numbers[name] = body["insured_number"]
        elif fact.topic in FOLDS:
            FOLDS[fact.topic](fact, state)
        check_key(fact, state)
    for name, number in numbers.items():
        if state.requests[name] == "settled":
            state.employers[name] = people.get(number or "", "(nobody registered)")
    state.people = len(people)
    return state


def fold_affiliation(fact: Fact, state: State) -> None:
    """The last affiliation of a payer holds."""
    names = ("payer_id", "payer_kind", "name", "territory_code", "filing_frequency", "affiliated_on", "closed_on")
    state.affiliations[fact.body["payer_id"]] = {name: fact.body[name] for name in names}


def fold_assessment(fact: Fact, state: State) -> None:
    """Add an assessment to its pair; a declaration has one."""
    body = fact.body
    name = (body["payer_id"], body["declaration_id"])
    values = [body[f] for f in Assessment.__dataclass_fields__]
    if name in state.assessments:
        state.faults.append(f"declaration {name} was assessed twice: {body}")
    assessment = state.assessments[name] = Assessment(*values)
    if assessment.assessed_xof != assessment.insured_share_xof + assessment.payer_share_xof:
        state.faults.append(f"the shares of {name} do not add up: {body}")
    pair = pair_of(fact, state)
    if pair.due_on not in (None, body["due_on"]):
        state.faults.append(f"{body['payer_id']} {body['period']} moved its due day: {body}")
    pair.due_on = pair.due_on or body["due_on"]
    pair.filed_on = min(filter(None, (pair.filed_on, body["filed_on"])))
    for field in ("assessed_xof", "insured_share_xof", "payer_share_xof", "line_count"):
        setattr(pair, field, getattr(pair, field) + body[field])


def pair_of(fact: Fact, state: State) -> Pair:
    """Return the pair of a fact, and see that it stays what it was first (DEF-033)."""
    body = fact.body
    fresh = Pair(body["payer_kind"], body["territory_code"], None)
    pair = state.pairs.setdefault((body["payer_id"], body["period"]), fresh)
    if (pair.payer_kind, pair.territory_code) != (body["payer_kind"], body["territory_code"]):
        state.faults.append(f"{body['payer_id']} {body['period']} changed its kind or territory: {body}")
    return pair


def placement_of(fact: Fact, state: State) -> Placement:
    """Return the placement of a payment, and see that its facts agree on value date and channel."""
    body = fact.body
    name = (body["payment_source"], body["payment_id"])
    placed = state.placements.setdefault(name, Placement(body["received_on"], body["channel"]))
    if (placed.paid_on, placed.channel) != (body["received_on"], body["channel"]):
        state.faults.append(f"payment {name} changed its value date or channel: {body}")
    return placed


def fold_receipt(fact: Fact, state: State) -> None:
    """Add money placed on a period."""
    name = (fact.body["payer_id"], fact.body["period"])
    pair_of(fact, state).received_xof += fact.body["received_xof"]
    received = placement_of(fact, state).received
    received[name] = received.get(name, 0) + fact.body["received_xof"]


def fold_holding(fact: Fact, state: State) -> None:
    """Add money held as a payer's credit or in suspense."""
    placed, body = placement_of(fact, state), fact.body
    if body["held_as"] == "suspense":
        placed.suspense_xof += body["held_xof"]
    else:
        placed.credit[body["payer_id"]] = placed.credit.get(body["payer_id"], 0) + body["held_xof"]


def fold_answer(fact: Fact, state: State) -> None:
    """The last answer of a declaration stands; it speaks French and English."""
    body = fact.body
    name = (body["payer_id"], body["declaration_id"])
    check_messages(f"answer to {name}", [a["message"] for a in body["anomalies"]], state)
    if state.answers.get(name, Answer("pending", "", 0, 0, 0, 0, None, ())).outcome != "pending":
        state.faults.append(f"declaration {name} was answered again after {state.answers[name].outcome}")
    anomalies = (Anomaly(*(a[field] for field in Anomaly._fields)) for a in body["anomalies"])
    state.answers[name] = Answer(
        body["outcome"],
        body["period"],
        body["lines_received"],
        body["lines_accepted"],
        body["lines_rejected"],
        body["assessed_xof"],
        body["due_on"],
        tuple(anomalies),
        body.get("anomalies_left") or 0,
    )


def fold_refusal(fact: Fact, state: State) -> None:
    """A record was set aside, once."""
    body = fact.body
    place = (body["topic"], body["partition"], body["offset"])
    if place in state.dead_letters:
        state.faults.append(f"{place} was refused twice")
    check_messages(f"refusal of {place}", [body["message"]], state)
    state.dead_letters[place] = DeadLetter(body["service"], body["reason"], body["source"], body["event_id"])


def check_messages(about: str, messages: Sequence[Mapping[str, str]], state: State) -> None:
    """See that each message says something in both languages."""
    for message in messages:
        if not (message.get("fr") and message.get("en")):
            state.faults.append(f"{about} has an empty message: {json.dumps(message)}")


def check_number(number: str, state: State) -> None:
    """See that an insured number carries its check key (DEF-014)."""
    if len(number) != 12 or not number.isdigit() or int(number[10:]) != 97 - int(number[:10]) % 97:
        state.faults.append(f"insured number {number} has a wrong check key")


def check_key(fact: Fact, state: State) -> None:
    """See that a fact travels under the key that events.md names."""
    if fact.topic == "record-refused":
        return  # the key of the record that was refused, whatever it was
    expected = fact.body["insured_number" if fact.topic == "person-registered" else "payer_id"]
    if expected is not None and fact.key != expected:
        state.faults.append(f"{fact.topic} {fact.event_id} has the key {fact.key!r}")


FOLDS: dict[str, Callable[[Fact, State], None]] = {
    "payer-affiliated": fold_affiliation,
    "contribution-assessed": fold_assessment,
    "contribution-received": fold_receipt,
    "payment-held": fold_holding,
    "declaration-answered": fold_answer,
    "record-refused": fold_refusal,
}
