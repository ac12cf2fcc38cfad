"""One builder for each inbound event, with defaults that make a valid record of a small local authority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.making.drafts import Draft, draft

Line = tuple[str, int] | Mapping[str, Any]


def month_after(period: str, months: int = 1) -> str:
    """Return the period so many months later."""
    count = int(period[:4]) * 12 + int(period[5:]) - 1 + months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def affiliation(
    payer_id: str = "P1",
    *,
    payer_kind: str = "local_authority",
    name: str | None = None,
    territory_code: str = "0101001",
    filing_frequency: str = "monthly",
    affiliated_on: str = "2020-01-01",
    closed_on: str | None = None,
    request_id: str | None = None,
    source: str = "/register",
    at: str = "2020-01-01T08:00:00Z",
    **envelope: Any,
) -> Draft:
    """Return an `affiliation-requested`."""
    body = {
        "request_id": request_id or f"A-{payer_id}",
        "payer_id": payer_id,
        "payer_kind": payer_kind,
        "name": name or f"Mairie de {payer_id}",
        "territory_code": territory_code,
        "filing_frequency": filing_frequency,
        "affiliated_on": affiliated_on,
        "closed_on": closed_on,
    }
    return draft("affiliation-requested", body, source=source, at=at, **envelope)


def hire(
    payer_id: str = "P1",
    request_id: str = "H1",
    *,
    family_name: str = "Traoré",
    given_names: str = "Awa",
    birth_date: str = "1985-04-12",
    sex: str = "F",
    nina: str | None = None,
    hired_on: str = "2020-01-01",
    category: str = "worker",
    source: str = "/personnel",
    at: str = "2020-01-02T08:00:00Z",
    **envelope: Any,
) -> Draft:
    """Return a `registration-requested`; without a NINA the field is left out."""
    person = {"family_name": family_name, "given_names": given_names, "birth_date": birth_date, "sex": sex}
    body = {
        "request_id": request_id,
        "payer_id": payer_id,
        "person": person if nina is None else person | {"nina": nina},
        "hired_on": hired_on,
        "category": category,
    }
    return draft("registration-requested", body, source=source, at=at, **envelope)


def declaration(
    payer_id: str = "P1",
    period: str = "2026-01",
    lines: Sequence[Line] = (),
    *,
    declaration_id: str | None = None,
    replaces: str | None = None,
    part: int = 1,
    parts: int = 1,
    totals: Mapping[str, int] | None = None,
    source: str | None = None,
    at: str | None = None,
    **envelope: Any,
) -> Draft:
    """Return a `payroll-declared` of one part.

    A line is (insured number, base) and is numbered from 1, or the whole object; totals follow from the lines;
    `ce_time` is the 5th of the month after the period.
    """
    made: list[dict[str, Any]] = [
        dict(line) if isinstance(line, Mapping) else {"line_no": number, "insured_number": line[0], "base_xof": line[1]}
        for number, line in enumerate(lines, 1)
    ]
    body = {
        "declaration_id": declaration_id or f"D-{period}",
        "payer_id": payer_id,
        "period": period,
        "part": part,
        "parts": parts,
        "replaces": replaces,
        "totals": totals or {"lines": len(made), "base_xof": sum(line["base_xof"] for line in made)},
        "lines": made,
    }
    sent_at = at or f"{month_after(period)}-05T08:00:00Z"
    return draft("payroll-declared", body, source=source or f"/payroll/{payer_id}", at=sent_at, **envelope)


def split(whole: Draft, parts: int) -> list[Draft]:
    """Return a declaration in so many parts, in their order; each part is an event of its own."""
    lines, size = whole.body["lines"], -(-len(whole.body["lines"]) // parts) or 1
    return [
        draft(
            whole.topic,
            {**whole.body, "part": part, "parts": parts, "lines": lines[(part - 1) * size : part * size]},
            source=whole.envelope.source,
            at=whole.envelope.at,
            structured=whole.envelope.structured,
        )
        for part in range(1, parts + 1)
    ]


def payment(
    payer_id: str | None = "P1",
    amount_xof: int = 100_000,
    *,
    payment_id: str = "V1",
    reference: str | None = None,
    paid_on: str = "2026-02-10",
    channel: str = "treasury",
    period: str | None = None,
    reverses: str | None = None,
    source: str = "/treasury",
    at: str | None = None,
    **envelope: Any,
) -> Draft:
    """Return a `payment-reported`; without a payer it carries a reference, which is its key."""
    body = {
        "payment_id": payment_id,
        "payer_id": payer_id,
        "reference": reference if payer_id or reference else f"REF-{payment_id}",
        "amount_xof": amount_xof,
        "paid_on": paid_on,
        "channel": channel,
        "period": period,
        "reverses": reverses,
    }
    return draft("payment-reported", body, source=source, at=at or f"{paid_on}T16:00:00Z", **envelope)


def reversal(paid: Draft, *, payment_id: str | None = None, at: str | None = None, **changes: Any) -> Draft:
    """Return the reversal of a payment, of the same source; `changes` to its body make it disagree."""
    body = {
        **paid.body,
        "payment_id": payment_id or f"{paid.body['payment_id']}-R",
        "reverses": paid.body["payment_id"],
        "period": None,
        **changes,
    }
    envelope = paid.envelope
    return draft(paid.topic, body, source=envelope.source, at=at or envelope.at, structured=envelope.structured)


def care_form(
    insured_number: str = "100000000001",
    lines: Sequence[tuple[int, int]] = ((1, 4_500),),
    *,
    form_serial: str = "F1",
    provider_id: str = "PRV-1",
    provider_kind: str = "cscom",
    prescriber_code: str | None = None,
    care_kind: str = "ambulatory",
    care_on: str = "2026-02-10",
    submitted_on: str = "2026-02-12",
    authorisation: str | None = None,
    source: str | None = None,
    at: str | None = None,
    **envelope: Any,
) -> Draft:
    """Return a `care-form-submitted`; a line is (quantity, unit price) and is numbered from 1."""
    body = {
        "form_serial": form_serial,
        "insured_number": insured_number,
        "provider_id": provider_id,
        "provider_kind": provider_kind,
        "prescriber_code": prescriber_code,
        "care_kind": care_kind,
        "care_on": care_on,
        "submitted_on": submitted_on,
        "authorisation": authorisation,
        "lines": [
            {"line_no": number, "act_code": f"ACT-{number}", "quantity": quantity, "unit_price_xof": price}
            for number, (quantity, price) in enumerate(lines, 1)
        ],
    }
    sent_at = at or f"{submitted_on}T18:00:00Z"
    return draft("care-form-submitted", body, source=source or f"/provider/{provider_id}", at=sent_at, **envelope)
