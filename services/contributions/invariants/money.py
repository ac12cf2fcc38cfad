"""Money: conserved payment by payment, placed by the pure function, undone whole."""

from __future__ import annotations

from collections.abc import AsyncIterator

from recouvra.chassis.database import Connection
from recouvra.chassis.verifying import Finding, Invariant, Look, in_sql
from recouvra.contracts.codes import Message
from services.contributions.domain.account import Account, Hold
from services.contributions.domain.payment import Payment, PaymentKey
from services.contributions.domain.placement import place
from services.contributions.store import accounts, payments

_SLICE = 200  # accounts at once: of each, all its money is in memory

CONSERVED = in_sql(
    "money-conserved",
    "L'argent de chaque paiement est placé ou gardé, en entier, une fois ; celui d'un paiement annulé ne l'est plus.",
    "The money of each payment is placed or held, whole and once; that of a reversed one no more (DEF-005).",
    """
    with stands as (
        select source, payment_id, sum(xof)::bigint as xof from (
            select source, payment_id, received_xof as xof from placement
            union all select source, payment_id, held_xof from hold
        ) money group by source, payment_id
    ), kept as (
        select source, payment_id, account_key, case
            when record_key is null or reverses is not null or reversed_by is not null then 0 else amount_xof end as xof
        from payment
    )
    select source, payment_id, coalesce(stands.xof, 0) as found, coalesce(kept.xof, 0) as expected,
        account.known_at as since
    from kept full join stands using (source, payment_id) left join account on account.key = kept.account_key
    where coalesce(stands.xof, 0) <> coalesce(kept.xof, 0)
    """,
)

SUSPENDED = in_sql(
    "suspense-is-whole",
    "L'argent sans cotisant affilié attend en entier, sous la clé de son enregistrement.",
    "Money without an affiliated payer waits whole, under the key of its record (DEF-026).",
    """
    select p.source, p.payment_id, p.account_key, h.held_as || ' ' || h.held_xof as found,
        'suspense ' || p.amount_xof as expected, a.known_at as since
    from payment p left join account a on a.key = p.account_key left join hold h using (source, payment_id)
    where a.payer_kind is null and p.record_key is not null and p.reverses is null and p.reversed_by is null
        and (h.held_as, h.held_xof, h.account_key) is distinct from ('suspense', p.amount_xof, p.account_key)
    """,
)

WITHIN_DUES = in_sql(
    "no-negative-due",
    "Aucun montant dû n'est négatif, et rien n'est placé au-delà du dû.",
    "No due is negative, and nothing is placed beyond what is due: no rate above 1 (DEF-004, DEF-006).",
    """
    with placed as (
        select account_key as payer_id, period, sum(received_xof)::bigint as xof from placement group by 1, 2
    )
    select payer_id, period, coalesce(placed.xof, 0) as found,
        coalesce(pair.insured_share_xof + pair.payer_share_xof, 0) as expected, account.known_at as since
    from pair full join placed using (payer_id, period) left join account on account.key = payer_id
    where coalesce(placed.xof, 0) > coalesce(pair.insured_share_xof + pair.payer_share_xof, 0)
        or least(pair.insured_share_xof, pair.payer_share_xof, pair.line_count) < 0
    """,
)

RECEIVED = in_sql(
    "received-is-the-placements",
    "Ce qui est reçu de chaque cotisant et période est la somme de ce qui y est placé.",
    "What was received of each payer and period is the sum of what is placed on it.",
    """
    with placed as (
        select account_key as payer_id, period, sum(received_xof)::bigint as xof from placement group by 1, 2
    )
    select payer_id, period, coalesce(pair.placed_xof, 0) as found, coalesce(placed.xof, 0) as expected,
        account.known_at as since
    from pair full join placed using (payer_id, period) left join account on account.key = payer_id
    where coalesce(pair.placed_xof, 0) <> coalesce(placed.xof, 0)
    """,
)

