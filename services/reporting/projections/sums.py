"""What the pairs come to: sums by now, by day and month of knowledge, by payer; differences of versions (ADR 10).

A version that is made adds what it says when it begins and takes it off when it ends; one that is replaced does the
opposite. So the sums are those of the versions, in whatever order facts come.
"""

from __future__ import annotations

from collections.abc import Iterable

DAYS = (0, 30, 60, 90, 180, 365)
"""After so many days from the due day what was received by then, by value date, has a column of its own."""

SUMMED = {
    "pairs": "1",
    "pairs_with_dues": "(assessed_xof > 0)::int",
    "pairs_on_time": "(assessed_xof > 0 and received_0_xof >= assessed_xof)::int",
    "pairs_filed_on_time": "coalesce(filed_on <= due_on, false)::int",
    **{name: name for name in ("assessed_xof", "received_xof", *(f"received_{days}_xof" for days in DAYS))},
}
"""What is summed, each by its SQL over a version."""

OF_PAYERS = ("pairs", "assessed_xof", "received_xof")
"""Of these, what is summed by payer too."""

KEYS = {
    "payer_kind": "payer_kind",
    "region": "left(territory_code, 2)",
    "period": "period",
    "due_on": "due_on",
    "last_kind": "last_kind",
    "last_region": "left(last_territory, 2)",
    "filing_frequency": "filing_frequency",
    "is_affiliated": "is_affiliated",
}
"""What it is summed by, each by its SQL over a version."""

_KEYS = ", ".join(KEYS)


SINCE = [f"since_{month:02}" for month in range(1, 13)]
"""Since when something is known of a payer's periods of a year, month by month."""

_OF_MONTH = "min(since) filter (where right(period, 2) = '{:02}')"


def added(table: str, names: Iterable[str]) -> str:
    """What adds to the sums of a row that is there, as SQL."""
    return ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in names)


_NAMES = list(SUMMED)
_DIFFERENCES = ", ".join(f"sum(sign * {sql}) as {name}" for name, sql in SUMMED.items())
_OF_DAYS = ", ".join(f"sum({name}) as {name}" for name in SUMMED)

# A version that only ends earlier is taken off and put back where it begins: most differences come to nothing.
_IS_SOME = " or ".join(f"sum(sign * {sql}) <> 0" for sql in SUMMED.values())
_IS_SOME_OF_DAYS = " or ".join(f"sum({name}) <> 0" for name in SUMMED)

SAID = (
    *("payer_id", "period", "payer_kind", "territory_code", "due_on", "filed_on", "known_from", "assessed_xof"),
    *("received_xof", *(f"received_{days}_xof" for days in DAYS)),
    *("last_kind", "last_territory", "filing_frequency", "is_affiliated"),
)
"""What is read of a version here."""

MOVED = f"""
moved as (
    select sign, at, {", ".join(SAID)}
    from made cross join lateral (values (1, known_from), (-1, known_to)) as each(sign, at)
    where at < 'infinity' and not (ends and sign = 1)
    union all
    select sign, at, {", ".join(f"(before).{name}" for name in SAID)}
    from made cross join lateral (values (-1, (before).known_from), (1, (before).known_to)) as each(sign, at)
    where (before).payer_id is not null and at < 'infinity' and not (ends and sign = -1)
), first as (
    select payer_id, period, min(known_from) as since from version
    group by payer_id, period, touched_at having min(known_from) >= touched_at
)
"""  # noqa: S608 - constants of ours
"""What moves, and which pairs are new, of versions that a statement made again.

`made` has each version as it is, as it was (`before`, null where there was none), and whether it just `ends` at another
time, so that nothing moves where it begins; `version` has all those of the touched pairs, and from when on they were
(`touched_at`).
"""

FOLLOW = f"""
of_days as (
    select (at at time zone 'UTC')::date as known_on, {", ".join(f"{sql} as {key}" for key, sql in KEYS.items())},
        {_DIFFERENCES}
    from moved group by {", ".join(map(str, range(1, len(KEYS) + 2)))} having {_IS_SOME}
), by_now as (
    insert into summed ({_KEYS}, {", ".join(_NAMES)})
    select {_KEYS}, {_OF_DAYS} from of_days group by {_KEYS} having {_IS_SOME_OF_DAYS}
    on conflict ({_KEYS}) do update set {added("summed", _NAMES)}
), of_day as (
    insert into summed_of_day (known_on, {_KEYS}, {", ".join(_NAMES)})
    select known_on, {_KEYS}, {", ".join(_NAMES)} from of_days
    on conflict (known_on, {_KEYS}) do update set {added("summed_of_day", _NAMES)}
), of_month as (
    insert into summed_of_month (known_on, {_KEYS}, {", ".join(_NAMES)})
    select date_trunc('month', known_on::timestamp)::date as month, {_KEYS}, {_OF_DAYS} from of_days
    group by month, {_KEYS} having {_IS_SOME_OF_DAYS}
    on conflict (known_on, {_KEYS}) do update set {added("summed_of_month", _NAMES)}
), in_year as (
    insert into known_in_year (year, payer_id, {", ".join(SINCE)})
    select left(period, 4), payer_id, {", ".join(_OF_MONTH.format(month) for month in range(1, 13))}
    from first group by left(period, 4), payer_id
    on conflict (year, payer_id) do update set
        {", ".join(f"{name} = least(known_in_year.{name}, excluded.{name})" for name in SINCE)}
), of_payer as (
    insert into summed_of_payer (payer_id, payer_kind, territory_code, known_from, {", ".join(OF_PAYERS)})
    select payer_id, payer_kind, territory_code, min(known_from),
        {", ".join(f"sum(sign * {SUMMED[name]})" for name in OF_PAYERS)}
    from moved group by payer_id, payer_kind, territory_code
    on conflict (payer_id, payer_kind, territory_code) do update set
        known_from = least(summed_of_payer.known_from, excluded.known_from), {added("summed_of_payer", OF_PAYERS)}
    returning payer_id, old.payer_id is null as is_new
)
select payer_id from of_payer where is_new
"""  # noqa: S608 - constants of ours
"""What follows of what `moved`, a version that begins (`sign` 1) or ends (-1) `at` an instant, and of the `first` that
is known of a pair, `since` when; it tells the payers that have a row more.
"""

OTHERS = """
update summed_of_payer set has_others = true where not has_others and payer_id in (
    select payer_id from summed_of_payer where payer_id = any($1::text[]) group by payer_id having count(*) > 1
)
"""
"""Then, of those: a payer that has several rows must not be counted in each."""
