"""Accounts: locked in key order, loaded with their dues and with what was published of their money."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Retry
from services.contributions.domain.account import Account, Affiliation, Hold, Pair
from services.contributions.domain.book import Book


async def lock(connection: Connection, keys: Collection[str], are_there: bool) -> dict[str, Account]:
    """Locks the accounts of these keys until the transaction ends, in key order; a key never seen gets a blank one.

    Args:
        are_there: whether each was seen before, as no account is ever removed.
    """
    ordered = sorted(keys)
    if not are_there:
        await connection.execute(
            "insert into account (key) select k from unnest($1::text[]) k order by k on conflict do nothing", ordered
        )
    rows = await connection.fetch(
        f"select {_ACCOUNT} from account where key = any($1::text[]) order by key for no key update",  # noqa: S608
        ordered,
    )
    return {row[0]: _account(*row) for row in rows}


async def peek(connection: Connection, keys: Collection[str]) -> dict[str, Account]:
    """The accounts of these keys as the snapshot shows them: nothing is locked or written; a key never seen is blank.

    What is decided on them may be told, never saved.
    """
    rows = await connection.fetch(f"select {_ACCOUNT} from account where key = any($1::text[])", list(keys))  # noqa: S608
    return {key: Account(key) for key in keys} | {row[0]: _account(*row) for row in rows}


_ACCOUNT = "key, known_at, completed_count, affiliation_at, payer_kind, territory_code, filing_frequency"


def _account(
    key: str, known_at: datetime | None, completed_count: int, affiliation_at: datetime | None, *said: Any
) -> Account:
    affiliation = None if said[0] is None else Affiliation(*said)
    return Account(key, known_at, affiliation, affiliation_at, completed_count)


def pair_of(row: asyncpg.Record) -> Pair:
    """The pair that a row holds."""
    return Pair(
        period=row["period"],
        payer_kind=row["payer_kind"],
        territory_code=row["territory_code"],
        filing_frequency=row["filing_frequency"],
        due_on=row["due_on"],
        law_edition=row["law_edition"],
        insured_share_xof=row["insured_share_xof"],
        payer_share_xof=row["payer_share_xof"],
        line_count=row["line_count"],
    )


_PAIR = (
    "period, payer_kind, territory_code, filing_frequency, due_on, law_edition, insured_share_xof, payer_share_xof, "
    "line_count"
)


async def load_dues(connection: Connection, accounts: dict[str, Account], keys: Collection[str]) -> None:
    """Fills in the pairs of these accounts."""
    if not keys:
        return
    rows = await connection.fetch(f"select payer_id, {_PAIR} from pair where payer_id = any($1::text[])", list(keys))  # noqa: S608
    for payer_id, period, *said in rows:
        accounts[payer_id].pairs[period] = Pair(period, *said)


async def load_pairs(connection: Connection, accounts: dict[str, Account], named: Collection[tuple[str, str]]) -> None:
    """Fills in those of these (account, period) that were assessed."""
    if not named:
        return
    rows = await connection.fetch(
        f"select payer_id, {_PAIR} from pair join unnest($1::text[], $2::text[]) t(payer_id, period) "  # noqa: S608
        "using (payer_id, period)",
        [key for key, _ in named],
        [period for _, period in named],
    )
    for payer_id, period, *said in rows:
        accounts[payer_id].pairs[period] = Pair(period, *said)


async def load_placements(
    connection: Connection, accounts: dict[str, Account], keys: Sequence[str], identities: Collection[tuple[str, str]]
) -> None:
    """Fills in what was published as placed and held; accounts must be locked.

    Args:
        keys: the accounts that need all of it.
        identities: payments whose hold is needed wherever it stands.
    """
    if not keys and not identities:
        return
    placements = await connection.fetch(
        "select account_key, source, payment_id, period, received_xof from placement "
        "where account_key = any($1::text[])",
        keys,
    )
    for key, source, payment_id, period, xof in placements:
        accounts[key].placed[(source, payment_id), period] = xof
    holds = await connection.fetch(
        "select account_key, source, payment_id, held_as, held_xof from hold where account_key = any($1::text[]) "
        "union select account_key, source, payment_id, held_as, held_xof from hold "
        "join unnest($2::text[], $3::text[]) t(source, payment_id) using (source, payment_id)",
        keys,
        [source for source, _ in identities],
        [payment_id for _, payment_id in identities],
    )
    for key, source, payment_id, held_as, xof in holds:
        if key in accounts:  # else it is the hold of a repeat that came under another key
            accounts[key].held[source, payment_id] = Hold(held_as, xof)


async def save(connection: Connection, book: Book) -> None:
    """Writes the accounts, pairs, placements and holds that changed."""
    await _save_accounts(connection, book)
    await _save_affiliations(connection, book)
    await _save_pairs(connection, book)
    await _save_placements(connection, book)
    await _save_holds(connection, book)


async def _save_accounts(connection: Connection, book: Book) -> None:
    changed = [book.accounts[key] for key in sorted(book.changes.accounts)]
    if not changed:
        return
    await connection.execute(
        """
        update account a set known_at = t.known_at, completed_count = t.completed
        from unnest($1::text[], $2::timestamptz[], $3::int[]) t(key, known_at, completed) where a.key = t.key
        """,
        [account.key for account in changed],
        [account.known_at for account in changed],
        [account.completed_count for account in changed],
    )


async def _save_affiliations(connection: Connection, book: Book) -> None:
    told = [book.accounts[key] for key in sorted(book.changes.affiliated)]
    if not told:
        return
    affiliations = [account.affiliation for account in told]
    await connection.execute(
        """
        update account a set payer_kind = t.payer_kind, territory_code = t.territory_code,
            filing_frequency = t.filing_frequency, affiliation_at = t.affiliation_at
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
            t(key, payer_kind, territory_code, filing_frequency, affiliation_at)
        where a.key = t.key
        """,
        [account.key for account in told],
        [a and a.payer_kind for a in affiliations],
        [a and a.territory_code for a in affiliations],
        [a and a.filing_frequency for a in affiliations],
        [account.affiliation_at for account in told],
    )


async def _save_pairs(connection: Connection, book: Book) -> None:
    """Adds the pairs that are new by COPY: their accounts are locked, so nobody else can add the same."""
    new, kept = [], []
    for key in sorted(book.changes.pairs):
        payer_id, period = key
        pair = book.accounts[payer_id].pairs[period]
        net = pair.insured_share_xof, pair.payer_share_xof, pair.line_count
        if key in book.changes.new_pairs:
            frozen = pair.payer_kind, pair.territory_code, pair.filing_frequency, pair.due_on, pair.law_edition
            new.append((payer_id, period, *frozen, *net))
        else:
            kept.append((payer_id, period, *net))
    if new:
        await connection.copy_records_to_table("pair", columns=("payer_id", *_PAIR.split(", ")), records=new)
    if kept:
        await connection.execute(
            """
            update pair p set insured_share_xof = t.insured, payer_share_xof = t.payer, line_count = t.lines
            from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
                t(payer_id, period, insured, payer, lines)
            where p.payer_id = t.payer_id and p.period = t.period
            """,
            *map(list, zip(*kept, strict=True)),
        )


async def _save_placements(connection: Connection, book: Book) -> None:
    kept: list[tuple[str, str, str, str, int]] = []
    gone: list[tuple[str, str, str, str, int]] = []
    added: list[tuple[str, str, str, str, int]] = []
    for key, payment, period in sorted(book.changes.placed):
        account = book.accounts[key]
        xof = account.placed.get((payment, period), 0)
        # What goes on from what stands is a payment that was not there.
        rows = added if account.standing is not None else kept if xof else gone
        rows.append((*payment, period, key, xof))
    if gone:
        await connection.execute(
            "delete from placement p using unnest($1::text[], $2::text[], $3::text[], $4::text[]) "
            "t(source, payment_id, period, account_key) where p.source = t.source and p.payment_id = t.payment_id "
            "and p.period = t.period and p.account_key = t.account_key",
            *[list(column) for column in list(zip(*gone, strict=True))[:4]],
        )
    if kept:
        await connection.execute(
            "insert into placement (source, payment_id, period, account_key, received_xof) "
            "select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) "
            "on conflict (source, payment_id, period) do update set account_key = excluded.account_key, "
            "received_xof = excluded.received_xof",
            *[list(column) for column in zip(*kept, strict=True)],
        )
    await _add(connection, "placement", ("source", "payment_id", "period", "account_key", "received_xof"), added)


async def _save_holds(connection: Connection, book: Book) -> None:
    kept: list[tuple[str, str, str, str, int]] = []
    gone: list[tuple[str, str, str]] = []
    added: list[tuple[str, str, str, str, int]] = []
    for key, payment in sorted(book.changes.held):
        account = book.accounts[key]
        hold = account.held.get(payment)
        if hold is None:
            gone.append((*payment, key))
        else:
            rows = kept if account.standing is None else added
            rows.append((*payment, key, hold.held_as, hold.held_xof))
    if gone:
        await connection.execute(
            "delete from hold h using unnest($1::text[], $2::text[], $3::text[]) t(source, payment_id, account_key) "
            "where h.source = t.source and h.payment_id = t.payment_id and h.account_key = t.account_key",
            *[list(column) for column in zip(*gone, strict=True)],
        )
    if kept:
        await connection.execute(
            "insert into hold (source, payment_id, account_key, held_as, held_xof) "
            "select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) "
            "on conflict (source, payment_id) do update set account_key = excluded.account_key, "
            "held_as = excluded.held_as, held_xof = excluded.held_xof",
            *[list(column) for column in zip(*kept, strict=True)],
        )
    await _add(connection, "hold", ("source", "payment_id", "account_key", "held_as", "held_xof"), added)


async def _add(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    """Adds rows of payments that were not there."""
    if not rows:
        return
    try:
        await connection.copy_records_to_table(table, columns=columns, records=rows)
    except asyncpg.UniqueViolationError as error:
        raise Retry("a payment was claimed meanwhile") from error
