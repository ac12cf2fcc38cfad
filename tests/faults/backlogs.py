"""Backlogs of every kind to be drained, each as large as is asked: what waits while nobody reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import confluent_kafka

from bench.made import declared, log_normal
from tests.builders import Draft, affiliation, care_form, declaration, hire, payment
from tests.making.drafts import draft


def lines(count: int) -> Iterator[Draft]:
    """Declarations of many payers in parts of a thousand lines: `count` lines."""
    payers = log_normal(count)
    for payer in payers:
        yield affiliation(payer.payer_id)
    for made in declared(payers, [0]):
        body = json.loads(made.value)
        said = f"{body['payer_id']}-{body['part']}"
        yield draft(made.topic, body, source="/payroll", at="2026-02-05T08:00:00Z", event_id=said)


def small(count: int) -> Iterator[Draft]:
    """Small records of every kind, each a payer's and a person's of its own: a tenth of `count` of them."""
    for number in range(count // 50):
        payer_id = f"SMALL-{number:07}"
        yield affiliation(payer_id)
        yield hire(payer_id, "H", family_name=f"Nom {number}", given_names=f"Prénom {number}")
        yield declaration(payer_id, "2026-01", [(f"{10**11 + number}", 90_000)])
        yield payment(payer_id, 5_000, payment_id=f"S-{number}")
        yield care_form(f"{10**11 + number}", form_serial=f"S-{number}")


def one_payer(count: int) -> Iterator[Draft]:
    """One payer with a hundredth of `count` payments."""
    yield affiliation("ONE")
    for number in range(count // 100):
        yield payment("ONE", 1_000, payment_id=f"ONE-{number}", paid_on=f"2026-01-{number % 28 + 1:02}")


def refused(count: int) -> Iterator[Draft]:
    """Records that nobody can read, a twentieth of `count`, of two topics."""
    for number in range(count // 40):
        for good in (payment("P", 1, payment_id=f"R-{number}"), care_form("1", form_serial=f"R-{number}")):
            yield good.broken("invalid-json", value=b"{" + b" " * 500)


KINDS: dict[str, Callable[[int], Iterator[Draft]]] = {
    "lines": lines,
    "small": small,
    "one payer": one_payer,
    "refused": refused,
}


def fill(bootstrap: str, drafts: Iterator[Draft]) -> int:
    """Publishes them all, acknowledged; how many they were."""
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4", "message.max.bytes": 4 << 20}
    )
    count = 0
    for one in drafts:
        count += 1
        while True:
            try:
                producer.produce(one.topic, one.value, one.key, headers=list(one.headers))
                break
            except BufferError:
                producer.poll(0.2)
    assert producer.flush(120) == 0, "not all of it was acknowledged"
    return count
