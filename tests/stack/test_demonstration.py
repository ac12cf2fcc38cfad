"""`recouvra demo` as its user runs it: the figures it ends with are those of the history that it made."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recouvra.contracts.payment_reported import PaymentReported
from recouvra.local.demonstration.history import History, made_history
from recouvra.local.demonstration.inbound import Inbound
from recouvra.local.demonstration.odd_hires import LIKELY_DUPLICATES
from recouvra.local.demonstration.payers import INSURED
from tests.stack.running import Up, ask

RECOUVRA = Path(sys.executable).with_name("recouvra")


async def demo(stack: Up) -> str:
    """What the command prints, filling a stack that runs, for an English reader."""
    told = await stack.ready()
    where = {"RECOUVRA_KAFKA": told["kafka"], "LC_ALL": "en_GB.UTF-8"}
    where |= {f"RECOUVRA_{name.upper()}_URL": url for name, url in told["services"].items()}
    command = await asyncio.create_subprocess_exec(
        RECOUVRA, "demo", "--fill-only", stdout=PIPE, stderr=PIPE, env=os.environ | where
    )
    shown, said = await asyncio.wait_for(command.communicate(), 400)
    assert command.returncode == 0, said.decode()
    return shown.decode()


def without_instant(shown: str) -> str:
    return "\n".join(line for line in shown.splitlines() if not line.startswith("as known at"))


async def test_the_demonstration_shows_what_its_history_comes_to(new_stack: Callable[[str], Up]) -> None:
    """Dues per payer and period, money to the franc, people; and the second time nothing changes."""
    stack = new_stack("event")
    await stack.start()
    shown = await demo(stack)
    history = made_history()

    by_pair: dict[tuple[str, str], int] = {}
    async for row in pages(stack, "reporting", "/v1/collection-rates", group_by=["payer", "period"]):
        if row["assessed_xof"]:
            by_pair[row["payer_id"], row["period"]] = row["assessed_xof"]
    assert by_pair == dues(history)

    money = (await ask(stack, "reporting", "/v1/money")).json()["total"]
    assert money["total_xof"] == money_in(history)
    assert money["received_xof"] + money["credit_xof"] + money["suspense_xof"] == money["total_xof"]
    people = (await ask(stack, "reporting", "/v1/registrations")).json()["total"]
    assert people["insured"] == INSURED + LIKELY_DUPLICATES

    for amount in (sum(by_pair.values()), money["total_xof"], money["suspense_xof"], people["insured"]):
        assert f"{amount:,}".replace(",", "\u202f") in shown
    assert without_instant(await demo(stack)) == without_instant(shown)


async def pages(stack: Up, service: str, path: str, **query: Any) -> Any:
    """The rows of every page."""
    cursor: dict[str, str] = {}
    while True:
        body = (await ask(stack, service, path, limit=500, **query, **cursor)).json()
        for row in body["rows"]:
            yield row
        if body["next"] is None:
            return
        cursor = {"cursor": body["next"]}


def dues(history: History) -> dict[tuple[str, str], int]:
    """What the made declarations make due, by payer and period."""
    made: Counter[tuple[str, str]] = Counter()
    for month in history.months:
        for one in month.returns:
            made[one.payer.payer_id, one.period] += one.due_xof
    return {pair: due_xof for pair, due_xof in made.items() if due_xof}


def money_in(history: History) -> int:
    """What was paid and not undone: of one id the first counts, and a reversal only of the whole amount of a payment.

    Source: DEF-026, DEF-027.
    """
    paid: dict[tuple[str, str], int] = {}
    undone: dict[tuple[str, str], set[int]] = defaultdict(set)
    for month in history.months:
        for one in month.others:
            if not isinstance(one, Inbound) or not isinstance(one.event, PaymentReported):
                continue
            if one.event.reverses is None:
                paid.setdefault((one.source, one.event.payment_id), one.event.amount_xof)
            else:
                undone[one.source, one.event.reverses].add(one.event.amount_xof)
    return sum(amount for payment, amount in paid.items() if amount not in undone[payment])
