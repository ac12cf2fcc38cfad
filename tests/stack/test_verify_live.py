"""`recouvra verify` on a stack under load finds nothing; broken by hand in twelve ways, it names them all."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests.builders import in_waves, interleave
from tests.servers.breakages import ALL
from tests.stack.countries import caught_up, people_known, settled
from tests.stack.running import Up, ask, publish, stack_kafka

# Of what a whole stack does not mend by itself while it runs, one after another on the same data.
_DONE = {
    "contributions": (
        "a placement deleted",
        "a payment's amount",
        "a base in a part",
        "an outcome flipped",
        "replaced by nobody",
        "a claim forged",
        "a person given to another payer",
        "a dead letter that nobody foresaw",
    ),
    "registration": ("a person deleted", "a payer's territory"),
    "liquidation": ("a form's fund share",),
    "reporting": ("a receipt deleted", "an amount assessed", "a completeness of nobody"),
}


async def _verify(stack: Up, service: str) -> tuple[int, dict[str, Any]]:
    """What `recouvra verify` says of one service, as on the machine where its settings are; and its exit code."""
    told = await stack.ready()
    program = Path(sys.executable).with_name("recouvra")
    child = await asyncio.create_subprocess_exec(
        *(program, "verify", service, "--json"),
        env=os.environ | {"RECOUVRA_KAFKA": told["kafka"], "RECOUVRA_DATABASE_URL": _database(told, service)},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await child.communicate()
    assert child.returncode is not None
    report: dict[str, Any] = json.loads(said)["services"][0]
    return child.returncode, report


def _database(told: dict[str, Any], service: str) -> str:
    parts = urlsplit(str(told["postgres"]))
    return urlunsplit((parts.scheme, parts.netloc, f"/{service}", parts.query, ""))


async def _holds(stack: Up) -> None:
    for code, report in await asyncio.gather(*(_verify(stack, service) for service in _DONE)):
        broken = [one for one in report["invariants"] if not one["holds"]]
        assert (broken, code, len(report["invariants"]) > 5) == ([], 0, True), report["service"]


async def test_verify_finds_nothing_under_load_and_all_that_is_broken_by_hand(new_stack: Callable[[str], Up]) -> None:
    stack = new_stack("system")
    await stack.start()
    known = await people_known(stack, seed=17)
    bootstrap = stack_kafka(await stack.ready())
    waves = in_waves(interleave(known.country.rest, 17), 6, 17)
    loading = asyncio.create_task(_load(bootstrap, waves))
    await _holds(stack)
    await loading
    await settled(stack, known)
    await caught_up(stack)
    expected = await _break(stack)
    for service, names in expected.items():
        code, report = await _verify(stack, service)
        broken = {one["name"]: one for one in report["invariants"] if not one["holds"]}
        assert code == 1
        assert names <= broken.keys(), service
        assert all(finding["where"] and finding["since"] for name in names for finding in broken[name]["findings"])
    verified = (await ask(stack, "reporting", "/v1/freshness")).json()["verified"]
    assert {service: names <= set(verified[service]["broken"]) for service, names in expected.items()} == dict.fromkeys(
        _DONE, True
    )


async def _load(bootstrap: str, waves: list[Any]) -> None:
    for wave in waves:
        await publish(bootstrap, wave)


async def _break(stack: Up) -> dict[str, set[str]]:
    """Does it all; by service, the invariants that must name it."""
    told, expected = await stack.ready(), dict[str, set[str]]()
    for service, things in _DONE.items():
        connection = await asyncpg.connect(_database(told, service))
        for one in (one for one in ALL if one.service == service and one.what in things):
            for statement in one.sql:
                done = await connection.execute(statement)
                assert not done.endswith(" 0"), one.what
            expected.setdefault(service, set()).add(one.named)
        await connection.close()
    assert sum(map(len, _DONE.values())) > 10
    return expected
