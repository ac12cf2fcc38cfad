"""Faults of what is published: records at the limits and beyond, bytes that are nothing, floods of them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import confluent_kafka

from tests.builders import Draft, affiliation, care_form, declaration, hire, payment
from tests.faults.fault import fault
from tests.faults.trial import Trial
from tests.stack.running import stack_kafka
from tests.standing.polling import turn

ROOT = Path(__file__).parents[2]
LIMIT_BYTES = 1_048_576
PAYMENTS, PARTITIONS = "payment-reported", 6
PATIENCE_SECONDS = 90


@fault("odd records")
async def odd_records(trial: Trial) -> None:
    """On every inbound topic what publishers get wrong at the limits, amid sound records; one of 1 MiB is sound."""
    goods = _goods(uuid4().hex[:8])
    drafts = [draft for good in goods for draft in _odd(good)]
    trial.dice.shuffle(drafts)
    await trial.load.send(drafts)


@fault("header keys that are not UTF-8")
async def misspelt_keys(trial: Trial) -> None:
    """On every inbound topic, in one batch with sound records before and behind, and on all partitions."""
    bootstrap = stack_kafka(await trial.stack.ready())
    by_topic: dict[str, list[tuple[int, Draft, bool]]] = {}
    for partition in range(3):
        for good in _goods(uuid4().hex[:8]):
            bad = good.again(event_id=uuid4().hex)
            records = by_topic.setdefault(good.topic, [])
            records += [(partition, good, False), (partition, bad, True), (partition, good, False)]
    for records in by_topic.values():
        await asyncio.to_thread(_publish_misspelt, bootstrap, records)


@fault("poison flood", times=1)
async def poison_flood(trial: Trial) -> None:
    """Ten thousand records that nobody can read on one partition; what is sound on the others goes on meanwhile."""
    await flooded(10_000, trial)


async def flooded(count: int, trial: Trial) -> None:
    """So many records that nobody can read on one partition, then sound ones on the others.

    Raises AssertionError where those are not taken in.
    """
    bootstrap = stack_kafka(await trial.stack.ready())
    tag, flooded_one = uuid4().hex[:8], trial.dice.randrange(PARTITIONS)
    await asyncio.to_thread(_flood, bootstrap, flooded_one, count, tag)
    began = time.monotonic()
    sound = [payment(f"BESIDE-{tag}-{n % 5}", 100 + n, payment_id=f"BESIDE-{tag}-{n}") for n in range(60)]
    await asyncio.to_thread(_on_others, bootstrap, flooded_one, sound)
    wanted = {draft.body["payment_id"] for draft in sound}
    while True:
        rows = await trial.stack.sql(
            "contributions", "select payment_id from payment where payment_id like $1", f"BESIDE-{tag}-%"
        )
        taken, after = {row["payment_id"] for row in rows}, time.monotonic() - began
        if taken >= wanted:
            break
        assert after < PATIENCE_SECONDS, f"of {len(wanted)} sound payments {len(taken)} were taken in"
        await turn(0.05)
    (done,) = await trial.stack.sql(
        "contributions",
        "select count(*) as letters from dead_letter where topic = $1 and value like $2",
        PAYMENTS,
        f"{{ {tag} %".encode(),
    )
    print(f"poison flood: what is beside it was in after {after:.1f} s, {count - done['letters']} of it still unread")


def _goods(tag: str) -> list[Draft]:
    """A sound record of each inbound topic, of a payer of whom nobody else speaks: they may stand on any partition."""
    payer_id = f"ODD-{tag}"
    return [
        affiliation(payer_id),
        hire(payer_id, "H1", family_name=f"Impair-{tag}", given_names=tag),
        declaration(payer_id, "2025-12", [("1", 90_000)]),
        payment(payer_id, 1_000, payment_id=f"odd-{tag}"),
        care_form("100000000001", form_serial=f"odd-{tag}"),
    ]


def _odd(good: Draft) -> list[Draft]:
    """What is refused, and in the end one record as large as is read, which counts."""
    value = good.value or b""
    return [
        good.broken("oversized: by a byte", value=value.ljust(LIMIT_BYTES + 1)),
        good.broken("oversized: near what the topic takes", value=os.urandom(4_000_000)),
        good.broken("invalid-json: empty", value=b""),
        good.broken("invalid-json: tombstone", value=None),
        good.broken("invalid-json: as large as is read", value=b" " * LIMIT_BYTES),
        good.broken("schema-mismatch: no key", key=None),
        good.broken("schema-mismatch: empty key", key=b""),
        good.broken("schema-mismatch: a key that is no text", key=b"\xff\x00\xfe"),
        good.broken("missing-envelope: null header values", headers=tuple((name, None) for name, _ in good.headers)),
        good.broken("missing-envelope: odd header values", headers=(("ce_id", b"\xff\xfe"), ("", b""), ("é", b"\0"))),
        good.broken("", value=value.ljust(LIMIT_BYTES)),
        good,
    ]


def _publish_misspelt(bootstrap: str, records: Sequence[tuple[int, Draft, bool]]) -> None:
    """Publishes drafts of one topic on these partitions, a batch each; some with one more header, no text its key."""

    def encoded(raw: bytes | None) -> str:
        return base64.b64encode(raw or b"").decode()

    lines = [
        json.dumps(
            [
                partition,
                encoded(draft.key),
                encoded(draft.value),
                [[name, encoded(value)] for name, value in draft.headers],
                misspelt,
            ]
        )
        for partition, draft, misspelt in records
    ]
    subprocess.run(
        [sys.executable, "-m", "tests.servers.till.misspelt", bootstrap, records[0][1].topic],
        input="\n".join(lines).encode(),
        env={**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1", "PYTHONPATH": str(ROOT)},
        check=True,
    )


def _flood(bootstrap: str, partition: int, count: int, tag: str) -> None:
    """Every other one has a sound envelope, and none a sound value."""
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "linger.ms": 20})
    for number in range(count):
        producer.poll(0)
        said = payment("P0001", 1, payment_id=f"FLOOD-{tag}-{number}")
        headers: list[tuple[str, str | bytes | None]] = list(said.headers[number % 2 :])
        producer.produce(PAYMENTS, f"{{ {tag} {number}".encode(), said.key, partition, headers=headers)
    assert producer.flush(60) == 0, "the flood was not acknowledged"


def _on_others(bootstrap: str, flooded: int, drafts: Sequence[Draft]) -> None:
    """Publishes drafts in turn on all partitions but one: whoever publishes may hash as they like."""
    places = [number for number in range(PARTITIONS) if number != flooded]
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap})
    for number, draft in enumerate(drafts):
        producer.produce(draft.topic, draft.value, draft.key, places[number % 5], headers=list(draft.headers))
    assert producer.flush(60) == 0, "not all of it was acknowledged"
