"""Money and reversals, by identity and by account; a reversal and its payment meet at the payment's primary key."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import asyncpg

from recouvra.chassis.database import Connection
from recouvra.chassis.dead_letters import storable
from recouvra.chassis.outcome import Retry
from recouvra.contracts.record import Record
from services.contributions.domain.book import Book
from services.contributions.domain.payment import Payment, PaymentKey, WaitingReversal


@dataclass(slots=True)
class LoadedPayments:
    """Payments by identity, the waiting reversals by what they wait for, and identities that are only awaited."""

    payments: dict[PaymentKey, Payment] = field(default_factory=dict)
    reversals: dict[PaymentKey, dict[PaymentKey, WaitingReversal]] = field(default_factory=dict)
    awaited: set[PaymentKey] = field(default_factory=set)


async def accounts_beyond(
    connection: Connection, identities: Collection[PaymentKey], targets: Collection[PaymentKey]
) -> set[str]:
    """Accounts that a batch touches through other keys than its own: where the payments stand that it reverses, and
    where the reversals came from that wait for payments of its own."""
    if not identities:
        return set()
    rows = await connection.fetch(
        """
        select p.account_key from payment p join unnest($3::text[], $4::text[]) t(source, payment_id)
            using (source, payment_id) where p.account_key is not null
        union
        select r.record_key from waiting_reversal w join unnest($1::text[], $2::text[]) t(source, reverses)
            using (source, reverses) join payment r on r.source = w.source and r.payment_id = w.payment_id
        """,
        *_columns(identities),
        *_columns(targets),
    )
    return {row[0] for row in rows}


async def came_in_under(connection: Connection, key: PaymentKey) -> str | None:
    """The record key that money came with; None for what is no payment: never read, only awaited, or a reversal."""
    found: str | None = await connection.fetchval(
        "select record_key from payment where source = $1 and payment_id = $2 and reverses is null", *key
    )
    return found


_NAMES = (
    "source, payment_id, record_key, payer_id, amount_xof, paid_on, channel, period, reverses, content, reversed_by, "
    "assigned_to, reference"
)

# Payments by their identities: one after the other through the index, whatever a planner believes of a table's size.
_NAMED = (
    "unnest($1::text[], $2::text[]) t(of_source, of_id), lateral (select * from payment "
    "where source = of_source and payment_id = of_id"
)


async def known(
    connection: Connection, identities: Collection[PaymentKey], account_keys: Collection[str]
) -> tuple[bool, bool]:
    """Whether anything is known of any of these identities: a payment, a reversal, or that a reversal awaits it.

    And whether each of these accounts is: one statement for both.
    """
    ((is_known, count),) = await connection.fetch(
        f"select exists (select from {_NAMED} offset 0) n), "  # noqa: S608 - constants
        "(select count(*) from account where key = any($3::text[]))",
        *_columns(identities),
        list(account_keys),
    )
    return is_known, count == len(account_keys)


async def lock_identities(connection: Connection, identities: Collection[PaymentKey]) -> dict[PaymentKey, bool]:
    """Locks the rows of these identities that exist, in key order: there a payment and its reversals meet.

    They may be read by different workers under different accounts; without it, a reversal that joins others already
    waiting would not see that the payment is being taken in beside it, and wait for ever. Returns those that exist,
    and of each whether it is money.
    """
    if not identities:
        return {}
    rows = await connection.fetch(
        f"select source, payment_id, record_key, reverses from {_NAMED} for no key update offset 0) n",  # noqa: S608
        *_columns(identities),
    )
    return {
        (source, payment_id): record_key is not None and reverses is None
        for source, payment_id, record_key, reverses in rows
    }


async def load(
    connection: Connection, account_keys: Collection[str], identities: Collection[PaymentKey]
) -> LoadedPayments:
    """All money of these accounts, and whatever is known of these identities (payments named, in any role)."""
    found, rows = LoadedPayments(), []
    if account_keys:
        rows += await connection.fetch(
            f"select {_NAMES} from payment where account_key = any($1::text[]) and reverses is null",  # noqa: S608 - constants
            list(account_keys),
        )
    if identities:
        rows += await connection.fetch(
            f"select {_NAMES} from {_NAMED} offset 0) n",  # noqa: S608 - constants
            *_columns(identities),
        )
    for source, payment_id, *said in rows:
        if said[0] is None:
            found.awaited.add((source, payment_id))
        else:
            found.payments[source, payment_id] = Payment((source, payment_id), *said)
    if identities:
        for row in await connection.fetch(
            f"""
            select w.event_id, w.topic, w.partition, w."offset", w.key, w.value, w.header_names, w.header_values,
                {_NAMES}
            from unnest($1::text[], $2::text[]) t(source, reverses) join waiting_reversal w using (source, reverses)
                join payment using (source, payment_id, reverses)
            """,  # noqa: S608 - constants
            *_columns(identities),
        ):
            waiting = _waiting(row)
            found.reversals.setdefault((row["source"], row["reverses"]), {})[waiting.reversal.key] = waiting
    return found


def _waiting(row: asyncpg.Record) -> WaitingReversal:
    event_id, topic, partition, offset, key, value, names, values, source, payment_id, *said = row
    record = Record(topic, partition, offset, key, value, tuple(zip(names, values, strict=True)))
    return WaitingReversal(Payment((source, payment_id), *said), event_id, record)


def _columns(keys: Collection[PaymentKey]) -> tuple[list[str], list[str]]:
    ordered = sorted(keys)
    return [source for source, _ in ordered], [payment_id for _, payment_id in ordered]


async def save(connection: Connection, book: Book, loaded: LoadedPayments, known: Collection[PaymentKey]) -> None:
    """Writes payments claimed, changed or released, and the reversals that wait or wait no more.

    Args:
        known: identities that had a row of their own when the batch was loaded. What this batch brought and released
            had none; a row of that name is another's, who came meanwhile.

    Raises:
        Retry: another transaction claimed an identity, or awaited it, since it was loaded.
    """
    changed = book.changes.payments
    released = [key for key in changed if key not in book.payments and (key in known or key in loaded.awaited)]
    present = [book.payments[key] for key in sorted(changed) if key in book.payments]
    await _insert(connection, [p for p in present if p.key not in known and p.key not in loaded.awaited])
    await _update(connection, [p for p in present if p.key in known or p.key in loaded.awaited])
    if released:
        await connection.execute(
            "delete from payment p using unnest($1::text[], $2::text[]) t(source, payment_id) "
            "where p.source = t.source and p.payment_id = t.payment_id",
            *_columns(released),
        )
    await _save_waiting(connection, book, loaded, known)


_VALUES = (
    "unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::date[], $7::text[], $8::text[], "
    "$9::text[], $10::bytea[], $11::text[], $12::text[], $13::text[])"
)


def _row(p: Payment) -> tuple[object, ...]:
    """In the order of `_NAMES`."""
    said = p.record_key, p.payer_id, p.amount_xof, p.paid_on, p.channel, p.period, p.reverses, p.content
    return *p.key, *said, p.reversed_by, p.assigned_to, p.reference


async def _insert(connection: Connection, payments: Sequence[Payment]) -> None:
    if not payments:
        return
    try:
        await connection.copy_records_to_table(
            "payment",
            columns=(*_NAMES.split(", "), "is_whole"),
            records=[(*_row(payment), True) for payment in payments],
        )
    except asyncpg.UniqueViolationError as error:
        raise Retry("a payment was claimed or awaited meanwhile") from error


async def _update(connection: Connection, payments: Sequence[Payment]) -> None:
    """Also turns an awaited row into the payment that it awaited."""
    if payments:
        await connection.execute(
            f"""
            update payment p set record_key = t.record_key, payer_id = t.payer_id, amount_xof = t.amount_xof,
                paid_on = t.paid_on, channel = t.channel, period = t.period, reverses = t.reverses,
                content = t.content, reversed_by = t.reversed_by, assigned_to = t.assigned_to,
                reference = t.reference, is_whole = p.is_whole or p.record_key is null
            from {_VALUES} t({_NAMES}) where p.source = t.source and p.payment_id = t.payment_id
            """,  # noqa: S608 - constants
            *map(list, zip(*map(_row, payments), strict=True)),
        )


async def _save_waiting(
    connection: Connection, book: Book, loaded: LoadedPayments, known: Collection[PaymentKey]
) -> None:
    added: list[tuple[PaymentKey, WaitingReversal]] = []
    gone: list[PaymentKey] = []
    awaited: set[PaymentKey] = set()
    for target, key in sorted(book.changes.waiting):
        waiting = book.reversals.get(target, {}).get(key)
        if waiting is None:
            gone += [key] if key in known else []
        else:
            added.append((target, waiting))
            if target not in loaded.awaited and target not in loaded.payments:
                awaited.add(target)
    if gone:
        await connection.execute(
            "delete from waiting_reversal w using unnest($1::text[], $2::text[]) t(source, payment_id) "
            "where w.source = t.source and w.payment_id = t.payment_id",
            *_columns(gone),
        )
    if awaited:
        try:
            await connection.execute(
                "insert into payment (source, payment_id) select * from unnest($1::text[], $2::text[])",
                *_columns(awaited),
            )
        except asyncpg.UniqueViolationError as error:
            raise Retry("an awaited payment came, or was awaited, meanwhile") from error
    if added:
        await connection.executemany(
            'insert into waiting_reversal (source, payment_id, reverses, event_id, topic, partition, "offset", key, '
            "value, header_names, header_values) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
            "on conflict do nothing",
            [
                (
                    *waiting.reversal.key,
                    target[1],
                    waiting.event_id,
                    waiting.record.topic,
                    waiting.record.partition,
                    waiting.record.offset,
                    waiting.record.key,
                    waiting.record.value,
                    [storable(name) for name, _ in waiting.record.headers],
                    [value for _, value in waiting.record.headers],
                )
                for target, waiting in added
            ],
        )
