"""A made country on a stack: published, waited for until it is exact, and what the faces say of it."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.builders import Country, Draft, country
from tests.making.closing import MONTH, closing
from tests.oracle import (
    Acts,
    PublishedRecord,
    State,
    facts_of,
    recompute,
    wrong,
)
from tests.recount.facts import TOPICS as FACTS
from tests.recount.state import Place
from tests.stack.running import INBOUND, Up, ask, ends_of, eventually, publish, read_all, stack_kafka

READERS = {
    "registration": ("affiliation-requested", "registration-requested"),
    "contributions": ("payer-affiliated", "person-registered", "payroll-declared", "payment-reported"),
    "liquidation": ("person-registered", "care-form-submitted"),
}


@dataclass(frozen=True)
class Known:
    """A country whose payers and hires were read by everybody, and the facts that tell of them."""

    country: Country
    facts: Sequence[PublishedRecord]


async def people_known(stack: Up, seed: int, payers: int = 20, also: Sequence[Draft] = ()) -> Known:
    """Publishes a country's payers and hires, and makes the rest of it with the numbers that were drawn.

    `also` is published with them, and is no part of the country.
    """
    await publish(stack_kafka(await stack.ready()), [*country(seed, payers).people_first, *also])
    _, facts = await settled(stack)
    answers = [fact.body for fact in facts_of(facts) if fact.topic == "registration-answered"]
    numbers = {(body["payer_id"], body["request_id"]): body["insured_number"] for body in answers}
    await caught_up(stack)  # answers tell what is known at their moment
    drawn = {name: number for name, number in numbers.items() if number}
    return Known(country(seed, payers, numbers=drawn), facts)


async def caught_up(stack: Up) -> dict[tuple[str, int], int]:
    """Where each inbound partition is read on, once everything that stands on the topics was read."""

    async def read() -> dict[tuple[str, int], int]:
        ends = dict[tuple[str, int], int]()
        for service, topics in READERS.items():  # registration first: what it published by then the others must read
            ends = await ends_of(stack_kafka(await stack.ready()), [*INBOUND, *FACTS])
            at = await positions(stack, service)
            for place, end in ends.items():
                assert place[0] not in topics or at.get(place, 0) == end, (service, place)
        return ends

    return await eventually(read, 120)


async def positions(stack: Up, service: str) -> dict[tuple[str, int], int]:
    """The next offset of each partition that a service reads; AssertionError while it has facts to publish."""
    found = {}
    for line in (await ask(stack, service, "/metrics")).text.splitlines():
        if line.startswith("recouvra_outbox_rows "):
            assert float(line.rsplit(" ", 1)[1]) == 0, f"{service} has facts to publish"
        if line.startswith("recouvra_position{"):
            labels, value = line.removeprefix("recouvra_position{").split("} ")
            named = dict(label.split("=") for label in labels.replace('"', "").split(","))
            found[named["topic"], int(named["partition"])] = int(float(value))
    return found


async def settled(
    stack: Up, known: Known | None = None, acts: Acts | None = None, month: str | None = None
) -> tuple[State, list[PublishedRecord]]:
    """What must be, and the facts, once both are the same; else what differs at the deadline.

    Whether all was read is asked first: to reckon what must be takes the cores that the stack reads with.
    """
    await caught_up(stack)

    async def exact() -> tuple[State, list[PublishedRecord]]:
        bootstrap = stack_kafka(await stack.ready())
        inbound, facts = await read_all(bootstrap, INBOUND), await read_all(bootstrap, FACTS)
        first = None if known is None else known.facts
        expected = recompute(inbound, facts, acts=acts or Acts(), known_first=first, closing=month)
        found = wrong(expected, facts)
        assert not found, "\n".join(found[:_TOLD])
        return expected, facts

    return await eventually(exact, 600)  # one reckoning of a million lines takes minutes


async def closed(stack: Up, known: Known, acts: Acts | None = None) -> tuple[State, list[PublishedRecord]]:
    """As `settled`, and once more when all was read, with a last month of which nothing is left to the order."""
    _, facts = await settled(stack, known, acts)
    await caught_up(stack)
    await publish(stack_kafka(await stack.ready()), list(closing(facts_of(facts))))
    return await settled(stack, known, acts, MONTH)


_TOLD = 50  # differences, of as many as there may be


async def rows(stack: Up, service: str, path: str, **query: Any) -> list[dict[str, Any]]:
    """All rows of a list, page by page."""
    return [row async for row in pages(stack, service, path, query)]


async def pages(stack: Up, service: str, path: str, query: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yields the rows of a list."""
    while True:
        page = (await ask(stack, service, path, **query)).json()
        for row in page["rows"]:
            yield row
        if page["next"] is None:
            return
        query = {**query, "cursor": page["next"]}


async def faces_agree(stack: Up, state: State) -> None:
    """Compares the lists that operators work through with what must wait, be held and be set aside."""
    waits = await rows(stack, "contributions", "/v1/waiting", limit=7)
    kinds: dict[str, Any] = {kind: [row for row in waits if row["kind"] == kind] for kind in KINDS}
    assert {(r["payer_id"], r["declaration_id"]): r["parts_read"] for r in kinds["incomplete"]} == state.waiting
    assert sorted((r["payer_id"], r["declaration_id"]) for r in kinds["pending"]) == sorted(
        name for name, answer in state.answers.items() if answer.outcome == "pending"
    )
    reversals = {(row["source"], row["payment_id"], row["reverses"]) for row in kinds["reversal"]}
    assert reversals == state.waiting_reversals
    forms = await rows(stack, "liquidation", "/v1/waiting", limit=9)
    assert Counter((row["form_serial"], row["insured_number"]) for row in forms) == state.waiting_forms
    doubled = await rows(stack, "contributions", "/v1/double-declarations", limit=3)
    assert {(row["payer_id"], row["declaration_id"], row["doubled_by"]) for row in doubled} == state.doubled
    assert len(doubled) == len(state.doubled)
    held = await rows(stack, "contributions", "/v1/suspense", limit=5)
    assert {(row["source"], row["payment_id"]): row["held_xof"] for row in held} == {
        name: placed.suspense_xof for name, placed in state.placements.items() if placed.suspense_xof
    }
    await letters_agree(stack, state)


KINDS = ("incomplete", "pending", "reversal")


async def letters_agree(stack: Up, state: State) -> None:
    """Compares the dead letters of all services: which they are, why, in what state, and their raw bytes."""
    raw = {record[:3]: record for record in await read_all(stack_kafka(await stack.ready()), INBOUND)}
    told: dict[Place, tuple[str, str, str]] = {}
    for service in READERS:
        for row in await rows(stack, service, "/v1/dead-letters", limit=100):
            place = (row["topic"], row["partition"], row["offset"])
            assert place not in told
            told[place] = (service, row["reason"], row["state"])
            sent = [row["key"], row["value"], *(value for _, value in row["headers"])]
            record = raw[place]
            assert [None if one is None else base64.b64decode(one) for one in sent] == [
                record.key,
                record.value,
                *(value for _, value in record.headers),
            ]
    open_places = {place for places in state.either for place in places}
    expected = {}
    for place, letter in state.dead_letters.items():
        now = state.letters_now.get(place, letter.reason)
        replayed = now == "replayed"
        expected[place] = (letter.service, letter.reason if replayed else now, "replayed" if replayed else "waiting")
    assert {place: row for place, row in told.items() if place not in open_places} == {
        place: row for place, row in expected.items() if place not in open_places
    }
