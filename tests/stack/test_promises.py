"""What the fund promises its publishers and its board, tried on one running stack."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg
import confluent_kafka
import pytest_asyncio

from tests.builders import Draft, affiliation, declaration, payment, split
from tests.oracle import conservation, differences, facts_of, fold, recompute
from tests.recount.facts import TOPICS as FACTS
from tests.stack.running import INBOUND, Up, ask, eventually, publish, read_all, stack_kafka
from tests.standing.servers import Standing


@pytest_asyncio.fixture(scope="module")
async def stack(tmp_path_factory: Any, standing: Standing) -> AsyncIterator[Up]:
    """One stack for this file; its tests use payers of their own."""
    up = standing.up(tmp_path_factory.mktemp("promises") / "stack", "system")
    await up.start()
    yield up
    await up.clear()


async def test_thirty_parts_in_any_order_are_answered_once_to_the_franc(stack: Up) -> None:
    bases = [40_000 + 7 * n for n in range(30_000)]
    lines = [(f"{10**11 + n}", base) for n, base in enumerate(bases)]
    whole = declaration("BIG", "2026-01", lines, declaration_id="BIG-2026-01")
    parts = split(whole, 30)
    random.Random(3).shuffle(parts)
    await publish(
        stack_kafka(await stack.ready()), [*parts[:10], affiliation("BIG", payer_kind="private_employer"), *parts[10:]]
    )

    async def answers() -> list[dict[str, Any]]:
        records = await read_all(stack_kafka(await stack.ready()), ["declaration-answered"])
        found = [json.loads(r.value or b"") for r in records if r.key == b"BIG"]
        assert any(answer["outcome"] != "pending" for answer in found)
        return [answer for answer in found if answer["outcome"] != "pending"]

    (answer,) = await eventually(answers)
    assert (answer["lines_received"], answer["lines_accepted"], answer["lines_rejected"]) == (30_000, 30_000, 0)
    assert answer["assessed_xof"] == sum((b * 306 + 5_000) // 10_000 + (b * 350 + 5_000) // 10_000 for b in bases)
    assert (len(answer["anomalies"]), answer["anomalies_left"]) == (1_000, 29_000)
    path = "/v1/declarations/BIG-2026-01"
    shown = (await ask(stack, "contributions", path, payer_id="BIG")).json()
    assert [a["line_no"] for a in shown["answer"]["anomalies"]] == list(range(1, 30_001))


async def test_completeness_stops_with_a_relay_and_goes_on_with_it(stack: Up) -> None:
    async def complete_up_to() -> datetime:
        body = (await ask(stack, "reporting", "/v1/collection-rates")).json()
        return datetime.fromisoformat(body["complete_up_to"])

    async def moves(beyond: datetime) -> None:
        assert await complete_up_to() > beyond

    async def told_of(payer_id: str) -> datetime:
        """Up to when all is complete, once a payer's affiliation and registration's mark of it are read."""
        await publish(stack_kafka(await stack.ready()), [affiliation(payer_id)])
        return await eventually(lambda: complete_with(payer_id))

    async def complete_with(payer_id: str) -> datetime:
        bootstrap = stack_kafka(await stack.ready())
        affiliated = facts_of(await read_all(bootstrap, ["payer-affiliated"]))
        known = next((fact.known_at for fact in affiliated if fact.key == payer_id), None)
        assert known is not None
        topics = (await ask(stack, "reporting", "/v1/freshness")).json()["topics"]
        last = {row["topic"]: row["last_fact_at"] for row in topics}
        assert datetime.fromisoformat(last["payer-affiliated"]) >= known
        assert all(row["lag_records"] in (0, None) for row in topics)  # inbound topics have none
        reporting = await asyncpg.connect(f"{(await stack.ready())['postgres'].rpartition('/')[0]}/reporting")
        try:
            marked = await reporting.fetchval("select up_to from complete where service = 'registration'")
        finally:
            await reporting.close()
        assert marked >= known
        return await complete_up_to()

    with stack.frozen("contributions", "worker"):
        at = await complete_up_to()
        stood = await told_of("STANDS-1")  # marks of contributions that were on their way have arrived
        assert stood >= at
        assert await told_of("STANDS-2") == stood  # another service's relay goes on meanwhile
    await eventually(lambda: moves(stood))


async def test_a_payer_whose_publishers_hash_differently_has_one_account(stack: Up) -> None:
    bootstrap = stack_kafka(await stack.ready())
    drafts: list[Draft] = []
    for n in range(12):
        payer = f"TWO-{n}"
        drafts += [
            affiliation(payer),
            declaration(payer, "2026-02", [("100000000001", 90_000), ("100000000002", 41_000)]),
            payment(payer, 5_000, payment_id=f"{payer}-A", paid_on="2026-03-10"),
            payment(payer, 7_000, payment_id=f"{payer}-B", paid_on="2026-03-11", period="2026-02"),
        ]
    random.Random(4).shuffle(drafts)
    for partitioner in ("murmur2_random", "consistent_random"):
        producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "partitioner": partitioner})
        for draft in drafts[::2] if partitioner == "murmur2_random" else drafts[1::2]:
            producer.produce(draft.topic, draft.value, draft.key, headers=list(draft.headers))
        assert producer.flush(30) == 0

    async def exact() -> None:
        inbound, facts = await read_all(bootstrap, INBOUND), await read_all(bootstrap, FACTS)
        mine = [r for r in inbound if (r.key or b"").startswith(b"TWO-")]
        told = [r for r in facts if (r.key or b"").startswith(b"TWO-")]
        assert len({(r.topic, r.partition) for r in mine}) > 3
        expected = recompute(mine, told, known_first=())
        assert differences(expected, fold(told)) == []
        assert conservation(told, expected.payments) == []
        assert len(expected.pairs) == 12

    await eventually(exact)
