"""The facts of a made country for the bench of reports: payers of every kind in all regions, some 2.4 facts a pair."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.envelope import Envelope
from recouvra.contracts.event import Event
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.reading import Received
from recouvra.contracts.record import Record

REGIONS = 11
_COMMUNES = 60  # a region
_KINDS = {"private_employer": 86, "local_authority": 8, "state": 3, "self_employed": 2, "pension_body": 1}
_FIRST = 2023, 1
_BEFORE = date(2022, 12, 1)


@dataclass(frozen=True, slots=True)
class _Payer:
    payer_id: str
    payer_kind: str
    territory_code: str
    pay_xof: int


class Country:
    """The same facts for the same arguments; of one day of knowledge after the other."""

    def __init__(self, payers: int, periods: int, seed: int = 7) -> None:
        self._dice = random.Random(seed)
        self._payers = [self._payer(number) for number in range(payers)]
        self._periods = [_month(number) for number in range(periods)]
        self._number = 0

    def days(self) -> Iterator[list[Received]]:
        """Every fact, in the order of knowledge times; those of a period begin in the month after it."""
        waiting: dict[date, list[Received]] = defaultdict(list)
        for payer in self._payers:
            self._put(waiting, _BEFORE, _affiliation(payer))
        for period in self._periods:
            end = (period + timedelta(days=31)).replace(day=1)
            for payer in self._payers:
                self._pair(waiting, payer, period, end.replace(day=15))
            yield from self._drain(waiting, before=end + timedelta(days=1))
        yield from self._drain(waiting, before=date.max)

    def _drain(self, waiting: dict[date, list[Received]], before: date) -> Iterator[list[Received]]:
        for day in sorted(day for day in waiting if day < before):
            yield sorted(waiting.pop(day), key=lambda fact: fact.envelope.time)

    def _payer(self, number: int) -> _Payer:
        dice = self._dice
        territory = f"{1 + number % REGIONS:02d}01{dice.randrange(_COMMUNES):03d}"
        (kind,) = dice.choices(list(_KINDS), list(_KINDS.values()))
        return _Payer(f"PAYER-{number:06d}", kind, territory, int(dice.lognormvariate(11, 1.4)))

    def _pair(self, waiting: dict[date, list[Received]], payer: _Payer, period: date, due_on: date) -> None:
        """Declared by the due day or, one in ten, late; one in ten replaced; paid at once, in parts, late, or never."""
        dice = self._dice
        said: dict[str, Any] = {
            "payer_id": payer.payer_id,
            "payer_kind": payer.payer_kind,
            "territory_code": payer.territory_code,
            "period": f"{period:%Y-%m}",
        }
        filed_on = due_on + timedelta(days=dice.randint(3, 90) if dice.random() < 0.1 else -dice.randint(0, 13))
        self._put(waiting, filed_on, _assessment(said, payer.pay_xof, filed_on, due_on))
        if dice.random() < 0.1:
            again = filed_on + timedelta(days=dice.randint(5, 200))
            self._put(waiting, again, _assessment(said, payer.pay_xof // 20, again, due_on))
        left = 0 if dice.random() < 0.08 else payer.pay_xof
        while left > 0:
            part = left if dice.random() < 0.7 else left // 2 + 1
            paid_on = max(filed_on, due_on + timedelta(days=round(dice.expovariate(1 / 12)) - 5))
            self._put(waiting, paid_on + timedelta(days=1), _receipt(said, part, paid_on))
            left -= part

    def _put(self, waiting: dict[date, list[Received]], on: date, event: Event) -> None:
        self._number += 1
        clock = timedelta(seconds=self._dice.randrange(7 * 3600, 18 * 3600), microseconds=self._number % 10**6)
        at = datetime.combine(on, time.min, UTC) + clock
        envelope = Envelope(f"{self._number:036d}", "/bench", event.event_type(), at)
        record = Record(event.topic, 0, self._number, b"", b"", ())
        waiting[on].append(Received(record, envelope, event, b""))


def _month(number: int) -> date:
    year, month = _FIRST
    return date(year + (month - 1 + number) // 12, 1 + (month - 1 + number) % 12, 1)


def _affiliation(payer: _Payer) -> Event:
    return PayerAffiliated.model_construct(
        payer_id=payer.payer_id,
        payer_kind=payer.payer_kind,
        name=payer.payer_id,
        territory_code=payer.territory_code,
        filing_frequency="monthly",
        affiliated_on=_BEFORE,
        closed_on=None,
    )


def _assessment(said: dict[str, Any], xof: int, filed_on: date, due_on: date) -> Event:
    shares: dict[str, Any] = {
        "assessed_xof": xof,
        "insured_share_xof": xof // 2,
        "payer_share_xof": xof - xof // 2,
        "line_count": 5,
    }
    declared = {"declaration_id": f"D-{said['period']}", "basis": "declared", "filed_on": filed_on, "due_on": due_on}
    return ContributionAssessed.model_construct(**(said | shares | declared))


def _receipt(said: dict[str, Any], xof: int, received_on: date) -> Event:
    paid = {"payment_source": "/bank", "payment_id": f"P-{received_on}", "channel": "bank"}
    money = {"received_xof": xof, "received_on": received_on}
    return ContributionReceived.model_construct(**(said | paid | money))
