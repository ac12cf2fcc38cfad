"""What must hold of the facts at every knowledge time: the order of the times themselves, and where money stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from tests.recount.facts import Fact
from tests.recount.payments import allocate
from tests.recount.state import Key, Pair, Payment

MOVES = ("contribution-assessed", "contribution-received", "payment-held")


def going_back(facts: Sequence[Fact]) -> list[str]:
    """Return where a key's knowledge time goes back (DEF-015); `facts` in the order of their topics."""
    broken, last = [], dict[Key, datetime]()
    for fact in facts:
        name = (fact.topic, fact.key)
        if fact.topic != "record-refused" and fact.known_at < last.setdefault(name, fact.known_at):
            broken.append(f"{name}: known at {fact.known_at}, after {last[name]}")
        last[name] = max(last.get(name, fact.known_at), fact.known_at)
    return broken


def misplaced(facts: Sequence[Fact], payments: Mapping[Key, Payment]) -> list[str]:
    """Return where a payer's money stands otherwise than all that is known then gives (DEF-004, DEF-005)."""
    broken: list[str] = []
    dues: dict[str, dict[str, Pair]] = defaultdict(dict)
    stands: dict[str, dict[Key, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    moved = sorted((fact for fact in facts if fact.topic in MOVES), key=lambda fact: fact.known_at)
    for at, together in groupby(moved, key=lambda fact: fact.known_at):
        touched = set()
        for body in (fact.body for fact in together if fact.body.get("held_as") != "suspense"):
            payer_id = body["payer_id"]
            touched.add(payer_id)
            if "assessed_xof" in body:
                fresh = Pair(body["payer_kind"], body["territory_code"], body["due_on"])
                dues[payer_id].setdefault(body["period"], fresh).assessed_xof += body["assessed_xof"]
            else:
                where = stands[payer_id][body["payment_source"], body["payment_id"]]
                where[body.get("period") or "credit"] += body.get("received_xof", 0) + body.get("held_xof", 0)
        for payer_id in sorted(touched):
            found = {n: kept for n, w in stands[payer_id].items() if (kept := {p: x for p, x in w.items() if x})}
            theirs = {name: payments[name] for name in found if name in payments}
            placed = allocate(payer_id, {period: replace(pair) for period, pair in dues[payer_id].items()}, theirs)
            wanted = {
                name: {period: xof for (_, period), xof in one.received.items()}
                | ({"credit": one.credit[payer_id]} if one.credit else {})
                for name, one in placed.items()
            }
            if wanted != found:
                broken.append(f"at {at}: the money of {payer_id} stands {found} instead of {wanted}")
    return broken
