"""What is known at an instant, in sums: what is known by now, less what became known since (ADR 10).

`at` is the placeholder of the instant. Of each table several rows may have equal keys, to be summed; a group of which
the pairs sum up to 0 was not known then.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    versions that began then.
    """
    day, month = (f"date_trunc('{unit}', {at}::timestamptz, 'UTC')" for unit in ("day", "month"))
    following = f"(({month} at time zone 'UTC') + interval '1 month')::date"
    taken_off = f"{_NAMED}, {', '.join(f'-{name}' for name in SUMMED)}"
    since = f"later.known_from > {at} and later.known_from < {day} + interval '24 hours'"
    return f"""(
        select {_NAMED}, {", ".join(SUMMED)} from summed
        union all
        select {taken_off} from summed_of_month where known_on >= {following}
        union all
        select {taken_off}
        from summed_of_day where known_on > ({day} at time zone 'UTC')::date and known_on < {following}
        union all
        select {", ".join(KEYS.values())}, {_signed(SUMMED)} from {_undone(since)}
    ) as known"""  # noqa: S608 - constants of ours


def known_payers(at: str) -> str:
    """A table to select from, a row or so a payer: payer_id, payer_kind, territory_code, pairs, assessed and received.

    For an instant since which little became known: all of it is looked at, version by version.
    """
    return f"""(
        select payer_id, payer_kind, territory_code, {", ".join(OF_PAYERS)} from summed_of_payer
        union all
        select payer_id, payer_kind, territory_code, {_signed(OF_PAYERS)} from {_undone(f"later.known_from > {at}")}
    ) as known"""  # noqa: S608 - constants of ours


def known_amounts(ledger: str, between: Iterable[str], what: str) -> str:
    """A table to select from of what became known of this sort (`projections/amounts`): of a ledger, by a condition.

    payer_kind, territory_code (its region), period, what and xof, up to the last of the instants `between`; if there
    are two, beyond the first. Days are told whole, then what became known later on the days of the instants.
    """
    *since, to = between
    days = [f"({at}::timestamptz at time zone 'UTC')::date" for at in (*since, to)]
    beyond = f"known_on > {days[0]} and " if since else ""
    later = [
        f"select {', '.join(_AMOUNT)}, {sign} * xof from {_later_that_day(ledger, at)} where {what}"  # noqa: S608 - constants of ours
        for at, sign in ((to, -1), *((at, 1) for at in since))
    ]
    whole = (
        "select payer_kind, region as territory_code, period, what, xof from amount_of_day "  # noqa: S608 - constants of ours
        f"where {beyond}known_on <= {days[-1]} and {what}"
    )
    return f"({' union all '.join([whole, *later])}) as amount"


_AMOUNT = ("payer_kind", "left(territory_code, 2)", "period", "what")


def _later_that_day(ledger: str, at: str) -> str:
    """The facts that became known after an instant on its day, by way of the versions that began with them."""
    end = f"date_trunc('day', {at}::timestamptz, 'UTC') + interval '24 hours'"
    return (
        f"(select fact.payer_kind, fact.territory_code, fact.period, {WHAT[ledger]} as what, fact.{ledger}_xof as xof "  # noqa: S608 - constants of ours
        f"from standing as version join {ledger} as fact on (fact.payer_id, fact.period, fact.known_at) "
        "= (version.payer_id, version.period, version.known_from) "
        f"where version.known_from > {at} and version.known_from < {end}) as fact"
    )


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
        select 1, before.* from standing as later join standing as before
            on (before.payer_id, before.period, before.known_to) = (later.payer_id, later.period, later.known_from)
        where {since}
    ) as undone"""  # noqa: S608 - constants of ours


def _signed(names: Iterable[str]) -> str:
    return ", ".join(f"sign * {SUMMED[name]}" for name in names)
