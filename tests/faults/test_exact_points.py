"""Every role dies at every point where something is done and not yet known to be done; and all stays exact."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from recouvra.local.roles import SERVICES
from tests.builders import Draft, affiliation, interleave
from tests.faults.dying import ACT_POINTS, GROUP, WORKER_POINTS
from tests.faults.fleet import Fleet, Named, fleet
from tests.oracle import Acts
from tests.recount.state import Key
from tests.stack.countries import caught_up, faces_agree, people_known, reports_agree, rows, settled
from tests.stack.running import publish

PUBLISH_NOTHING = ("reporting",)


async def test_a_country_is_exact_although_every_role_dies_at_every_exact_point(tmp_path: Path) -> None:
    async with fleet(tmp_path / "fleet") as it:
        it.start_all(dying=True)
        known = await people_known(it.up, seed=21)
        waves = even_waves(interleave(known.country.rest, 21), len(WORKER_POINTS))
        for point, wave in zip(WORKER_POINTS, waves, strict=True):
            condemned = [Named(name, "worker") for name in SERVICES if comes_to(name, point)]
            for worker in condemned:
                it.condemn(worker, point)
            await publish(it.kafka.bootstrap, wave)
            await asyncio.gather(*(it.died(worker) for worker in condemned))
        await caught_up(it.up)
        desk = Desk(it)
        for point in ACT_POINTS:
            await desk.affiliates(point)
            await desk.assigns(point)
        state, facts = await settled(it.up, known, desk.acts)
        await faces_agree(it.up, state)
        await reports_agree(it.up, facts, seed=21)


def comes_to(service: str, point: str) -> bool:
    """Whether a service's worker passes a point at all: reporting has no relay."""
    return service not in PUBLISH_NOTHING or point in (
        "inside-the-transaction",
        "committed",
        "committed-unheard",
        GROUP,
    )


def even_waves(drafts: Sequence[Draft], count: int) -> list[list[Draft]]:
    """Cuts drafts so that each wave has its share of every topic, and each topic keeps its order."""
    by_topic: dict[str, list[Draft]] = {}
    for draft in drafts:
        by_topic.setdefault(draft.topic, []).append(draft)
    waves: list[list[Draft]] = [[] for _ in range(count)]
    for of_topic in by_topic.values():
        assert len(of_topic) >= count, of_topic[0].topic
        for number, wave in enumerate(waves):
            wave += of_topic[number * len(of_topic) // count : (number + 1) * len(of_topic) // count]
    return waves


class Desk:
    """An operator whose requests meet APIs that die, and who asks again under the same key until answered."""

    def __init__(self, it: Fleet) -> None:
        self._it = it
        self._dice = random.Random(21)
        self._posted: list[tuple[dict[str, Any], datetime]] = []
        self._given: dict[Key, str] = {}

    @property
    def acts(self) -> Acts:
        """What was done, for the oracle."""
        return Acts(self._given, self._posted)

    async def affiliates(self, point: str) -> None:
        """A payer is affiliated, by an API that meets its fate meanwhile."""
        body = dict(affiliation(f"BY-HAND-{point.upper()}", request_id="POSTED").body)
        await self._asks("registration", point, "/v1/payers", body, 201)
        self._posted.append((body, datetime.now(UTC)))

    async def assigns(self, point: str) -> None:
        """Money in suspense is given to a payer, by an API that meets its fate meanwhile."""
        row = self._dice.choice(await rows(self._it.up, "contributions", "/v1/suspense"))
        path = f"/v1/suspense/{row['payment_id']}/assignment"
        await self._asks("contributions", point, path, {"source": row["source"], "payer_id": "P0000"}, 201)
        self._given[row["source"], row["payment_id"]] = "P0000"

    async def _asks(self, service: str, point: str, path: str, body: Any, expected: int) -> None:
        """Asks until answered, then once more: both answers are the same, and the second does nothing."""
        api, key = Named(service, "api"), str(uuid4())
        address = (await self._it.ready())["services"][service]
        self._it.condemn(api, point)
        answers = [await self._once(address + path, body, key)]
        await self._it.died(api)
        assert not answers[0] or answers[0].status_code >= 500, "it was to be left without a true answer"
        await self._it.ready()
        answers = [await self._once(address + path, body, key) for _ in range(2)]
        for answer in answers:
            assert answer is not None
            assert (answer.status_code, answer.content) == (expected, answers[0].content if answers[0] else b"")

    async def _once(self, url: str, body: Any, key: str) -> httpx.Response | None:
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            try:
                return await http.post(url, json=body, headers={"Idempotency-Key": key})
            except httpx.HTTPError:
                return None
