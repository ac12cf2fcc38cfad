"""Declarations: whole, in order, answered as they stand, and what they make due."""

from __future__ import annotations

from collections.abc import AsyncIterator

from recouvra.chassis.verifying import Finding, Invariant, Look, in_sql
from recouvra.contracts.codes import Message
from recouvra.law.due import due_on

DUES = in_sql(
    "dues-are-the-declarations",
    "Le dû de chaque cotisant et période est la somme de ses déclarations en vigueur.",
    "What each payer owes for a period is the sum of its declarations in force (DEF-024).",
    """
    with declared as (
        select payer_id, period, sum(insured_share_xof)::bigint as insured_share_xof,
            sum(payer_share_xof)::bigint as payer_share_xof, sum(lines_accepted)::bigint as line_count,
            max(due_on) as due_on, count(distinct due_on) as due_days
        from declaration where state = 'accepted' and replaced_by is null group by payer_id, period
    )
    select payer_id, period, concat_ws(' ', pair.insured_share_xof, pair.payer_share_xof, pair.line_count,
            pair.due_on) as found,
        concat_ws(' ', declared.insured_share_xof, declared.payer_share_xof, declared.line_count,
            declared.due_on) as expected, account.known_at as since
    from pair full join declared using (payer_id, period) left join account on account.key = payer_id
    where (pair.insured_share_xof, pair.payer_share_xof, pair.line_count, pair.due_on, 1) is distinct from
        (declared.insured_share_xof, declared.payer_share_xof, declared.line_count, declared.due_on, declared.due_days)
    """,
)

PARTS = in_sql(
    "declarations-have-their-parts",
    "Chaque déclaration a les parties lues que son état demande, et chaque partie sa déclaration.",
    "Every declaration has the parts that its state asks for, and every part its declaration (DEF-021).",
    """
    with read as (
        select payer_id, declaration_id, period, count(*) as parts, max(read_no) as last_no,
            count(distinct read_no) as numbers, max(sent_parts) filter (where read_no = 1) as announced,
            max(sent_replaces) filter (where read_no = 1) as replaces,
            max(sent_period) filter (where read_no = 1) as sent_period, bool_and(part <= sent_parts) as fit
        from part group by payer_id, declaration_id, period
    )
    select payer_id, declaration_id, period, concat_ws(' ', d.state, d.completed_no, d.parts_announced) as found,
        concat_ws(' ', read.parts, read.announced) as expected, account.known_at as since
    from declaration d full join read using (payer_id, declaration_id, period)
        left join account on account.key = payer_id
    where d.state is null or read.parts is null
        or (d.parts_announced, d.replaces, d.period, read.parts, read.numbers) is distinct from
            (read.announced, read.replaces, read.sent_period, read.last_no::bigint, read.last_no::bigint)
        or not read.fit
        or read.parts > d.parts_announced or (read.parts = d.parts_announced) <> (d.completed_no is not null)
        or case d.state when 'incomplete' then d.completed_no is not null or d.replaced_by is not null
            when 'rejected' then d.completed_no is null and d.replaced_by is null else d.completed_no is null end
    """,
)

COMPLETED = in_sql(
    "completions-are-numbered",
    "Les déclarations complètes d'un cotisant sont numérotées de 1 à leur nombre, sans trou ni doublon.",
    "A payer's complete declarations are numbered from 1 to their count, no gap and no double (DEF-021).",
    """
    select key as payer_id, concat_ws(' ', n, last_no, numbers) as found, completed_count as expected,
        known_at as since
    from account full join (
        select payer_id as key, count(*) as n, max(completed_no) as last_no, count(distinct completed_no) as numbers
        from declaration where completed_no is not null group by payer_id
    ) d using (key)
    where (coalesce(n, 0), coalesce(last_no, 0), coalesce(numbers, 0))
        is distinct from (completed_count::bigint, completed_count, completed_count::bigint)
    """,
)

