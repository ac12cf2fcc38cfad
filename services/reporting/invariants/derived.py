"""What is derived within these tables: versions are what the ledgers say, sums are what the versions come to."""

from __future__ import annotations

from collections.abc import Sequence

from recouvra.chassis.verifying import Invariant, in_sql
from services.reporting.projections.amounts import WHAT
from services.reporting.projections.standing import OWN
from services.reporting.projections.sums import DAYS, KEYS, OF_PAYERS, SINCE, SUMMED

_BY_DAYS = ", ".join(
    f"coalesce(sum(received_xof) filter (where received_on <= said.due_on + {days}), 0)" for days in DAYS
)

# Each version looks at all the facts known by its time again, where the projection goes on from one to the next.
STANDING = in_sql(
    "versions-are-the-ledgers",
    "Ce que l'on savait de chaque cotisant et période, à tout instant, est ce que disent les faits.",
    "What was known of each payer and period, at every instant, is what the facts say (DEF-007).",
    f"""
    with fact as (
        select payer_id, period, known_at, payer_kind, territory_code, due_on, filed_on, assessed_xof,
            null::bigint as received_xof, null::date as received_on from assessed where in_standing
        union all
        select payer_id, period, known_at, payer_kind, territory_code, null, null, null, received_xof, received_on
        from received where in_standing
    ), due as (
        select distinct on (payer_id, period) payer_id, period, known_at as due_from, due_on as falls_on
        from assessed where in_standing order by payer_id, period, known_at, due_on
    ), moment as (
        select payer_id, period, known_at as known_from,
            lead(known_at, 1, 'infinity') over (partition by payer_id, period order by known_at) as known_to
        from (
            select payer_id, period, known_at from fact
            union all
            select payer_id, period, affiliation.known_at from affiliation
            join (select payer_id, period, min(known_at) as first from fact group by payer_id, period) as pair
                using (payer_id)
            where in_standing and affiliation.known_at > first
        ) as each group by payer_id, period, known_at
    ), said as (
        select moment.*, case when due_from <= known_from then falls_on end as due_on
        from moment left join due using (payer_id, period)
    ), own ({", ".join(OWN)}) as (
        select said.payer_id, said.period, min(payer_kind), min(territory_code), said.due_on, min(filed_on),
            said.known_from, said.known_to, count(assessed_xof) > 0, count(received_xof) > 0,
            coalesce(sum(assessed_xof), 0), coalesce(sum(received_xof), 0), {_BY_DAYS}
        from said join fact on (fact.payer_id, fact.period) = (said.payer_id, said.period) and known_at <= known_from
        group by said.payer_id, said.period, said.due_on, said.known_from, said.known_to
    ), version as (
        select own.*, payer.payer_kind, payer.territory_code, filing_frequency collate "C",
            coalesce(period >= to_char(affiliated_on, 'YYYY-MM') collate "C"
                and (closed_on is null or period <= to_char(closed_on, 'YYYY-MM') collate "C"), false)
        from own left join lateral (
            select * from affiliation where affiliation.payer_id = own.payer_id and in_standing
                and known_at <= known_from order by known_at desc, id desc limit 1
        ) as payer on true
    )
    select payer_id, period, known_from as at, standing::text as found, version::text as expected, known_from as since
    from standing full join version using (payer_id, period, known_from) where standing.* is distinct from version.*
    """,  # noqa: S608 - constants of ours
    seldom=True,
)


def _sums(name: str, fr: str, en: str, keys: str, names: Sequence[str], told: str, expected: str) -> Invariant:
    """Rows of sums that are not what the versions come to: both SELECTs of keys and sums, `expected` of `since` too."""
    found = ", ".join(f"sum({one}) filter (where side = 1)" for one in names)
    wanted = ", ".join(f"sum({one}) filter (where side = -1)" for one in names)
    differs = " or ".join(f"sum(side * {one}) <> 0" for one in names)
    sql = f"""
    select {keys}, array[{found}]::text as found, array[{wanted}]::text as expected,
        coalesce(max(since), (select max(known_from) from standing)) as since
    from (
        select 1 as side, told.*, null::timestamptz as since from ({told}) as told
        union all
        select -1, expected.* from ({expected}) as expected
    ) as each group by {keys} having {differs}
    """  # noqa: S608 - constants of ours
    return in_sql(name, fr, en, sql, seldom=True)


def _of(names: Sequence[str], sign: str = "") -> str:
    return ", ".join(f"sum({sign}{SUMMED[name]}) as {name}" for name in names)


_KEYS = ", ".join(KEYS)
_OF_PAIR = ", ".join(f"{sql} as {key}" for key, sql in KEYS.items())
_NAMES = ", ".join(SUMMED)

