"""What is known at an instant, in sums: what is known by now, less what became known since (ADR 10).

`at` is the placeholder of the instant. Of each table several rows may have equal keys, to be summed; a group of which
the pairs sum up to 0 was not known then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.reporting.projections.amounts import WHAT
from services.reporting.projections.sums import KEYS, OF_PAYERS, SINCE, SUMMED
from services.reporting.reports.asked import OfPeriods

_REGIONS = {"region": "territory_code", "last_region": "last_territory"}
SUMMED_BY = tuple(_REGIONS.get(key, key) for key in KEYS)
"""The keys of sums as `known_sums` names them."""

_NAMED = ", ".join(f"{key} as {name}" for key, name in zip(KEYS, SUMMED_BY, strict=True))


def known_sums(at: str) -> str:
    """A table to select from, of some thousand rows: the keys of sums and each of `SUMMED`.

    territory_code and last_territory are their first two digits, the region. As of the end of a day it is what is known
    by now less all later months, and all later days of its own; what became known later on the very day is told by the
    versions that began then. Ranges have both ends, and versions before others are looked up one by one: so a plan is
    good for now, though made for no instant.
    """
    day, month = (f"date_trunc('{unit}', {at}::timestamptz, 'UTC')" for unit in ("day", "month"))
    following = f"(({month} at time zone 'UTC') + interval '1 month')::date"
    taken_off = f"{_NAMED}, {', '.join(f'-{name}' for name in SUMMED)}"
    since = f"later.known_from > {at} and later.known_from < {day} + interval '24 hours'"
    return f"""(
        select {_NAMED}, {", ".join(SUMMED)} from summed
        union all
        select {taken_off} from summed_of_month where known_on >= {following} and known_on < 'infinity'
        union all
        select {taken_off}
        from summed_of_day where known_on > ({day} at time zone 'UTC')::date and known_on < {following}
        union all
        select {", ".join(KEYS.values())}, {_signed(SUMMED)} from {_undone(since)}
    ) as known"""  # noqa: S608 - constants of ours


def known_payers(at: str) -> str:
    """A table to select from, a row or so a payer: payer_id, payer_kind, territory_code, pairs, assessed and received.

    For now: what became known since is looked at version by version.
    """
    return f"""(
        select payer_id, payer_kind, territory_code, {", ".join(OF_PAYERS)} from summed_of_payer
        union all
        select payer_id, payer_kind, territory_code, {_signed(OF_PAYERS)} from {_undone(f"later.known_from > {at}")}
    ) as known"""  # noqa: S608 - constants of ours


def payers_then(at: str) -> str:
    """As `known_payers`, for any instant; `pairs` is 1 of those known then, 0 of the others, with sums of 0.

    Now less the facts known since, or the facts known up to then: whichever are fewer, as months tell. A fact stands
    under the kind and territory of its pair (DEF-033).
    """
    is_late = "(select is_late from moment)"
    return f"""(
        with moment as materialized (
            select count(*) > 2 * count(*) filter (where known_on > {at}::timestamptz) as is_late from summed_of_month
        )
        select payer_id, payer_kind, territory_code, (known_from <= {at})::int as pairs,
            case when {is_late} then assessed_xof else 0 end as assessed_xof,
            case when {is_late} then received_xof else 0 end as received_xof
        from summed_of_payer
        union all {_facts_of_payers("-", f"known_at > {at} and {is_late}")}
        union all {_facts_of_payers("", f"known_at <= {at} and not {is_late}")}
    ) as known"""  # noqa: S608 - constants of ours


def _facts_of_payers(sign: str, which: str) -> str:
    payer = "payer_id, payer_kind, territory_code"
    return (
        f"select {payer}, 0, {sign}sum(assessed_xof), 0 from assessed where {which} group by {payer} union all "  # noqa: S608 - constants of ours
        f"select {payer}, 0, 0, {sign}sum(received_xof) from received where {which} group by {payer}"
    )


def known_amounts(ledger: str, between: Sequence[str], what: str) -> str:
    """A table to select from of what became known of this sort (`projections/amounts`): of a ledger, by a condition.

    payer_kind, territory_code (its region), period, what and xof, up to the last of the instants `between`; if there
    are two, beyond the first. Days are told whole, then the facts of an instant's own day up to it. Up to one instant
    there is a row for keys only if a fact of theirs was known then.
    """
    *since, to = between
    days = [f"({at}::timestamptz at time zone 'UTC')::date" for at in (*since, to)]
    beyond = f"known_on >= {days[0]} and " if since else ""
    parts = [
        f"select {', '.join(_AMOUNT)}, {sign}{ledger}_xof from (select *, {WHAT[ledger]} as what from {ledger} "  # noqa: S608 - constants of ours
        f"where known_at >= date_trunc('day', {at}::timestamptz, 'UTC') and known_at <= {at}) as fact where {what}"
        for at, sign in ((to, ""), *((at, "-") for at in since))
    ]
    whole = (
        "select payer_kind, region as territory_code, period, what, xof from amount_of_day "  # noqa: S608 - constants of ours
        f"where {beyond}known_on < {days[-1]} and {what}"
    )
    return f"({' union all '.join([whole, *parts])}) as amount"


_AMOUNT = ("payer_kind", "left(territory_code, 2)", "period", "what")


def known_in(at: str, asked: OfPeriods) -> str:
    """A SELECT of the payers of whom anything is known in the periods asked for; one may come several times."""
    (first, from_month), (last, to_month) = (
        (period[:4], int(period[5:])) for period in (asked.period_from or "0000-01", asked.period_to or "9999-12")
    )
    ends = {first: (from_month, 12), last: (1, to_month)} if first != last else {first: (from_month, to_month)}
    # The years stand there as they are, digits alone: not every statement of an answer would use an argument.
    partly = " ".join(f"when '{year}' then {_since(*months)}" for year, months in ends.items())
    return (
        f"select payer_id from known_in_year where year between '{first}' and '{last}' "  # noqa: S608 - constants of ours
        f"and case year {partly} else {_since(1, 12)} end <= {at}"
    )


def _since(first: int, last: int) -> str:
    return f"least({', '.join(SINCE[first - 1 : last]) or 'null::timestamptz'})"


def _undone(since: str) -> str:
    """The versions that began `since`, to be taken off (`sign` is -1), and those before them, to be put back."""
    return f"""(
        select -1 as sign, later.* from standing as later where {since}
        union all
        select 1, before.* from standing as later, lateral (
            select * from standing
            where (payer_id, period, known_to) = (later.payer_id, later.period, later.known_from) offset 0
        ) as before where {since}
    ) as undone"""  # noqa: S608 - constants of ours


def _signed(names: Iterable[str]) -> str:
    return ", ".join(f"sign * {SUMMED[name]}" for name in names)