REVERSED = in_sql(
    "reversals-undo-whole",
    "Chaque annulation annule un paiement de même montant et de même cotisant, ou l'attend.",
    "Each reversal undoes a payment of the same amount and payer, or waits for it (DEF-026).",
    """
    select m.source, m.payment_id, m.reversed_by as found, r.payment_id as expected, a.known_at as since
    from payment m left join payment r on r.source = m.source and r.payment_id = m.reversed_by
        left join account a on a.key = m.account_key
    where m.reversed_by is not null and (r.reverses, r.amount_xof, r.payer_id)
        is distinct from (m.payment_id, m.amount_xof, m.payer_id)
    union all
    select r.source, r.payment_id, null, r.reverses, a.known_at
    from payment r left join payment m on m.source = r.source and m.payment_id = r.reverses
        left join waiting_reversal w on w.source = r.source and w.payment_id = r.payment_id
        left join account a on a.key = r.record_key
    where r.reverses is not null and (
        case when m.record_key is null then w.reverses is distinct from r.reverses or m.payment_id is null
        else m.reversed_by is null or w.reverses is not null end)
    union all
    select w.source, w.payment_id, w.reverses, r.reverses, w.waits_since
    from waiting_reversal w left join payment r using (source, payment_id) where r.reverses is distinct from w.reverses
    union all
    select p.source, p.payment_id, 'awaited', null, null from payment p
    where p.record_key is null
        and not exists (select from waiting_reversal w where w.source = p.source and w.reverses = p.payment_id)
    """,
)

ASSIGNED = in_sql(
    "assignments-were-made",
    "Un paiement affecté l'a été par quelqu'un, et l'est encore.",
    "A payment is assigned where, and only where, the last that somebody did with it was to assign it (DEF-026).",
    """
    with last as (
        select distinct on (subject) subject, case act when 'assign-payment' then reason end as assigned_to, at
        from audit where act in ('assign-payment', 'withdraw-assignment') order by subject, id desc
    )
    select p.source, p.payment_id, p.assigned_to as found, last.assigned_to as expected, last.at as since
    from payment p left join last on last.subject = p.source || ' ' || p.payment_id
    where p.assigned_to is distinct from last.assigned_to
    """,
)


async def _allocated(look: Look) -> AsyncIterator[Finding]:
    """Places the money of each affiliated payer anew, payer by payer, and compares with what was published."""
    async with look.snapshot() as connection:
        after = ""
        while keys := await _some_affiliated(connection, after):
            after = keys[-1]
            for account, known in await _accounts(connection, keys):
                for finding in _misplaced(account, known):
                    yield finding


async def _some_affiliated(connection: Connection, after: str) -> list[str]:
    rows = await connection.fetch(
        "select key from account where payer_kind is not null and key > $1 order by key limit $2", after, _SLICE
    )
    return [row["key"] for row in rows]


async def _accounts(connection: Connection, keys: list[str]) -> list[tuple[Account, dict[PaymentKey, Payment]]]:
    found = await accounts.peek(connection, keys)
    await accounts.load_dues(connection, found, keys)
    await accounts.load_placements(connection, found, keys, ())
    loaded = (await payments.load(connection, keys, ())).payments
    for key, payment in loaded.items():
        found[payment.account_key].payments.add(key)
    return [(account, loaded) for account in found.values()]


def _misplaced(account: Account, known: dict[PaymentKey, Payment]) -> list[Finding]:
    placed, held = place(account, known)
    findings = []
    for key, period in sorted(placed.keys() | account.placed.keys()):
        there, should = account.placed.get((key, period)), placed.get((key, period))
        if there != should:
            where = {"payer_id": account.key, "source": key[0], "payment_id": key[1], "period": period}
            findings.append(Finding(where, there, should, account.known_at))
    for key in sorted(held.keys() | account.held.keys()):
        if account.held.get(key) != held.get(key):
            where = {"payer_id": account.key, "source": key[0], "payment_id": key[1]}
            findings.append(Finding(where, _told(account.held.get(key)), _told(held.get(key)), account.known_at))
    return findings


def _told(hold: Hold | None) -> str | None:
    return hold and f"{hold.held_as} {hold.held_xof}"


ALLOCATED = Invariant(
    "allocation-is-the-function",
    Message(
        fr="L'argent de chaque cotisant affilié est placé comme la règle le place.",
        en="The money of each affiliated payer stands where the rule places it (DEF-004).",
    ),
    _allocated,
)

MONEY = (CONSERVED, SUSPENDED, WITHIN_DUES, RECEIVED, REVERSED, ASSIGNED, ALLOCATED)