BY_NOW = _sums(
    "sums-are-the-versions",
    "Les sommes de ce qui est connu à présent sont celles des cotisants et périodes.",
    "The sums of what is known by now are those of the payers and periods.",
    _KEYS,
    list(SUMMED),
    f"select {_KEYS}, {_NAMES} from summed",  # noqa: S608 - constants of ours
    f"select {_OF_PAIR}, {_of(list(SUMMED))}, max(known_from) as since "  # noqa: S608 - constants of ours
    "from standing where known_to = 'infinity' "
    f"group by {', '.join(map(str, range(1, len(KEYS) + 1)))}",
)


def _of_moments(known_on: str) -> str:
    return (
        f"select {known_on} as known_on, {_OF_PAIR}, {_of(list(SUMMED), 'sign * ')}, max(at) as since from ("  # noqa: S608 - constants of ours
        "select 1 as sign, known_from as at, standing.* from standing "
        "union all select -1, known_to, standing.* from standing where known_to < 'infinity'"
        f") as moved group by {', '.join(map(str, range(1, len(KEYS) + 2)))}"
    )


OF_DAYS = _sums(
    "sums-of-days-are-the-versions",
    "Les sommes de ce qu'un jour a appris sont celles des versions qui y commencent, moins celles qui y finissent.",
    "The sums of what became known on a day are those of the versions that begin on it, less those that end on it.",
    f"known_on, {_KEYS}",
    list(SUMMED),
    f"select known_on, {_KEYS}, {_NAMES} from summed_of_day",  # noqa: S608 - constants of ours
    _of_moments("(at at time zone 'UTC')::date"),
)

OF_MONTHS = _sums(
    "sums-of-months-are-the-versions",
    "Les sommes de ce qu'un mois a appris sont celles des versions qui y commencent, moins celles qui y finissent.",
    "The sums of what became known in a month are those of the versions that begin in it, less those that end in it.",
    f"known_on, {_KEYS}",
    list(SUMMED),
    f"select known_on, {_KEYS}, {_NAMES} from summed_of_month",  # noqa: S608 - constants of ours
    _of_moments("date_trunc('month', at at time zone 'UTC')::date"),
)

_AMOUNTS = " union all ".join(
    f"select {what} as what, (known_at at time zone 'UTC')::date as known_on, payer_kind, "  # noqa: S608 - constants of ours
    f"left(territory_code, 2) as region, period, {ledger}_xof as xof, known_at from {ledger} where in_standing"
    for ledger, what in WHAT.items()
)
_AMOUNT_OF = "what, known_on, payer_kind, region, period"

AMOUNTS = _sums(
    "amounts-of-days-are-the-ledgers",
    "Ce qu'un jour a appris de chaque sorte de montant est la somme des faits de ce jour.",
    "What a day taught of each sort of amount is the sum of that day's facts.",
    _AMOUNT_OF,
    ["xof"],
    f"select {_AMOUNT_OF}, xof from amount_of_day",  # noqa: S608 - constants of ours
    f"select {_AMOUNT_OF}, sum(xof) as xof, max(known_at) as since from ({_AMOUNTS}) as fact group by {_AMOUNT_OF}",  # noqa: S608
)

_SINCE = [f"min(known_from) filter (where right(period, 2) = '{name[-2:]}') as {name}" for name in SINCE]

IN_YEARS = in_sql(
    "payers-are-known-since-their-versions",
    "Un cotisant est connu, mois par mois, depuis la première version de chacune de ses périodes.",
    "A payer is known, month by month, since the first version of each of its periods.",
    f"""
    with known as (
        select left(period, 4) as year, payer_id, {", ".join(_SINCE)} from standing group by left(period, 4), payer_id
    )
    select payer_id, year, known_in_year::text as found, known::text as expected, coalesce(
            greatest({", ".join(f"known.{name}" for name in SINCE)}), (select max(known_from) from standing)) as since
    from known_in_year full join known using (year, payer_id)
    where known_in_year.* is distinct from known.*
    """,  # noqa: S608 - constants of ours
    seldom=True,
)

OF_PAYERS_NOW = _sums(
    "sums-of-payers-are-the-versions",
    "Les sommes d'un cotisant sont celles de ses périodes, connues depuis la première.",
    "The sums of a payer are those of its periods, known since the first of them.",
    "payer_id, payer_kind, territory_code",
    ("known_since", "changed", *OF_PAYERS),
    "select payer_id, payer_kind, territory_code, extract(epoch from known_from) as known_since, "  # noqa: S608 - constants of ours
    f"has_others::int as changed, {', '.join(OF_PAYERS)} from summed_of_payer",
    "select payer_id, payer_kind, territory_code, extract(epoch from min(known_from)), "  # noqa: S608 - constants of ours
    "(count(*) over (partition by payer_id) > 1)::int, "
    + ", ".join(f"coalesce(sum({SUMMED[one]}) filter (where known_to = 'infinity'), 0)" for one in OF_PAYERS)
    + ", max(known_from) from standing group by 1, 2, 3",
)
