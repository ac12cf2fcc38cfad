"""A small country through the whole product: every franc, answer, form, dead letter and rate, whatever dies."""

from __future__ import annotations

import signal
from collections.abc import Callable

from tests.builders import in_waves, interleave, repeated
from tests.stack.countries import caught_up, closed, faces_agree, people_known
from tests.stack.reported import reports_agree
from tests.stack.running import Up, publish, stack_kafka

VICTIMS = (
    ("contributions", "worker"),
    ("registration", "worker"),
    ("reporting", "worker"),
    ("liquidation", "worker"),
    ("postgres", "database"),
    ("contributions", "api"),
    ("kafka", "broker"),
    ("contributions", "worker"),
)


async def test_a_country_is_exact_although_every_process_is_killed_meanwhile(new_stack: Callable[[str], Up]) -> None:
    stack = new_stack("event")
    await stack.start()
    known = await people_known(stack, seed=11)
    drafts = repeated(interleave(known.country.rest, 11), 11)
    for wave, (name, role) in zip(in_waves(drafts, len(VICTIMS), 11), VICTIMS, strict=True):
        await publish(stack_kafka(await stack.ready()), wave)
        await stack.kill_one(name, role)
    state, facts = await closed(stack, known)
    await faces_agree(stack, state)
    await reports_agree(stack, facts, seed=11)
    code, said = await stack.command("rebuild", "reporting")
    assert (code, "the same as of" in said) == (0, True), said
    await reports_agree(stack, facts, seed=13)


async def test_a_country_is_exact_when_up_is_stopped_and_killed_half_way(new_stack: Callable[[str], Up]) -> None:
    stack = new_stack("system")
    await stack.start()
    known = await people_known(stack, seed=12)
    first, second, third = in_waves(interleave(known.country.rest, 12, keep="every key"), 3, 12)
    await publish(stack_kafka(await stack.ready()), first)
    assert await stack.end(signal.SIGTERM) == 0
    await stack.start()
    await publish(stack_kafka(await stack.ready()), second)
    await stack.end(signal.SIGKILL)
    await stack.start()
    await publish(stack_kafka(await stack.ready()), third)
    state, facts = await closed(stack, known)
    await caught_up(stack)
    await faces_agree(stack, state)
    await reports_agree(stack, facts, seed=12)
