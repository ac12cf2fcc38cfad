"""Records that no service can read: one at least for each reason for which a record is set aside unread."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.record import Record
from recouvra.contracts.topics import INBOUND
from recouvra.law.period import first_day
from recouvra.local.demonstration.calendar import periods
from recouvra.local.demonstration.inbound import ROOT, Identity, dice, instant

_TOO_LARGE = 1_048_577
_PAYER = "EMPL-001"


@dataclass(frozen=True, slots=True)
class Poison:
    """A record as a broken publisher sends it: `without` names the header that it forgets; `kind` what it claims."""

    topic: str
    event_id: str
    at: datetime
    key: str
    value: bytes | None
    kind: str | None = None
    without: str | None = None

    @property
    def identity(self) -> Identity:
        """What names it, as far as its envelope tells."""
        return f"{ROOT}/broken", self.event_id

    def record(self) -> Record:
        """The record to publish."""
        source, event_id = self.identity
        said = Envelope(event_id, source, self.kind or INBOUND[self.topic].event_type(), self.at)
        headers = tuple(header for header in binary_headers(said) if header[0] != self.without)
        return Record(self.topic, -1, -1, self.key.encode(), self.value, headers)


def poison() -> Iterator[Poison]:
    """Some for each topic; who reads the dead letters finds each reason. Source: events.md, reason codes."""
    roll = dice("poison")
    for number, (topic, what, value) in enumerate(_values()):
        yield Poison(topic, f"P{number:03}.{what}", _some_day(number, roll), _PAYER, value)
    paid = json.dumps(_payment(1_000)).encode()
    at = _some_day(20, roll)
    yield Poison("payment-reported", "P100.no-time", at, _PAYER, paid, without="ce_time")
    yield Poison("registration-requested", "P101.no-version", at, _PAYER, b"{}", without="ce_specversion")
    yield Poison(
        "payment-reported", "P102.v9", at + timedelta(hours=1), _PAYER, paid, "ml.recouvra.payment-reported.v9"
    )
    yield Poison("care-form-submitted", "P103.of-another-topic", at, _PAYER, paid, "ml.recouvra.payment-reported.v1")


def _values() -> Iterator[tuple[str, str, bytes | None]]:
    """Topic, what is wrong, and the value."""
    cut_off = json.dumps(_payment(2_000)).encode()[:-3]
    yield "payroll-declared", "oversized", b'{"filler": "' + b"x" * _TOO_LARGE + b'"}'
    yield "payment-reported", "cut-off", cut_off
    yield "payment-reported", "latin-1", '{"reference": "règlement"}'.encode("latin-1")
    yield "payroll-declared", "empty", None
    yield "affiliation-requested", "not-an-object", b"[]"
    yield "registration-requested", "cut-off", b'{"request_id": "H1", '
    yield "payment-reported", "fraction", json.dumps(_payment(1_500.5)).encode()
    yield "payment-reported", "nobodys", json.dumps(_payment(3_000) | {"payer_id": None}).encode()
    yield "payment-reported", "key-of-another", json.dumps(_payment(3_000) | {"payer_id": "EMPL-002"}).encode()
    yield "payroll-declared", "no-totals", json.dumps({"declaration_id": "D-X", "payer_id": _PAYER}).encode()
    yield "care-form-submitted", "no-lines", json.dumps({"form_serial": "FS-X", "lines": []}).encode()
    yield "care-form-submitted", "cut-off", b'{"form_serial": "FS-Y"'


def _payment(amount: float) -> dict[str, object]:
    return {
        "payment_id": "POISON",
        "payer_id": _PAYER,
        "amount_xof": amount,
        "paid_on": "2024-06-03",
        "channel": "bank",
    }


def _some_day(number: int, roll: Random) -> datetime:
    return instant(first_day(periods()[3 + number % 20]).replace(day=roll.randint(1, 28)), roll)
