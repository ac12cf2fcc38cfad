"""Which JSON values fit the inbound topics, typed in from events.md: its fields, its sets, its bounds."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

Check = Callable[[Any], Any]


class Mismatch(Exception):
    """A JSON value that does not fit its schema."""


def text(pattern: str | None = None) -> Check:
    """Check a text, without U+0000 or an unpaired surrogate."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or "\0" in value or re.search("[\ud800-\udfff]", value):
            raise Mismatch(value)
        if pattern is not None and not re.fullmatch(pattern, value):
            raise Mismatch(value)
        return value

    return check


def integer(low: int, high: int) -> Check:
    """Check a JSON integer between two bounds, both allowed."""

    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise Mismatch(value)
        return value

    return check


def day(value: Any) -> str:
    """Check a calendar date."""
    found = str(text("[0-9]{4}-[0-9]{2}-[0-9]{2}")(value))
    try:
        date.fromisoformat(found)
    except ValueError as fault:
        raise Mismatch(value) from fault
    return found


def one_of(*values: str) -> Check:
    """Check a closed set of texts."""
    return text("|".join(values))


def maybe(check: Check) -> Check:
    """Let a field be null or left out."""
    return lambda value: None if value is None else check(value)


def fields(**checks: Check) -> Check:
    """Check an object by its known fields."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Mismatch(value)
        return {name: inner(value.get(name)) for name, inner in checks.items()}

    return check


def some(inner: Check, most: int, least: int = 0) -> Check:
    """Check an array of at most and at least so many."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise Mismatch(value)
        return [inner(item) for item in value]

    return check


def also(inner: Check, holds: Callable[[dict[str, Any]], bool]) -> Check:
    """Check an object, then what its fields owe one another."""

    def check(value: Any) -> Any:
        found = inner(value)
        if not holds(found):
            raise Mismatch(value)
        return found

    return check


IDENTIFIER = text("[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
PERIOD = text("[0-9]{4}-(0[1-9]|1[0-2])")
AMOUNT, TOTAL = 10**12, 10**15

SCHEMAS: dict[str, Check] = {
    "affiliation-requested": fields(
        request_id=IDENTIFIER,
        payer_id=IDENTIFIER,
        payer_kind=one_of("state", "local_authority", "private_employer", "pension_body", "self_employed"),
        name=text(),
        territory_code=text("[0-9]{2}([0-9]{2}([0-9]{3})?)?"),
        filing_frequency=one_of("monthly", "quarterly"),
        affiliated_on=day,
        closed_on=maybe(day),
    ),
    "registration-requested": fields(
        request_id=IDENTIFIER,
        payer_id=IDENTIFIER,
        person=fields(
            family_name=text(),
            given_names=text(),
            birth_date=day,
            sex=one_of("F", "M"),
            nina=maybe(text("[0-9]{14}[A-Z]")),
        ),
        hired_on=day,
        category=one_of("civil_servant", "military", "worker", "pensioner", "voluntary"),
    ),
    "payroll-declared": also(
        fields(
            declaration_id=IDENTIFIER,
            payer_id=IDENTIFIER,
            period=PERIOD,
            part=integer(1, 1000),
            parts=integer(1, 1000),
            replaces=maybe(IDENTIFIER),
            totals=fields(lines=integer(0, TOTAL), base_xof=integer(-TOTAL, TOTAL)),
            lines=some(
                fields(line_no=integer(1, TOTAL), insured_number=IDENTIFIER, base_xof=integer(-AMOUNT, AMOUNT)), 1000
            ),
        ),
        lambda body: body["part"] <= body["parts"],
    ),
    "payment-reported": also(
        fields(
            payment_id=IDENTIFIER,
            payer_id=maybe(IDENTIFIER),
            reference=maybe(text()),
            amount_xof=integer(1, AMOUNT),
            paid_on=day,
            channel=one_of("treasury", "bank", "mobile_money", "cash", "cheque"),
            period=maybe(PERIOD),
            reverses=maybe(IDENTIFIER),
        ),
        lambda body: body["payer_id"] is not None or body["reference"] is not None,
    ),
    "care-form-submitted": fields(
        form_serial=IDENTIFIER,
        insured_number=IDENTIFIER,
        provider_id=IDENTIFIER,
        provider_kind=one_of("cscom", "csref", "hospital", "clinic", "pharmacy", "laboratory"),
        prescriber_code=maybe(text()),
        care_kind=one_of("ambulatory", "hospital"),
        care_on=day,
        submitted_on=day,
        authorisation=maybe(text()),
        lines=some(
            fields(
                line_no=integer(1, TOTAL),
                act_code=IDENTIFIER,
                quantity=integer(-(10**4), 10**4),
                unit_price_xof=integer(-(10**9), 10**9),
            ),
            1000,
            1,
        ),
    ),
}
