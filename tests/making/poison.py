"""Records that no service can take in: every reason code, in the ways in which publishers go wrong."""

from __future__ import annotations

from collections.abc import Callable

from tests.making.drafts import Draft, Headers, as_json
from tests.making.records import affiliation, care_form, declaration, hire, payment

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
        care_form("100000000001", form_serial=f"poison-{tag}"),
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
    return [
        *(
            good.broken(f"schema-mismatch: {', '.join(change)}", value=as_json(body | change))
            for change in CHANGES[good.topic]
        ),
        *(
            good.broken(f"schema-mismatch: no {name}", value=as_json({n: v for n, v in body.items() if n != name}))
            for name in body
            if name not in OPTIONAL
        ),
        good.broken("schema-mismatch: an unpaired surrogate", value=SURROGATE[good.topic](good)),
    ]


def with_surrogate(name: str) -> Callable[[Draft], bytes]:
    """Return what writes half a character into a text field of a draft, as JSON can."""
    return lambda good: as_json(dict(good.body) | {name: "HERE"}).replace(b"HERE", b"\\ud800")


SURROGATE: dict[str, Callable[[Draft], bytes]] = {
    "affiliation-requested": with_surrogate("name"),
    "registration-requested": with_surrogate("request_id"),
    "payroll-declared": with_surrogate("replaces"),
    "payment-reported": with_surrogate("reference"),
    "care-form-submitted": with_surrogate("authorisation"),
}
OPTIONAL = ("closed_on", "replaces", "payer_id", "reference", "period", "reverses", "prescriber_code", "authorisation")
AWA = {"family_name": "Traoré", "given_names": "Awa", "birth_date": "1985-04-12", "sex": "F"}
LINE = {"line_no": 1, "insured_number": "1", "base_xof": 90_000}
ACT = {"line_no": 1, "act_code": "A", "quantity": 1, "unit_price_xof": 500}
CHANGES: dict[str, list[dict[str, object]]] = {
    "affiliation-requested": [
        {"payer_kind": "church"},
        {"territory_code": "1"},
        {"territory_code": "010"},
        {"territory_code": "01\n"},
        {"affiliated_on": "2020-02-30"},
        {"closed_on": "2020"},
        {"filing_frequency": "yearly"},
        {"name": "a\0b"},
        {"name": None},
        {"request_id": "é"},
    ],
    "registration-requested": [
        {"hired_on": "01/02/2020"},
        {"category": "soldier"},
        {"person": AWA | {"nina": "123"}},
        {"person": AWA | {"nina": "12345678901234a"}},
        {"person": AWA | {"sex": "X"}},
        {"person": AWA | {"birth_date": "2021-02-29"}},
        {"person": AWA | {"family_name": None}},
        {"person": "Awa"},
    ],
    "payroll-declared": [
        {"part": 2},
        {"part": 0},
        {"parts": 1_001},
        {"period": "2025-13"},
        {"period": "2025-00"},
        {"totals": {"lines": "1", "base_xof": 90_000}},
        {"totals": {"lines": 1, "base_xof": 10**15 + 1}},
        {"totals": {"lines": 1}},
        {"lines": None},
        {"lines": [LINE | {"base_xof": 90_000.0}]},
        {"lines": [LINE | {"base_xof": 10**12 + 1}]},
        {"lines": [LINE | {"base_xof": -(10**12) - 1}]},
        {"lines": [LINE | {"line_no": True}]},
        {"lines": [LINE | {"line_no": 0}]},
        {"lines": [LINE | {"insured_number": 1}]},
        {"lines": [LINE | {"line_no": n, "insured_number": str(n)} for n in range(1, 1_002)]},
        {"declaration_id": "-starts-wrong"},
        {"declaration_id": "x" * 65},
        {"replaces": ""},
    ],
    "payment-reported": [
        {"amount_xof": 0},
        {"amount_xof": -5},
        {"amount_xof": "1000"},
        {"amount_xof": 1_000.5},
        {"amount_xof": True},
        {"amount_xof": 10**12 + 1},
        {"channel": "barter"},
        {"payer_id": None, "reference": None},
        {"paid_on": "2026-2-1"},
        {"period": "2026-1"},
        {"reverses": "a b"},
    ],
    "care-form-submitted": [
        {"lines": []},
        {"lines": [ACT | {"line_no": n} for n in range(1, 1_002)]},
        {"lines": [ACT | {"quantity": 10_001}]},
        {"lines": [ACT | {"quantity": 1.5}]},
        {"lines": [ACT | {"quantity": "1"}]},
        {"lines": [ACT | {"unit_price_xof": 10**9 + 1}]},
        {"lines": [ACT | {"unit_price_xof": -(10**9) - 1}]},
        {"lines": [ACT | {"act_code": None}]},
        {"lines": [ACT | {"line_no": 0}]},
        {"provider_kind": "marabout"},
        {"care_kind": "dental"},
        {"care_on": "2026-02-31"},
        {"submitted_on": None},
        {"prescriber_code": 12},
        {"form_serial": "x" * 65},
        {"authorisation": "a\0b"},
    ],
}
