"""The state that the published facts add up to, and what is wrong with them whatever was read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.recount.facts import Fact, facts_of
from tests.recount.state import (
    Anomaly,
    Answer,
    Assessment,
    DeadLetter,
    Form,
    Key,
    Pair,
    Person,
    Placement,
    PublishedRecord,
    Request,
    State,
)


def fold(records: Sequence[PublishedRecord] | Sequence[Fact]) -> State:
    """Add the facts up to the state to compare with what the inbound records must give."""
    state, facts = State(), []
    for fact in facts_of(records, state.faults):
        facts.append(fact)
        if fact.topic in FOLDS:
            FOLDS[fact.topic](fact, state)
        check_key(fact, state)
    fold_people(facts, state)
    return state


def fold_people(facts: Sequence[Fact], state: State) -> None:
    """Bring persons and the hires that are theirs together by their numbers."""
    asked_by: dict[str, set[Key]] = defaultdict(set)
    for name, number in {
        (fact.body["payer_id"], fact.body["request_id"]): fact.body["insured_number"]
        for fact in facts
        if fact.topic == "registration-answered"
    }.items():
        if (number is not None) != (state.requests[name].outcome not in ("pending", "rejected")):
            state.faults.append(f"hire {name} was answered {state.requests[name].outcome} with the number {number}")
        if number is not None:
            asked_by[number].add(name)
    registered_on: dict[str, str] = {}
    told = [fact for fact in facts if fact.topic == "person-registered"]
    for fact in told:
        body, number = fact.body, fact.body["insured_number"]
        check_number(number, state)
        first = registered_on.setdefault(number, fact.known_at.date().isoformat())
        if (first, "insured", None, None) != tuple(
            body[name] for name in ("registered_on", "role", "principal_number", "relationship")
        ):
            state.faults.append(f"person {number} is told wrongly: {body}")
        owners = asked_by.get(number, {(number, "(hired by nobody)")})
        state.persons[frozenset(owners)] = Person(*(body[name] for name in Person.__dataclass_fields__))
    for number in asked_by.keys() - {fact.body["insured_number"] for fact in told}:
        state.faults.append(f"hires {sorted(asked_by[number])} were given the number {number} of nobody")


def fold_request(fact: Fact, state: State) -> None:
    """The last answer to a hire stands; only `pending` is followed by another."""
    body = fact.body
    name = (body["payer_id"], body["request_id"])
    check_messages(f"answer to hire {name}", [a["message"] for a in body["anomalies"]], state)
    if name in state.requests and state.requests[name].outcome != "pending":
        state.faults.append(f"hire {name} was answered again after {state.requests[name].outcome}")
    anomalies = tuple(Anomaly(None, *(a[field] for field in Anomaly._fields[1:])) for a in body["anomalies"])
    state.requests[name] = Request(body["outcome"], anomalies)
    keep_pending("hire", name, state.requests[name], state)


def fold_form(fact: Fact, state: State) -> None:
    """Add one adjudication to those of its serial; it is dated by its knowledge time (DEF-032)."""
    body = fact.body
    told: dict[str, Any] = {name: body[name] for name in Form.__dataclass_fields__}
    told |= {name: tuple(told[name]) for name in ("reasons", "review_flags")}
    state.forms[body["form_serial"]] = (*state.forms.get(body["form_serial"], ()), Form(**told))
    if body["liquidated_on"] != fact.known_at.date().isoformat():
        state.faults.append(f"form {body['form_serial']} of {fact.known_at} is dated {body['liquidated_on']}")


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
        if placed.sent_as not in (None, sent_as := (fact.key, body["payer_id"])):
            state.faults.append(f"payment {body['payment_id']} changed its key or payer in suspense: {body}")
        placed.sent_as = sent_as
    else:
        placed.credit[body["payer_id"]] = placed.credit.get(body["payer_id"], 0) + body["held_xof"]
        if body["held_as"] != "credit":
            state.faults.append(f"payment {body['payment_id']} is held as nothing that there is: {body}")


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
    keep_pending("declaration", name, state.answers[name], state)
    # Cut in proportion to their size, so that with uneven ones not every byte is used.
    size, sent = len(json.dumps(body, ensure_ascii=False).encode()), len(body["anomalies"])
    if state.answers[name].anomalies_left and sent < 1_000 and size * (sent + 1) < 400_000 * max(sent, 1):
        state.faults.append(f"of the anomalies of {name} only {len(body['anomalies'])} travel")


def keep_pending(kind: str, name: Key, told: Answer | Request, state: State) -> None:
    """Keep what was told first of two answers; it is told once."""
    if told.outcome == "pending":
        if (kind, name) in state.pending:
            state.faults.append(f"{kind} {name} was told twice that it is pending")
        state.pending[kind, name] = told


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
    expected = fact.body["insured_number" if fact.topic in ("person-registered", "form-liquidated") else "payer_id"]
    if expected is not None and fact.key != expected:
        state.faults.append(f"{fact.topic} {fact.event_id} has the key {fact.key!r}")


FOLDS: dict[str, Callable[[Fact, State], None]] = {
    "payer-affiliated": fold_affiliation,
    "registration-answered": fold_request,
    "form-liquidated": fold_form,
    "contribution-assessed": fold_assessment,
    "contribution-received": fold_receipt,
    "payment-held": fold_holding,
    "declaration-answered": fold_answer,
    "record-refused": fold_refusal,
}
