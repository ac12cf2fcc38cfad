"""A country with all that people do beside it: replays, payers affiliated by hand, money assigned, dry runs."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.builders import Draft, affiliation, as_published, declaration, in_waves, interleave
from tests.making.intruders import MENDED, RULES
from tests.oracle import Acts, Anomaly, Answer, PublishedRecord, Replay, facts_of, recompute
from tests.recount.state import Key, Place
from tests.stack.countries import (
    READERS,
    Known,
    caught_up,
    faces_agree,
    people_known,
    rows,
    settled,
)
from tests.stack.reported import reports_agree
from tests.stack.running import INBOUND, Up, publish, read_all, stack_kafka


@dataclass
class Desk:
    """What an operator does to a stack, by HTTP, and the oracle's account of it."""

    stack: Up
    replays: list[Replay] = field(default_factory=list)
    posted: list[tuple[dict[str, Any], datetime]] = field(default_factory=list)
    given: dict[Key, str] = field(default_factory=dict)
    pressed: list[tuple[str, int]] = field(default_factory=list)

    @property
    def acts(self) -> Acts:
        """All of it."""
        return Acts(self.given, self.posted, self.replays, RULES, MENDED)

    async def asks(self, service: str, method: str, path: str, body: Any = None) -> httpx.Response:
        """One act by HTTP."""
        address = (await self.stack.ready())["services"][service]
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            return await http.request(method, address + path, json=body)

    async def refused(self) -> list[tuple[str, int, Place]]:
        """The records of sources that may not: service, letter, place."""
        found = [
            (service, row)
            for service in READERS
            for row in await rows(self.stack, service, "/v1/dead-letters", reason="unauthorised-source")
        ]
        return [(s, row["id"], (row["topic"], row["partition"], row["offset"])) for s, row in found]

    async def replay(self, letters: Sequence[tuple[str, int, Place]], ends: dict[tuple[str, int], int]) -> None:
        """Replays letters when everything before these ends was read."""
        for service, letter, place in letters:
            self.replays.append(Replay(place, ends[place[:2]]))
            self.pressed.append((service, letter))
            assert (await self.asks(service, "POST", f"/v1/dead-letters/{letter}/replay")).status_code == 200

    async def affiliate(self, payer_id: str) -> None:
        """Affiliates a payer by hand."""
        body = dict(affiliation(payer_id, request_id="POSTED").body)
        assert (await self.asks("registration", "POST", "/v1/payers", body)).status_code == 201
        self.posted.append((body, datetime.now(UTC)))

    async def move_money(self, dice: random.Random) -> None:
        """Gives some money in suspense to a payer, and takes some of what was given back."""
        held = await rows(self.stack, "contributions", "/v1/suspense")
        for row in dice.sample(held, min(3, len(held))):
            path = f"/v1/suspense/{row['payment_id']}/assignment"
            given = await self.asks("contributions", "POST", path, {"source": row["source"], "payer_id": "P0000"})
            if given.status_code == 201:  # else its payer was affiliated, or it was reversed, meanwhile
                self.given[row["source"], row["payment_id"]] = "P0000"
        for source, payment_id in dice.sample(sorted(self.given), len(self.given) // 3):
            body = {"source": source, "reason": "erreur"}
            back = await self.asks("contributions", "DELETE", f"/v1/suspense/{payment_id}/assignment", body)
            assert back.status_code == 200
            del self.given[source, payment_id]


async def test_a_country_is_exact_with_all_that_people_do_beside_it(new_stack: Callable[[str], Up]) -> None:
    stack, dice = new_stack("system"), random.Random(13)
    stack.allow(RULES)
    await stack.start()
    known = await people_known(stack, seed=13)
    made, desk = known.country, Desk(stack)
    await publish(stack_kafka(await stack.ready()), interleave(made.intrusions, 13))
    await settled(stack, known, desk.acts)
    refused = await desk.refused()
    dice.shuffle(refused)
    assert len(refused) > 30
    stack.allow(MENDED)
    never = [payer.payer_id for payer in made.payers if payer.fate == "never"]
    rest = [draft for draft in made.rest if draft not in made.intrusions]
    for turn, wave in enumerate(in_waves(interleave(rest, 13), 4, 13)):
        await publish(stack_kafka(await stack.ready()), wave)
        await desk.move_money(dice)
        if turn < len(never):
            await desk.affiliate(never[turn])
        await desk.replay(refused[turn::4], await caught_up(stack))
    state, facts = await settled(stack, known, desk.acts)
    await faces_agree(stack, state)
    assert set(state.letters_now.values()) == {"replayed", "unauthorised-source"}
    for service, letter in desk.pressed:
        again = await desk.asks(service, "POST", f"/v1/dead-letters/{letter}/replay")
        assert again.status_code == 200
    await caught_up(stack)
    assert facts_of((await settled(stack, known, desk.acts))[1]) == facts_of(facts)
    await rehearsals_agree(desk, known, facts)
    await reports_agree(stack, facts, seed=13)


async def rehearsals_agree(desk: Desk, known: Known, facts: Sequence[PublishedRecord]) -> None:
    """Asks for dry runs of declarations as they were sent, under new names, and compares with the oracle's answer."""
    inbound = await read_all(stack_kafka(await desk.stack.ready()), INBOUND)
    asked = 0
    for number, sent in enumerate(d for d in known.country.declarations if d.body["parts"] == 1):
        if number % 7:
            continue
        body = dict(sent.body) | {"declaration_id": f"DRY-{number}"}
        draft = declaration(**body, at=datetime.now(UTC).isoformat())
        found = await desk.asks("contributions", "POST", "/v1/declarations/dry-run", draft.body)
        assert found.status_code == 200, found.text
        assert answer_of(found.json()) == expected_answer(draft, inbound, facts, desk.acts), draft.body
        asked += 1
    assert asked > 5


def expected_answer(
    draft: Draft, inbound: Sequence[PublishedRecord], facts: Sequence[PublishedRecord], acts: Acts
) -> Answer:
    """What the oracle answers to one more declaration, read after everything."""
    (record,) = as_published([draft])
    partition = next((r.partition for r in inbound if (r.topic, r.key) == (record.topic, record.key)), 0)
    last = record._replace(partition=partition, offset=10**9)
    state = recompute([*inbound, last], facts, acts=acts)
    answer = state.answers[draft.body["payer_id"], draft.body["declaration_id"]]
    return Answer(**{**answer.__dict__, "anomalies": tuple(sorted(answer.anomalies, key=str))})


def answer_of(body: dict[str, Any]) -> Answer:
    """An answer as it is told, its anomalies in one order."""
    anomalies = (Anomaly(*(a[name] for name in Anomaly._fields)) for a in body["anomalies"])
    names = [n for n in Answer.__dataclass_fields__ if n not in ("anomalies", "anomalies_left", "open_lines")]
    return Answer(**{name: body[name] for name in names}, anomalies=tuple(sorted(anomalies, key=str)))
