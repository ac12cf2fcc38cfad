"""Who decodes and decides lets others have their turn, and comes to the same however often it does."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from recouvra.chassis import deciding, decoding
from recouvra.chassis.clock import Clock
from recouvra.chassis.decoding import Decoder, at
from recouvra.chassis.inbox import Inbox
from recouvra.chassis.outcome import Outcome
from recouvra.chassis.sources import Sources
from recouvra.contracts.codes import Reason
from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.reading import Plainly, Received, Refusal, read
from recouvra.contracts.record import Record
from services.contributions.doors.events import QUICKLY

LATE = datetime(2026, 5, 1, tzinfo=UTC)


def records(count: int) -> list[Record]:
    return [_record(number) for number in range(count)]


def _record(number: int) -> Record:
    event = PaymentReported(
        payment_id=f"PAY-{number}",
        payer_id="P1",
        reference=None,
        amount_xof=1_000 + number,
        paid_on=LATE.date(),
        channel="bank",
    )
    headers = binary_headers(Envelope(f"e{number}", "/s", event.event_type(), LATE))
    return Record(event.topic, 0, number, b"P1", event.to_json(), tuple(headers))


class Noting:
    """Rules that note which event they applied, and in which thread."""

    def __init__(self, weight: int) -> None:
        self.weight = weight
        self.applied: list[tuple[int, bool]] = []

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Notes it."""
        self.applied.append((received.record.offset, threading.current_thread() is threading.main_thread()))
        return Outcome()

    async def save(self, connection: Any) -> None:
        """Nobody asks for it here."""
        raise AssertionError("nothing is saved")


async def decided(work: Noting, count: int) -> int:
    events = [read(record) for record in records(count)]
    connection: Any = None  # spoken to after a second only
    found = await deciding.decide(connection, work, Clock("system", LATE), Inbox({}), events)
    return found.tally.effects


async def test_light_events_are_decided_in_the_loop_and_what_takes_long_goes_on_in_a_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deciding, "LOOP_SECONDS", math.inf)
    light = Noting(weight=deciding.MOST_WEIGHT)
    assert await decided(light, 4) == 4
    assert light.applied == [(offset, True) for offset in range(4)]
    monkeypatch.setattr(deciding, "LOOP_SECONDS", -1.0)
    long = Noting(weight=0)
    assert await decided(long, 4) == 4
    assert long.applied == [(0, True), (1, False), (2, False), (3, False)]


async def test_an_event_that_weighs_much_is_decided_in_a_thread_with_all_of_its_batch() -> None:
    heavy = Noting(weight=deciding.MOST_WEIGHT + 1)
    assert await decided(heavy, 3) == 3
    assert heavy.applied == [(offset, False) for offset in range(3)]


async def test_a_value_at_which_a_quick_reader_fails_costs_no_other_whichever_step_it_is_in() -> None:
    steps = 3
    coming = records(steps * decoding._STEP_RECORDS)
    bad = coming[2 * decoding._STEP_RECORDS + 7]

    def quick(values: Sequence[bytes]) -> Sequence[Plainly]:
        if bad.value in values:
            raise ValueError("nobody foresaw it")
        return QUICKLY[PaymentReported](values)

    decoded = await Decoder(Sources(None), {}, {PaymentReported: quick}).decode(coming)
    assert list(decoded) == list(map(at, coming))
    refused = {place: said for place, said in decoded.items() if isinstance(said, Refusal)}
    assert [said.reason for said in refused.values()] == [Reason.INTERNAL]
    assert list(refused) == [at(bad)]
    assert all(isinstance(said, Received) for place, said in decoded.items() if place not in refused)
