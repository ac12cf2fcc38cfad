"""What stands of the accounts on which a batch may go on: a few values each, however long their histories."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from recouvra.chassis.database import Connection
from recouvra.law.due import due_on
from services.contributions.domain.account import Account
from services.contributions.domain.payment import Payment, Place
from services.contributions.domain.standing import OpenPeriod, Position, Settled, Standing, all_admitted, follow


async def load_for_payments(
    connection: Connection, accounts: Mapping[str, Account], coming: Mapping[str, Sequence[Payment]]
) -> None:
    """Fills in what stands of each account where all the money that comes goes on from it.

    Args:
        coming: by account, affiliated and locked, the payments that come to it in their order, perhaps none.
    """
    if not coming:
        return
    lasts = await _last_places(connection, list(coming))
    coming = {key: payments for key, payments in coming.items() if follow(lasts[key], payments)}
    reach = {key: sum(payment.amount_xof for payment in payments) for key, payments in coming.items()}
    few = {
        key: len(payments) + _MORE
        for key, payments in coming.items()
        if all(payment.period is None for payment in payments)
    }
    periods = await _first_open(connection, few)
    further = {
        key: xof
        for key, xof in reach.items()
        if key not in few or (len(periods[key]) == few[key] and sum(one.open_xof for one in periods[key]) < xof)
    }
    if further:
        periods |= await _open_or_designated(connection, coming, further)
    for key, there in periods.items():
        standing = Standing(lasts[key], {one.period: one for one in there})
        if key in few or all_admitted(standing, coming[key]):  # what follows and designates nothing goes on
            accounts[key].standing = standing


_MORE = 2
"""Open periods of an account beyond one a payment, further than which its money seldom reaches."""


async def _first_open(connection: Connection, few: Mapping[str, int]) -> dict[str, list[OpenPeriod]]:
    """Of each account its first open periods, so many."""
    found: dict[str, list[OpenPeriod]] = {key: [] for key in few}
    if few:
        rows = await connection.fetch(
            """
            select key, there.* from unnest($1::text[], $2::int[]) k(key, few), lateral (
                select period, payer_kind, territory_code, insured_share_xof + payer_share_xof - placed_xof,
                    placed_xof > 0
                from pair where payer_id = key and is_open order by due_on, period limit few
            ) there
            """,
            list(few),
            list(few.values()),
        )
        for key, period, payer_kind, territory_code, open_xof, is_touched in rows:
            found[key].append(OpenPeriod(period, payer_kind, territory_code, open_xof, is_touched))
    return found


async def _open_or_designated(
    connection: Connection, coming: Mapping[str, Sequence[Payment]], reaching: Mapping[str, int]
) -> dict[str, list[OpenPeriod]]:
    """Of accounts the open periods as far as so much money reaches, and those that what comes designates."""
    # Money that comes reaches no further than all of it together, wherever it is designated. `offset 0`: account by
    # account through the indexes, whatever a planner believes of tables that have grown since.
    rows = await connection.fetch(
        """
        select key, there.* from unnest($1::text[], $2::bigint[]) k(key, xof), lateral (
            select period, payer_kind, territory_code, open_xof, is_touched from (
                select *, sum(greatest(open_xof, 0)) over (order by due_on, period) - open_xof as before_xof from (
                    select period, due_on, payer_kind, territory_code, placed_xof > 0 as is_touched,
                        insured_share_xof + payer_share_xof - placed_xof as open_xof
                    from (
                        select * from pair where payer_id = k.key and is_open
                        union all
                        select * from pair where payer_id = k.key and period = any($3::text[]) and not is_open
                    ) pairs
                ) pairs
            ) pairs where before_xof < k.xof or period = any($3::text[]) order by due_on, period
        offset 0) there
        """,
        list(reaching),
        list(reaching.values()),
        list({one.period for key in reaching for one in coming[key] if one.period is not None}),
    )
    found: dict[str, list[OpenPeriod]] = {key: [] for key in reaching}
    for key, *there in rows:
        found[key].append(OpenPeriod(*there))
    return found


async def _last_places(connection: Connection, keys: Sequence[str]) -> dict[str, Place | None]:
    """Of each account the place of its last payment, reversed or not."""
    rows = await connection.fetch(
        """
        select key, last.* from unnest($1::text[]) key left join lateral (
            select paid_on, payment_id, source from payment where account_key = key and reverses is null
            order by paid_on desc, payment_id desc, source desc limit 1) last on true
        """,
        keys,
    )
    return {key: None if paid_on is None else (paid_on, name, source) for key, paid_on, name, source in rows}


async def load_for_declarations(
    connection: Connection, accounts: Mapping[str, Account], assessed: Mapping[str, Collection[str]]
) -> None:
    """Fills in what stands of each account where no period that may be assessed has anything placed anew.

    Args:
        assessed: by account, affiliated, locked and with its pairs of them, the periods whose due may grow.
    """
    if not assessed:
        return
    rows = await connection.fetch(
        """
        select exists (select from hold where account_key = key and held_as = 'credit') as has_credit,
            array(select period from payment
                where account_key = key and reverses is null and period = any($2::text[])) as designated,
            first_due, first_open, last_due, last_received
        from unnest($1::text[]) with ordinality k(key, n), lateral (
            select (array_agg(due_on order by due_on, period) filter (where is_open))[1] as first_due,
                (array_agg(period order by due_on, period) filter (where is_open))[1] as first_open,
                (array_agg(due_on order by due_on desc, period desc) filter (where is_touched))[1] as last_due,
                (array_agg(period order by due_on desc, period desc) filter (where is_touched))[1] as last_received
            from (
                select due_on, period, placed_xof > 0 as is_touched, is_open
                from pair where payer_id = k.key
            ) pairs
        offset 0) there order by n
        """,
        list(assessed),
        list({period for periods in assessed.values() for period in periods}),
    )
    for (key, periods), row in zip(assessed.items(), rows, strict=True):
        settled = Settled(
            row["has_credit"],
            frozenset(row["designated"]),
            None if row["first_open"] is None else (row["first_due"], row["first_open"]),
            None if row["last_received"] is None else (row["last_due"], row["last_received"]),
        )
        places = [_position(accounts[key], period) for period in periods]
        if all(place is not None and settled.admits(place) for place in places):
            accounts[key].standing = settled


def _position(account: Account, period: str) -> Position | None:
    """Where a period stands in the order of the dues, or would; None where the law knows no due day for it."""
    if period in account.pairs:
        return account.pairs[period].due_on, period
    if account.affiliation is None:
        return None
    try:
        return due_on(account.affiliation.payer_kind, account.affiliation.filing_frequency, period), period
    except (LookupError, ValueError, OverflowError):
        return None
