"""Records that no service can take in: every reason code, in the ways in which publishers go wrong."""

from __future__ import annotations

from tests.making.drafts import Draft, Headers, as_json
from tests.making.records import affiliation, declaration, hire, payment

OVERSIZED = 1_048_577


def poison(payer_id: str = "P1", tag: str = "1") -> list[Draft]:
    """Return poison for each inbound topic, under the payer's key; each draft's `why` begins with its reason code.

    None of it claims an identity, so it may stand anywhere among good records.
    """
    goods = [
        affiliation(payer_id, request_id=f"poison-{tag}"),
        hire(payer_id, f"poison-{tag}"),
        declaration(payer_id, "2025-12", [("1", 90_000)], declaration_id=f"poison-{tag}"),
        payment(payer_id, 1_000, payment_id=f"poison-{tag}"),
    ]
    return [bad for good in goods for bad in (*common(good), *misfits(good))]


def common(good: Draft) -> list[Draft]:
    """Return what any topic refuses, whatever its schema."""
    structured = (("content-type", b"application/cloudevents+json"),)
    attributes = {
        "specversion": "1.0",
        "id": good.envelope.event_id,
        "source": good.envelope.source,
        "type": good.envelope.type,
        "time": good.envelope.at,
        "data": dict(good.body),
    }
    newer = good.envelope.type.replace(".v1", ".v9").encode()
    nameless = as_json({name: value for name, value in attributes.items() if name != "id"})
    return [
        good.broken("oversized", value=as_json(dict(good.body) | {"filler": "x" * OVERSIZED})),
        *(good.broken(f"missing-envelope: {why}", headers=headers) for why, headers in bad_headers(good)),
        good.broken("missing-envelope: structured without id", headers=structured, value=nameless),
        good.broken("unsupported-type: v9", headers=with_header(good, "ce_type", newer)),
        good.broken("unsupported-type: structured", headers=structured, value=as_json(attributes | {"type": "x"})),
        good.broken("invalid-json: tombstone", value=None),
        good.broken("invalid-json: empty", value=b""),
        good.broken("invalid-json: cut off", value=as_json(dict(good.body))[:-2]),
        good.broken("invalid-json: Latin-1", value=b'{"name": "Kay\xe9s"}'),
        good.broken("invalid-json: NaN", value=b'{"amount_xof": NaN}'),
        good.broken("invalid-json: structured envelope", headers=structured, value=b"{"),
        good.broken("schema-mismatch: an array", value=b"[]"),
        good.broken("schema-mismatch: empty object", value=b"{}"),
        good.broken("schema-mismatch: another key", key=b"somebody-else"),
        good.broken("schema-mismatch: structured data", headers=structured, value=as_json(attributes | {"data": []})),
    ]


def bad_headers(good: Draft) -> list[tuple[str, Headers]]:
    """Return sets of headers that make no envelope, each with what is wrong."""
    return [
        ("no headers", ()),
        ("no source", tuple(h for h in good.headers if h[0] != "ce_source")),
        ("null id", with_header(good, "ce_id", None)),
        ("long id", with_header(good, "ce_id", b"x" * 65)),
        ("old version", with_header(good, "ce_specversion", b"0.3")),
        ("no zone", with_header(good, "ce_time", b"2026-02-05T08:00:00")),
        ("a time before 2000", with_header(good, "ce_time", b"1999-12-31T23:59:59Z")),
        ("a time after 2099", with_header(good, "ce_time", b"2099-12-31T23:30:00-01:00")),
        ("no time at all", with_header(good, "ce_time", b"yesterday")),
        ("undecodable id", with_header(good, "ce_id", b"\xff\xfe")),
    ]


def with_header(good: Draft, name: str, value: bytes | None) -> Headers:
    """Return a draft's headers with one of them replaced."""
    return tuple((known, value if known == name else kept) for known, kept in good.headers)


def misfits(good: Draft) -> list[Draft]:
    """Return JSON that does not fit the schema of its topic."""
    body = dict(good.body)
    changes: dict[str, list[dict[str, object]]] = {
        "affiliation-requested": [
            {"payer_kind": "church"},
            {"territory_code": "1"},
            {"territory_code": "010"},
            {"affiliated_on": "2020-02-30"},
            {"name": "a\0b"},
            {"name": None},
        ],
        "registration-requested": [
            {"hired_on": "01/02/2020"},
            {"category": "soldier"},
            {"person": {**body.get("person", {}), "nina": "123"}},
            {"person": {**body.get("person", {}), "sex": "X"}},
            {"person": "Awa"},
        ],
        "payroll-declared": [
            {"part": 2},
            {"parts": 1_001},
            {"period": "2025-13"},
            {"totals": {"lines": "1", "base_xof": 90_000}},
            {"lines": [{"line_no": 1, "insured_number": "1", "base_xof": 90_000.0}]},
            {"lines": [{"line_no": 1, "insured_number": "1", "base_xof": 10**12 + 1}]},
            {"lines": [{"line_no": True, "insured_number": "1", "base_xof": 90_000}]},
            {"lines": [{"line_no": n, "insured_number": str(n), "base_xof": 0} for n in range(1, 1_002)]},
            {"declaration_id": "-starts-wrong"},
            {"declaration_id": "x" * 65},
        ],
        "payment-reported": [
            {"amount_xof": 0},
            {"amount_xof": "1000"},
            {"amount_xof": 1_000.5},
            {"amount_xof": 10**12 + 1},
            {"channel": "barter"},
            {"payer_id": None, "reference": None},
            {"paid_on": "2026-2-1"},
        ],
    }
    return [
        good.broken(f"schema-mismatch: {', '.join(change)}", value=as_json(body | change))
        for change in changes[good.topic]
    ]
