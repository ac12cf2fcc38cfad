"""Who pays and who is insured, as registration must end up saying it (DEF-034, DEF-035)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from tests.recount.claims import Claims
from tests.recount.reading import Reading
from tests.recount.state import Key, State

AFFILIATION = ("payer_id", "payer_kind", "name", "territory_code", "filing_frequency", "affiliated_on", "closed_on")


def read_registrations(readings: Sequence[Reading], state: State) -> dict[str, list[Reading]]:
    """Fill in affiliations, requests, employers; return every affiliation that was ever asked for, by payer."""
    claims = Claims()
    asked: dict[str, list[Reading]] = defaultdict(list)
    hires: list[Reading] = []
    for reading in readings:
        topic, body = reading.record.topic, reading.body
        identity = (topic, body["payer_id"], body["request_id"])
        meeting = claims.meet(reading, identity)
        if meeting == "conflicting":
            state.dead_letters[reading.record[:3]] = reading.refused("conflicting-duplicate")
        elif meeting == "new":
            claims.claim(reading, identity)
            if topic == "affiliation-requested":
                asked[body["payer_id"]].append(reading)
            else:
                hires.append(reading)
    for payer_id, candidates in asked.items():
        holds = max(candidates, key=lambda r: (r.envelope.at, r.envelope.source.encode(), r.envelope.event_id.encode()))
        state.affiliations[payer_id] = {name: holds.body[name] for name in AFFILIATION}
    settle_hires(hires, state)
    return asked


def settle_hires(hires: Sequence[Reading], state: State) -> None:
    """Say how each request ends, and to which payer each person belongs (DEF-034)."""
    people: dict[str, list[Reading]] = defaultdict(list)
    for hire in hires:
        body = hire.body
        name: Key = (body["payer_id"], body["request_id"])
        latest = hire.envelope.at.date() + timedelta(days=31)
        if body["payer_id"] not in state.affiliations:
            state.requests[name] = "pending:unknown-payer"
        elif body["hired_on"] < body["person"]["birth_date"]:
            state.requests[name] = "rejected:hired-before-birth"
        elif date.fromisoformat(body["hired_on"]) > latest:
            state.requests[name] = "rejected:hire-in-future"
        else:
            state.requests[name] = "settled"
            people[body["person"]["nina"] or f"{name[0]}/{name[1]}"].append(hire)
    for requests in people.values():
        last = max(requests, key=lambda r: (r.body["hired_on"], r.body["payer_id"], r.body["request_id"]))
        for hire in requests:
            state.employers[(hire.body["payer_id"], hire.body["request_id"])] = last.body["payer_id"]
    state.people = len(people)
