"""Who pays and who is insured, as registration must end up saying it (DEF-034, DEF-035)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from tests.recount.acts import set_aside
from tests.recount.answering import answers_of, likeness
from tests.recount.claims import Claims
from tests.recount.reading import Reading
from tests.recount.state import Anomaly, Key, Person, Request, State

AFFILIATION = ("payer_id", "payer_kind", "name", "territory_code", "filing_frequency", "affiliated_on", "closed_on")
Asked = Mapping[str, Sequence[Reading]]


def read_registrations(readings: Sequence[Reading], told: State, state: State) -> Asked:
    """Fill in affiliations, requests, persons; return every affiliation that was ever asked for, by payer.

    What the order decides is taken from `told`, what the facts say, where some order gives it.
    """
    claims = Claims()
    asked: dict[str, list[Reading]] = defaultdict(list)
    hires: list[Reading] = []
    for reading in readings:
        meeting = claims.meet(reading)
        if meeting == "conflicting":
            set_aside(reading, state)
        elif meeting == "new":
            claims.claim(reading)
            if reading.record.topic == "affiliation-requested":
                asked[reading.body["payer_id"]].append(reading)
            else:
                hires.append(reading)
    for payer_id, candidates in asked.items():
        holds = max(candidates, key=rank_of)
        state.affiliations[payer_id] = {name: holds.body[name] for name in AFFILIATION}
    settle_hires(hires, asked, told, state)
    return asked


def rank_of(said: Reading) -> tuple[datetime, bytes, bytes]:
    """Return what decides which of several records about a payer holds (DEF-035)."""
    return said.envelope.at, said.envelope.source.encode(), said.envelope.event_id.encode()


def name_of(hire: Reading) -> Key:
    """Return (payer, request), which names a hire for ever (DEF-027)."""
    return hire.body["payer_id"], hire.body["request_id"]


def settle_hires(hires: Sequence[Reading], asked: Asked, told: State, state: State) -> None:
    """Say how each request ends, and to which payer each person belongs (DEF-034)."""
    settled: list[Reading] = []
    for hire in hires:
        payer_id = hire.body["payer_id"]
        pending = Request("pending", (Anomaly(None, "unknown-payer", "/payer_id", payer_id, None),))
        state.pending["hire", name_of(hire)] = pending
        if payer_id not in asked:
            state.requests[name_of(hire)] = pending
        elif anomalies := faults(hire):
            state.requests[name_of(hire)] = Request("rejected", anomalies)
        else:
            settled.append(hire)
    for together in linked(settled):
        state.requests |= answers_of(together, told.requests)
    people: dict[str | Key, list[Reading]] = defaultdict(list)
    for hire in settled:
        people[hire.body["person"]["nina"] or name_of(hire)].append(hire)
    for theirs in people.values():
        last = max(theirs, key=lambda r: (r.body["hired_on"], r.body["payer_id"], r.body["request_id"]))
        names = frozenset(map(name_of, theirs))
        state.persons[names] = person(last, asked[last.body["payer_id"]], told.persons.get(names), state)


def faults(hire: Reading) -> tuple[Anomaly, ...]:
    """Return why a hire of a known payer is rejected; a birth date is personal and stands in no answer."""
    hired_on, found = hire.body["hired_on"], []
    latest = (hire.envelope.at.date() + timedelta(days=31)).isoformat()
    if hired_on < hire.body["person"]["birth_date"]:
        found.append(Anomaly(None, "hired-before-birth", "/hired_on", hired_on, None))
    if date.fromisoformat(hired_on) > date.fromisoformat(latest):
        found.append(Anomaly(None, "hire-in-future", "/hired_on", hired_on, latest))
    return tuple(found)


def linked(hires: Sequence[Reading]) -> list[list[Reading]]:
    """Return hires in groups of which the answers have to do with one another, by NINA or by looks, however far."""
    places = {id(hire): place for place, hire in enumerate(hires)}
    groups: dict[object, list[Reading]] = {}
    for hire in hires:
        near = {id(groups[mark]): groups[mark] for mark in marks_of(hire) if mark in groups}
        together = [other for group in near.values() for other in group] + [hire]
        groups |= {mark: together for other in together for mark in marks_of(other)}
    unique = {id(group): group for group in groups.values()}
    return [sorted(group, key=lambda hire: places[id(hire)]) for group in unique.values()]


def marks_of(hire: Reading) -> tuple[object, object]:
    """Return what links a hire to others: looks, and the NINA or else its own name."""
    return likeness(hire), hire.body["person"]["nina"] or name_of(hire)


def person(last: Reading, asked: Sequence[Reading], told: Person | None, state: State) -> Person:
    """Return a person as their last hire says, under the kind and territory that their payer had at some time."""
    body = last.body
    terms = [(said.body["payer_kind"], said.body["territory_code"]) for said in asked]
    holding = state.affiliations[body["payer_id"]]
    kind, territory = holding["payer_kind"], holding["territory_code"]
    if told is not None and (told.payer_kind, told.territory_code) in terms:
        kind, territory = told.payer_kind, told.territory_code
    born = body["person"]["birth_date"]
    return Person(body["payer_id"], kind, territory, body["category"], int(born[:4]), body["person"]["sex"])
