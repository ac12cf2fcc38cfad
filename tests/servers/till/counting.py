"""What the till does with payments: the rules, and the store. Some amounts are unlucky, so that tests can fail them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import asyncpg
from fastapi import FastAPI

from recouvra.chassis.batch import Reading
from recouvra.chassis.database import READER, Connection
from recouvra.chassis.http import create_app
from recouvra.chassis.main import Service
from recouvra.chassis.outcome import Fact, Outcome, Retry, SetAside
from recouvra.chassis.settings import Settings
from recouvra.contracts.payment_held import PaymentHeld
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.reading import Received

MIGRATIONS = Path(__file__).parent / "migrations"
READS = (PaymentReported.topic,)
WRITES = (PaymentHeld.topic, "record-refused")
REFUSED_BY_THE_TABLE = 13
DIVIDES_BY_ZERO = 666
ENDS_AN_ITERATOR = 667

Identity = tuple[str, str]


@dataclass(slots=True)
class Account:
    """One key's sum, and the knowledge time of its last fact."""

    sum_xof: int
    known_at: datetime


@dataclass(slots=True)
class TillWork:
    """The accounts and payments that a batch can touch."""

    accounts: dict[str, Account]
    counted: dict[Identity, tuple[str, int]]
    added: dict[Identity, tuple[str, int]] = field(default_factory=dict)
    weight: int = 0

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Counts a payment once, whatever event ids it comes under; a payment said otherwise is a conflict."""
        event, envelope = received.event, received.envelope
        assert isinstance(event, PaymentReported)
        if event.amount_xof == DIVIDES_BY_ZERO:
            event.amount_xof // 0
        if event.amount_xof == ENDS_AN_ITERATOR:
            raise RuntimeError("an iterator ended where nobody foresaw it")
        identity, said = (envelope.source, event.payment_id), (event.key, event.amount_xof)
        if (known := self.counted.get(identity)) is not None:
            if known == said:
                return Outcome(duplicate=True)
            return Outcome(set_aside=[SetAside(received.record, envelope.source, envelope.event_id)])
        self.counted[identity] = self.added[identity] = said
        account = self.accounts[event.key]
        account.sum_xof += event.amount_xof
        account.known_at = max(account.known_at, reading)
        held = PaymentHeld(
            payment_source=envelope.source,
            payment_id=event.payment_id,
            payer_id=event.payer_id,
            held_as="credit",
            held_xof=event.amount_xof,
            received_on=event.paid_on,
            channel=event.channel,
        )
        return Outcome([Fact(held, account.known_at, event.key)])

    async def save(self, connection: Connection) -> None:
        """Writes the sums of the keys that were counted for, and the payments."""
        if not self.added:
            return
        keys = sorted({key for key, _ in self.added.values()})
        await connection.execute(
            "update sum_of_key s set sum_xof = t.sum_xof, known_at = t.known_at "
            "from unnest($1::text[], $2::bigint[], $3::timestamptz[]) t(key, sum_xof, known_at) where s.key = t.key",
            keys,
            [self.accounts[key].sum_xof for key in keys],
            [self.accounts[key].known_at for key in keys],
        )
        order = sorted(self.added)
        try:
            await connection.execute(
                "insert into counted select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])",
                [source for source, _ in order],
                [payment_id for _, payment_id in order],
                [self.added[identity][0] for identity in order],
                [self.added[identity][1] for identity in order],
            )
        except asyncpg.UniqueViolationError as error:
            raise Retry("a payment was counted under another key meanwhile") from error


async def opens(connection: Connection, events: Sequence[Received]) -> TillWork:
    """Locks the keys of these payments in order, then loads their sums and the payments that have come before."""
    payments = [(one.envelope.source, one.event) for one in events if isinstance(one.event, PaymentReported)]
    keys = sorted({event.key for _, event in payments})
    await connection.execute("insert into sum_of_key (key) select unnest($1::text[]) on conflict do nothing", keys)
    rows = await connection.fetch(
        "select * from sum_of_key where key = any($1::text[]) order by key for no key update", keys
    )
    known = await connection.fetch(
        "select c.* from counted c "
        "join unnest($1::text[], $2::text[]) t(source, payment_id) using (source, payment_id)",
        [source for source, _ in payments],
        [event.payment_id for _, event in payments],
    )
    return TillWork(
        {row["key"]: Account(row["sum_xof"], row["known_at"]) for row in rows},
        {(row["source"], row["payment_id"]): (row["key"], row["amount_xof"]) for row in known},
    )


def api(
    settings: Settings, migrations: Sequence[str], reading: Reading, session: Mapping[str, str] = READER
) -> FastAPI:
    """The common face, and nothing else."""
    return create_app("till", "A till", settings, migrations, reading, session=session)[0]


def build(_: Settings) -> Service:
    """The till under the name that TILL_NAME gives it, which its group and its facts' source follow."""
    return Service(os.environ["TILL_NAME"], READS, WRITES, MIGRATIONS, opens, api)
