"""How hires that concern one another may be answered: some order in which they were settled must give the answers."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.recount.reading import Reading
from tests.recount.state import Anomaly, Key, Request

ALIKE = Anomaly(None, "possible-duplicate", "/person", None, None)
Queues = Mapping[str, Sequence[Reading]]


def likeness(hire: Reading) -> tuple[str, ...]:
    """Return what two persons share who look the same: sex, birth date, family name, first given name (DEF-034)."""
    person = hire.body["person"]
    first = next((name for word in person["given_names"].split() if (name := bare(word))), "")
    return person["sex"], person["birth_date"], bare(person["family_name"]), first


def bare(name: str) -> str:
    """Return a name case folded, its accents and punctuation stripped."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", name.casefold()) if sign.isalnum())


def answers_of(hires: Sequence[Reading], told: Mapping[Key, Request]) -> dict[Key, Request]:
    """Return the last answers to hires that stand, as `told` if some order gives those, else as the given order does.

    One payer's hires are settled in the order in which they were read: they have one key.
    """
    queues: dict[str, list[Reading]] = defaultdict(list)
    for hire in hires:
        queues[hire.body["payer_id"]].append(hire)
    found = next(orders(queues, (), told), None) or hires
    return {(h.body["payer_id"], h.body["request_id"]): answer(h, found[:place]) for place, h in enumerate(found)}


def orders(queues: Queues, before: tuple[Reading, ...], told: Mapping[Key, Request]) -> Iterator[tuple[Reading, ...]]:
    """Yield the orders of settling that give the answers that were told."""
    if not queues:
        yield before
    for payer_id, (head, *rest) in queues.items():
        if told.get((payer_id, head.body["request_id"])) == answer(head, before):
            left = {**queues, payer_id: rest}
            yield from orders({name: queue for name, queue in left.items() if queue}, (*before, head), told)


def answer(hire: Reading, before: Sequence[Reading]) -> Request:
    """Return how a hire is answered when those before it were settled.

    A NINA that is known is that person: transferred by the latest hire, if it is another payer's. Else somebody new,
    and a possible duplicate if they look like somebody who may be the same: two different NINAs are two people.
    """
    nina = hire.body["person"]["nina"]
    if nina and (known := [earlier for earlier in before if earlier.body["person"]["nina"] == nina]):
        last = max(known, key=rank)
        moved = rank(hire) > rank(last) and hire.body["payer_id"] != last.body["payer_id"]
        return Request("transferred" if moved else "already_registered")
    alike = [e for e in before if likeness(e) == likeness(hire) and not (nina and e.body["person"]["nina"])]
    return Request("registered", (ALIKE,) if alike else ())


def rank(hire: Reading) -> tuple[str, str, str]:
    """Return what decides which of a person's hires is the latest (DEF-034)."""
    return hire.body["hired_on"], hire.body["payer_id"], hire.body["request_id"]