ANSWERED = in_sql(
    "answers-fit-their-state",
    "La réponse de chaque déclaration est celle de son état ; seul un cotisant non affilié fait attendre.",
    "Every declaration is answered as its state says; only a payer without affiliation makes one wait (DEF-023).",
    """
    select payer_id, declaration_id, concat_ws(' ', state, outcome, lines_received, lines_accepted, lines_rejected,
            insured_share_xof + payer_share_xof) as found,
        'state = outcome' as expected, account.known_at as since
    from declaration d left join account on account.key = payer_id
    where coalesce(case state
        when 'incomplete' then outcome is null and findings is null
        when 'pending' then outcome = 'pending' and account.payer_kind is null and lines_accepted = 0
            and lines_rejected = 0 and insured_share_xof = 0 and payer_share_xof = 0 and due_on is null
            and jsonb_array_length(findings) = 1
        when 'rejected' then outcome = 'rejected' and lines_accepted = 0 and lines_rejected = lines_received
            and insured_share_xof = 0 and payer_share_xof = 0 and due_on is null and jsonb_array_length(findings) = 1
            and (account.payer_kind is not null or replaced_by is not null)
        else account.payer_kind is not null and lines_accepted + lines_rejected = lines_received
            and outcome = case jsonb_array_length(findings) when 0 then 'accepted' else 'accepted_with_anomalies' end
        end, false) is not true
    """,
)

REPLACED = in_sql(
    "replacements-are-mutual",
    "Une déclaration remplacée l'est par une déclaration complète qui la nomme, et inversement.",
    "A declaration is replaced by a complete one that names it; one that took effect replaced it (DEF-024).",
    """
    select old.payer_id, old.declaration_id, old.replaced_by as found, null as expected, account.known_at as since
    from declaration old left join declaration new
            on new.payer_id = old.payer_id and new.declaration_id = old.replaced_by
        left join account on account.key = old.payer_id
    where old.replaced_by is not null and coalesce(new.replaces = old.declaration_id and new.period = old.period
        and new.completed_no is not null and (old.state = 'rejected' or new.state = 'accepted'), false) is not true
    union all
    select new.payer_id, new.declaration_id, old.replaced_by, new.declaration_id, account.known_at
    from declaration new left join declaration old
            on old.payer_id = new.payer_id and old.declaration_id = new.replaces
        left join account on account.key = new.payer_id
    where new.state = 'accepted' and new.replaces is not null and old.replaced_by is distinct from new.declaration_id
    """,
)

ACCOUNTS = in_sql(
    "everything-has-an-account",
    "Chaque dû, déclaration et paiement est sous un compte.",
    "Every due, declaration and payment stands under an account.",
    """
    select key, kind as found, 'account' as expected, null::timestamptz as since from (
        select payer_id as key, 'pair' as kind from pair union select payer_id, 'declaration' from declaration
        union select account_key, 'payment' from payment where account_key is not null
        union select account_key, 'placement' from placement union select account_key, 'hold' from hold
    ) named where not exists (select from account where account.key = named.key)
    """,
)


async def _due_days(look: Look) -> AsyncIterator[Finding]:
    """The law's due day of each frozen kind, frequency and period; there are few of them, and many pairs of each."""
    async with look.snapshot() as connection:
        kinds = await connection.fetch(
            "select distinct payer_kind, filing_frequency, period, law_edition, due_on from pair"
        )
        for kind, frequency, period, edition, day in kinds:
            try:
                should = due_on(kind, frequency, period, edition)
            except LookupError:
                should = None
            if day != should:
                sql = (
                    "select payer_id, period, due_on as found, $6::date as expected, known_at as since "
                    "from pair left join account on key = payer_id where (pair.payer_kind, pair.filing_frequency, "
                    "period, law_edition, due_on) = ($1, $2, $3, $4, $5)"
                )
                async for row in connection.cursor(sql, kind, frequency, period, edition, day, should):
                    yield Finding({"payer_id": row["payer_id"], "period": row["period"]}, day, should, row["since"])


DUE_DAYS = Invariant(
    "due-days-are-the-law",
    Message(fr="Chaque échéance est celle de la loi.", en="Every due day is the law's (DEF-020, DEF-033)."),
    _due_days,
)

DECLARATIONS = (DUES, PARTS, COMPLETED, ANSWERED, REPLACED, ACCOUNTS, DUE_DAYS)
