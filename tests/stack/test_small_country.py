"""A small country through the whole product: every amount, held franc, answer, dead letter and rate, whatever dies."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Callable, Sequence
from typing import Any

from tests.builders import Country, country, in_waves, interleave, repeated
from tests.oracle import PublishedRecord, as_of, conservation, differences, facts_of, fold, instants, money, recompute
from tests.recount.facts import TOPICS as FACTS
from tests.stack.running import INBOUND, Up, ask, eventually, publish, read_all, stack_kafka

VICTIMS = (
    ("contributions", "worker"),
    ("registration", "worker"),
    ("reporting", "worker"),
    ("contributions", "worker"),
    ("postgres", "database"),
    ("contributions", "api"),
    ("kafka", "broker"),
    ("contributions", "worker"),
)


async def test_a_country_is_exact_although_every_process_is_killed_meanwhile(new_stack: Callable[[str], Up]) -> None:
    stack = new_stack("event")
    await stack.start()
    made = await people_known(stack, seed=11)
    drafts = repeated(interleave(made.rest, 11), 11)
    for wave, (name, role) in zip(in_waves(drafts, len(VICTIMS), 11), VICTIMS, strict=True):
        await publish(stack_kafka(await stack.ready()), wave)
        await stack.kill_one(name, role)
    facts = await settled(stack)
    await reports_agree(stack, facts, seed=11)


async def test_a_country_is_exact_when_up_is_stopped_and_killed_half_way(new_stack: Callable[[str], Up]) -> None:
    stack = new_stack("system")
    await stack.start()
    made = await people_known(stack, seed=12)
    first, second, third = in_waves(interleave(made.rest, 12, keep="every key"), 3, 12)
    await publish(stack_kafka(await stack.ready()), first)
    assert await stack.end(signal.SIGTERM) == 0
    await stack.start()
    await publish(stack_kafka(await stack.ready()), second)
    await stack.end(signal.SIGKILL)
    await stack.start()
    await publish(stack_kafka(await stack.ready()), third)
    facts = await settled(stack)
    await reports_agree(stack, facts, seed=12)


async def people_known(stack: Up, seed: int) -> Country:
    """Publishes a country's payers and hires, and makes the rest of it with the numbers that were drawn."""
    bootstrap = stack_kafka(await stack.ready())
    people = country(seed).people_first
    await publish(bootstrap, people)
    hires = {d.body["request_id"] for d in people if d.topic == "registration-requested" and d.body}

    async def answered() -> dict[tuple[str, str], str]:
        bodies = [json.loads(r.value or b"") for r in await read_all(bootstrap, ["registration-answered"])]
        numbers = {(b["payer_id"], b["request_id"]): b["insured_number"] for b in bodies if b["insured_number"]}
        assert hires <= {b["request_id"] for b in bodies if b["outcome"] != "pending"}
        return numbers

    numbers = await eventually(answered)

    async def known_to_contributions() -> None:
        """Answers tell what is known at their moment: the declarations wait until contributions knows everybody."""
        freshness = await ask(stack, "contributions", "/metrics")
        registered = len(await read_all(bootstrap, ["person-registered"]))
        read = sum(
            float(line.rsplit(" ", 1)[1])
            for line in freshness.text.splitlines()
            if line.startswith("recouvra_position{") and 'topic="person-registered"' in line
        )
        assert read == registered

    await eventually(known_to_contributions)
    return country(seed, numbers=numbers)


async def settled(stack: Up) -> list[PublishedRecord]:
    """The facts, once they are what the published records must give; else what differs at the deadline."""

    async def exact() -> list[PublishedRecord]:
        bootstrap = stack_kafka(await stack.ready())
        inbound, facts = await read_all(bootstrap, INBOUND), await read_all(bootstrap, FACTS)
        expected, found = recompute(inbound, facts), fold(facts)
        assert differences(expected, found) == []
        assert [*expected.faults, *found.faults, *conservation(facts, expected.payments)] == []
        assert len(expected.pairs) > 40
        assert len(expected.dead_letters) > 20
        return facts

    return await eventually(exact, 90)


async def reports_agree(stack: Up, facts: Sequence[PublishedRecord], seed: int) -> None:
    """Compares the reports with sums over the facts: now, and as of twenty random past instants."""
    once = facts_of(facts)
    chosen = random.Random(seed)
    last = max(instants(once))

    async def complete() -> None:
        body = (await ask(stack, "reporting", "/v1/freshness")).json()
        assert all(topic["lag_records"] in (0, None) for topic in body["topics"])  # inbound topics have none
        assert body["complete_up_to"] >= last.isoformat()[:26]

    await eventually(complete)
    for at in [None, *chosen.sample(sorted(set(instants(once))), 20)]:
        groups = chosen.sample(["payer_kind", "region", "territory", "payer", "period"], chosen.randrange(4))
        asked: dict[str, Any] = {"group_by": groups, "limit": 500}
        if at is not None:
            asked["as_of"] = at.isoformat()
        if chosen.random() < 0.4:
            asked["payer_kind"] = "local_authority"
        filters = {"payer_kind": asked["payer_kind"]} if "payer_kind" in asked else {}
        body = (await ask(stack, "reporting", "/v1/collection-rates", **asked)).json()
        assert body["rows"] == as_of(once, at, groups, **filters), (at, groups)
        assert body["total"] == as_of(once, at, (), **filters)[0]
        of_money = (
            await ask(stack, "reporting", "/v1/money", **{k: v for k, v in asked.items() if k == "as_of"})
        ).json()
        assert of_money["rows"] == money(once, at)
