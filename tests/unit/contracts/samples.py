"""One value of every event, as a publisher might write it, and records that carry them."""

import json
from collections.abc import Mapping
from typing import Any

from recouvra.contracts.record import Record
from recouvra.contracts.topics import EVENTS

MESSAGE = {"fr": "À vérifier.", "en": "To be checked."}
_PAYER = {"payer_id": "CT-BAMAKO", "payer_kind": "local_authority", "territory_code": "0901"}
_PAYMENT = {"payment_source": "/treasury", "payment_id": "PAY-1", "received_on": "2026-03-10", "channel": "treasury"}
_FORM = {
    "form_serial": "F-1",
    "insured_number": "123456789048",
    "provider_id": "PH-1",
    "provider_kind": "pharmacy",
    "care_kind": "ambulatory",
    "care_on": "2026-01-05",
    "submitted_on": "2026-01-07",
}

SAMPLES: dict[str, dict[str, Any]] = {
    "affiliation-requested": _PAYER
    | {
        "request_id": "R-1",
        "name": "Commune de Bamako",
        "filing_frequency": "monthly",
        "affiliated_on": "2011-01-01",
        "closed_on": None,
    },
    "registration-requested": {
        "request_id": "R-2",
        "payer_id": "CT-BAMAKO",
        "person": {
            "family_name": "Traoré",
            "given_names": "Aïssata",
            "birth_date": "1990-02-28",
            "sex": "F",
            "nina": "12345678901234A",
        },
        "hired_on": "2020-01-01",
        "category": "worker",
    },
    "payroll-declared": {
        "declaration_id": "D-1",
        "payer_id": "CT-BAMAKO",
        "period": "2026-01",
        "part": 1,
        "parts": 1,
        "replaces": None,
        "totals": {"lines": 2, "base_xof": 140_000},
        "lines": [
            {"line_no": 1, "insured_number": "123456789048", "base_xof": 40_000},
            {"line_no": 2, "insured_number": "whoever", "base_xof": 100_000},
        ],
    },
    "payment-reported": {
        "payment_id": "PAY-1",
        "payer_id": "CT-BAMAKO",
        "reference": "virement n° 7",
        "amount_xof": 2_000_000,
        "paid_on": "2026-03-10",
        "channel": "treasury",
        "period": "2026-02",
        "reverses": None,
    },
    "care-form-submitted": _FORM
    | {
        "prescriber_code": None,
        "authorisation": None,
        "lines": [{"line_no": 1, "act_code": "PARA-500", "quantity": 2, "unit_price_xof": 750}],
    },
    "payer-affiliated": _PAYER
    | {"name": "Commune de Bamako", "filing_frequency": "monthly", "affiliated_on": "2011-01-01", "closed_on": None},
    "person-registered": _PAYER
    | {
        "insured_number": "123456789048",
        "role": "insured",
        "principal_number": None,
        "category": "worker",
        "birth_year": 1990,
        "sex": "F",
        "registered_on": "2020-01-02",
        "relationship": None,
    },
    "registration-answered": {
        "request_id": "R-2",
        "payer_id": "CT-BAMAKO",
        "outcome": "rejected",
        "insured_number": None,
        "anomalies": [
            {"code": "hire-in-future", "field": "/hired_on", "received": "2030-01-01", "expected": None}
            | {"message": MESSAGE}
        ],
    },
    "contribution-assessed": _PAYER
    | {
        "period": "2026-01",
        "declaration_id": "D-1",
        "basis": "replacement",
        "assessed_xof": -3_016,
        "insured_share_xof": -1_224,
        "payer_share_xof": -1_792,
        "line_count": -1,
        "filed_on": "2026-02-01",
        "due_on": "2026-02-15",
    },
    "contribution-received": _PAYER | _PAYMENT | {"period": "2026-02", "received_xof": -2_000_000},
    "payment-held": _PAYMENT | {"payer_id": "CT-BAMAKO", "held_as": "credit", "held_xof": 984_000},
    "declaration-answered": {
        "declaration_id": "D-1",
        "payer_id": "CT-BAMAKO",
        "period": "2026-01",
        "outcome": "accepted_with_anomalies",
        "lines_received": 2,
        "lines_accepted": 2,
        "lines_rejected": 0,
        "assessed_xof": 10_556,
        "due_on": "2026-02-15",
        "anomalies": [
            {"line_no": 2, "code": "unknown-insured", "field": "/lines/insured_number", "received": "whoever"}
            | {"expected": None, "message": MESSAGE}
        ],
    },
    "record-refused": {
        "service": "contributions",
        "topic": "payment-reported",
        "partition": 3,
        "offset": 41,
        "source": "/treasury",
        "event_id": None,
        "reason": "invalid-json",
        "message": MESSAGE,
    },
    "form-liquidated": _FORM
    | {
        "payer_id": "CT-BAMAKO",
        "liquidated_on": "2026-01-08",
        "claimed_xof": 1_500,
        "accepted_xof": 1_500,
        "fund_share_xof": 1_050,
        "co_payment_xof": 450,
        "outcome": "accepted",
        "reasons": [],
        "review_flags": [],
    },
    "rights-changed": {
        "insured_number": "123456789048",
        "status": "open",
        "effective_on": "2026-07-01",
        "reason": "six-months",
    },
}

KEYS = {topic: b"CT-BAMAKO" for topic in EVENTS} | {
    topic: b"123456789048"
    for topic in ("care-form-submitted", "person-registered", "form-liquidated", "rights-changed")
}


def attributes(topic: str, **changed: Any) -> dict[str, Any]:
    """Make the attributes of a sound envelope, some of them changed; one that is None is left out."""
    sound = {
        "specversion": "1.0",
        "id": "0199-abc",
        "source": "/payroll/sage-ml/acme",
        "type": f"ml.recouvra.{topic}.v1",
        "time": "2026-02-01T08:30:00Z",
    }
    return {name: value for name, value in (sound | changed).items() if value is not None}


def binary(topic: str, value: bytes | Mapping[str, Any] | None = None, **changed: Any) -> Record:
    """Make a record in binary mode: a topic's sample, or another value; `changed` is of the envelope.

    An attribute may be given as bytes, or as a list of what the header says each time it is repeated.
    """
    headers: list[tuple[str, bytes | None]] = []
    for name, text in attributes(topic, **changed).items():
        for one in text if isinstance(text, list) else [text]:
            headers.append((f"ce_{name}", one.encode() if isinstance(one, str) else one))
    return Record(topic, 0, 7, KEYS[topic], _bytes(topic, value), tuple(headers))


def structured(topic: str, value: bytes | Mapping[str, Any] | None = None, **changed: Any) -> Record:
    """Make a record in structured mode: an envelope with a topic's sample as its data, or another whole value."""
    if value is None:
        value = attributes(topic, **({"data": SAMPLES[topic]} | changed))
    headers = (("content-type", b"application/cloudevents+json"),)
    return Record(topic, 0, 7, KEYS[topic], _bytes(topic, value), headers)


def _bytes(topic: str, value: bytes | Mapping[str, Any] | None) -> bytes:
    if isinstance(value, bytes):
        return value
    return json.dumps(SAMPLES[topic] if value is None else value).encode()
