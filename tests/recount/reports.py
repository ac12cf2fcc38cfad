"""Reports recomputed from the published facts as known at any instant (DEF-006, DEF-007)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from itertools import groupby
from typing import Any

from tests.recount.facts import Fact, facts_of
from tests.recount.instants import going_back
from tests.recount.state import Key, Payment, PublishedRecord

Facts = Sequence[PublishedRecord] | Sequence[Fact]
DIMENSIONS: dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "payer_kind": ("payer_kind", lambda body: str(body["payer_kind"])),
    "region": ("region", lambda body: str(body["territory_code"][:2])),
    "territory": ("territory_code", lambda body: str(body["territory_code"])),
    "payer": ("payer_id", lambda body: str(body["payer_id"])),
    "period": ("period", lambda body: str(body["period"])),
}
FILTERS: dict[str, Callable[[Mapping[str, Any], str], bool]] = {
    "payer_kind": lambda body, wanted: body["payer_kind"] == wanted,
    "region": lambda body, wanted: body["territory_code"][:2] == wanted,
    "territory": lambda body, wanted: body["territory_code"].startswith(wanted),
    "payer_id": lambda body, wanted: body["payer_id"] == wanted,
    "period_from": lambda body, wanted: body["period"] >= wanted,
    "period_to": lambda body, wanted: body["period"] <= wanted,
}


def rate(received_xof: int, assessed_xof: int) -> str | None:
    """Return received ÷ assessed with four decimals, half-even; None where nothing was assessed (DEF-006)."""
    if assessed_xof == 0:
        return None
    whole, rest = divmod(abs(received_xof) * 10_000, assessed_xof)
    if 2 * rest > assessed_xof or (2 * rest == assessed_xof and whole % 2):
        whole += 1
    sign = "-" if received_xof < 0 and whole else ""
    return f"{sign}{whole // 10_000}.{whole % 10_000:04d}"


def until(at: datetime | date | None) -> datetime:
    """Return the instant that an `as_of` stands for: a date is its last instant, None is all that is known."""
    if at is None:
        return datetime.max.replace(tzinfo=UTC)
    return at if isinstance(at, datetime) else datetime.combine(at, time.max, UTC)


def known(facts: Facts, at: datetime | date | None) -> list[Fact]:
    """Return the facts known at an instant, each once."""
    return [fact for fact in facts_of(facts) if fact.known_at <= until(at)]


def passes(body: Mapping[str, Any], filters: Mapping[str, str | None]) -> bool:
    """Tell whether a fact passes the filters of a report."""
    return all(FILTERS[name](body, wanted) for name, wanted in filters.items() if wanted is not None)


def as_of(
    facts: Facts, at: datetime | date | None = None, group_by: Iterable[str] = (), **filters: str | None
) -> list[dict[str, Any]]:
    """Return the rows of `/v1/collection-rates`, sorted by their keys; without `group_by` one row, which is the total.

    `group_by` of `DIMENSIONS` in any order, `filters` of `FILTERS`; keys come in the order of faces.md.
    """
    groups = set(group_by)
    dimensions = [DIMENSIONS[name] for name in DIMENSIONS if name in groups]
    if unknown := groups - set(DIMENSIONS):
        raise ValueError(f"no such dimension: {unknown}")
    sums: dict[tuple[str, ...], tuple[set[str], list[int]]] = {} if groups else {(): (set(), [0, 0])}
    for fact in known(facts, at):
        if fact.topic in ("contribution-assessed", "contribution-received") and passes(fact.body, filters):
            payers, amounts = sums.setdefault(tuple(value(fact.body) for _, value in dimensions), (set(), [0, 0]))
            payers.add(fact.body["payer_id"])
            amounts[0] += fact.body.get("assessed_xof", 0)
            amounts[1] += fact.body.get("received_xof", 0)
    return [
        {
            **dict(zip((name for name, _ in dimensions), keys, strict=True)),
            "payers": len(payers),
            "assessed_xof": assessed,
            "received_xof": received,
            "outstanding_xof": assessed - received,
            "collection_rate": rate(received, assessed),
        }
        for keys, (payers, (assessed, received)) in sorted(sums.items(), key=lambda item: item[0])
    ]


def money(facts: Facts, at: datetime | date | None = None, **filters: str | None) -> list[dict[str, Any]]:
    """Return the rows of `/v1/money`, by channel and month of the value date.

    A filter on a payer leaves suspense out; it is held against what a receipt says of the payer, and for a credit
    against the payer's last affiliation known at `at`.
    """
    chosen = known(facts, at)
    payers = {fact.body["payer_id"]: fact.body for fact in chosen if fact.topic == "payer-affiliated"}
    filtered = any(wanted is not None for wanted in filters.values())
    rows: dict[Key, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("received", "credit", "suspense"), 0))
    for fact in chosen:
        body = fact.body
        if fact.topic == "contribution-received" and passes(body, filters):
            rows[(body["channel"], body["received_on"][:7])]["received"] += body["received_xof"]
        elif fact.topic == "payment-held":
            held_as = body["held_as"]
            if filtered and (held_as == "suspense" or not passes(payers[body["payer_id"]], filters)):
                continue
            rows[(body["channel"], body["received_on"][:7])][held_as] += body["held_xof"]
    return [
        {
            "channel": channel,
            "month": month,
            **{f"{name}_xof": amount for name, amount in sums.items()},
            "total_xof": sum(sums.values()),
        }
        for (channel, month), sums in sorted(rows.items())
    ]


def credits_of(facts: Facts, at: datetime | date | None = None) -> dict[str, int]:
    """Return what each payer has in credit, zeros left out."""
    sums: dict[str, int] = defaultdict(int)
    for fact in known(facts, at):
        if fact.topic == "payment-held" and fact.body["held_as"] == "credit":
            sums[fact.body["payer_id"]] += fact.body["held_xof"]
    return {payer_id: amount for payer_id, amount in sums.items() if amount}


def payer(facts: Facts, payer_id: str, at: datetime | date | None = None) -> dict[str, Any]:
    """Return what `/v1/payers/{payer_id}` must say of money: its total, its credit, and its periods."""
    periods = as_of(facts, at, ["period"], payer_id=payer_id)
    due: dict[str, str] = {}
    filed: dict[str, str] = {}
    for fact in known(facts, at):
        if fact.topic == "contribution-assessed" and fact.body["payer_id"] == payer_id:
            period = fact.body["period"]
            due[period] = fact.body["due_on"]
            filed[period] = min(filed.get(period, "9999"), fact.body["filed_on"])
    total = as_of(facts, at, payer_id=payer_id)[0]
    del total["payers"]
    names = ("period", "assessed_xof", "received_xof", "outstanding_xof")
    return {
        "payer_id": payer_id,
        **total,
        "credit_xof": credits_of(facts, at).get(payer_id, 0),
        "periods": [
            {name: row[name] for name in names} | {"due_on": due[row["period"]], "filed_on": filed[row["period"]]}
            for row in periods
        ],
    }


def instants(facts: Facts) -> list[datetime]:
    """Return every knowledge time, in order, each once."""
    return sorted({fact.known_at for fact in facts_of(facts)})


def conservation(facts: Facts, payments: Mapping[Key, Payment]) -> list[str]:
    """Return what is broken at any knowledge time (DEF-005, DEF-006), a sentence each; empty when money is conserved.

    After all the facts of each knowledge time: what a payment has received and held is its amount, or 0 where it ends
    up reversed; no part of it is negative; no (payer, period) has received more than it owes. At the end: every
    payment is placed whole. Facts are counted once by (`ce_source`, `ce_id`).
    """
    broken: list[str] = []
    stands: dict[Key, dict[tuple[str, ...], int]] = defaultdict(lambda: defaultdict(int))
    pairs: dict[Key, list[int]] = defaultdict(lambda: [0, 0])
    moves = ("contribution-assessed", "contribution-received", "payment-held")
    once = facts_of(facts, broken)
    broken += going_back(once)
    moved = sorted((f for f in once if f.topic in moves), key=lambda f: f.known_at)
    for at, together in groupby(moved, key=lambda f: f.known_at):
        touched: set[Key] = set()
        touched_pairs: set[Key] = set()
        for body in (fact.body for fact in together):
            if "period" in body:
                pair = (body["payer_id"], body["period"])
                touched_pairs.add(pair)
                pairs[pair][0] += body.get("assessed_xof", 0)
                pairs[pair][1] += body.get("received_xof", 0)
            if "payment_id" in body:
                name = (body["payment_source"], body["payment_id"])
                touched.add(name)
                place = (body["payer_id"] or "", body.get("period") or body["held_as"])
                stands[name][place] += body.get("received_xof", 0) + body.get("held_xof", 0)
        broken += [f"at {at}: {problem}" for name in sorted(touched) for problem in unkept(name, stands, payments)]
        for pair in sorted(touched_pairs):
            assessed, received = pairs[pair]
            if not 0 <= received <= assessed:
                broken.append(f"at {at}: {pair} received {received} of {assessed}")
    for name, payment in payments.items():
        wanted = 0 if payment.reversed else payment.amount_xof
        if (total := sum(stands[name].values())) != wanted:
            broken.append(f"at the end: payment {name} stands with {total} instead of {wanted}")
    return broken


def unkept(
    name: Key, stands: Mapping[Key, Mapping[tuple[str, ...], int]], payments: Mapping[Key, Payment]
) -> list[str]:
    """Say where one payment's francs are not conserved."""
    if name not in payments:
        return [f"payment {name} was never reported"]
    payment, total = payments[name], sum(stands[name].values())
    problems = [f"payment {name} has {amount} on {place}" for place, amount in stands[name].items() if amount < 0]
    if total != payment.amount_xof and not (payment.reversed and total == 0):
        problems.append(f"payment {name} received + held = {total}, amount {payment.amount_xof}")
    return problems
