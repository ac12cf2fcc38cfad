"""Facts made of an expectation, as a product might have published them: for tests of what reads facts."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests.recount.state import Key, PublishedRecord, State

START = datetime(2026, 5, 1, tzinfo=UTC)
SAYS = {"fr": "fr", "en": "en"}
DATED = {"person-registered": "registered_on", "form-liquidated": "liquidated_on"}  # by their knowledge time


def published(state: State) -> Iterator[PublishedRecord]:
    """Yield the facts of a state, all dues before any receipt, and one knowledge time a cause, a second apart."""
    offsets = count()
    for second, cause in enumerate(causes(state)):
        at = (START + timedelta(seconds=second)).isoformat()
        for topic, key, body in cause:
            offset = next(offsets)
            attributes = {
                "specversion": "1.0",
                "id": f"fact-{offset}",
                "source": "/made",
                "type": f"ml.recouvra.{topic}.v1",
                "time": at,
            }
            if topic in DATED:
                body = dict(body) | {DATED[topic]: at[:10]}
            headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
            yield PublishedRecord(topic, 0, offset, key.encode(), json.dumps(body).encode(), headers)


def causes(state: State) -> Iterator[list[tuple[str, str, Mapping[str, Any]]]]:
    """Yield the facts, as (topic, key, body), that share a knowledge time."""
    for payer_id, row in state.affiliations.items():
        yield [("payer-affiliated", payer_id, row)]
    yield from register(state)
    for serial, forms in state.forms.items():
        for form in forms:
            yield [("form-liquidated", form.insured_number, form.__dict__ | {"form_serial": serial})]
    for (payer_id, name), assessed in state.assessments.items():
        body = whose(state, (payer_id, assessed.period)) | assessed.__dict__ | {"declaration_id": name}
        yield [("contribution-assessed", payer_id, body)]
    for (payer_id, name), told in state.answers.items():
        anomalies = [anomaly._asdict() | {"message": SAYS} for anomaly in told.anomalies]
        body = told.__dict__ | {"anomalies": anomalies, "payer_id": payer_id, "declaration_id": name}
        yield [("declaration-answered", payer_id, {f: value for f, value in body.items() if f != "open_lines"})]
    for (topic, partition, offset), letter in state.dead_letters.items():
        where = {"topic": topic, "partition": partition, "offset": offset, "message": SAYS}
        yield [("record-refused", "?", letter.__dict__ | where)]
    for (source, name), placed in state.placements.items():
        what: dict[str, Any] = {
            "payment_source": source,
            "payment_id": name,
            "received_on": placed.paid_on,
            "channel": placed.channel,
        }
        held: list[tuple[str, str, str | None, int]] = [
            ("credit", owner, owner, xof) for owner, xof in placed.credit.items()
        ]
        if placed.suspense_xof:
            held.append(("suspense", *(placed.sent_as or ("?", None)), placed.suspense_xof))
        yield [
            *(
                ("contribution-received", pair[0], what | whose(state, pair) | {"received_xof": amount})
                for pair, amount in placed.received.items()
            ),
            *(
                ("payment-held", key, what | {"payer_id": owner, "held_as": held_as, "held_xof": amount})
                for held_as, key, owner, amount in held
            ),
        ]


def drawn(payer_id: str, request_id: str) -> str:
    """Return the insured number that a hire is given here, with its check key (DEF-014)."""
    digits = zlib.crc32(f"{payer_id} {request_id}".encode())
    return f"{digits:010}{97 - digits % 97:02}"


def register(state: State) -> Iterator[list[tuple[str, str, Mapping[str, Any]]]]:
    """Yield the facts about persons, and the answers to hires."""
    numbers = {name: drawn(*min(hires)) for hires in state.persons for name in hires}
    nobody = {"role": "insured", "principal_number": None, "relationship": None}
    for hires, person in state.persons.items():
        number = drawn(*min(hires))
        yield [("person-registered", number, person.__dict__ | nobody | {"insured_number": number})]
    for (payer_id, request_id), told in state.requests.items():
        anomalies = [anomaly._asdict() | {"message": SAYS} for anomaly in told.anomalies]
        named = {"payer_id": payer_id, "request_id": request_id, "insured_number": numbers.get((payer_id, request_id))}
        yield [("registration-answered", payer_id, named | {"outcome": told.outcome, "anomalies": anomalies})]


def whose(state: State, name: Key) -> dict[str, Any]:
    """Return what every fact of a pair says of it."""
    pair = state.pairs[name]
    return {
        "payer_id": name[0],
        "period": name[1],
        "payer_kind": pair.payer_kind,
        "territory_code": pair.territory_code,
    }
