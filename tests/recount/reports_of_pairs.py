"""What was due, when, and how it came in: reports over (payer, period) pairs recomputed from the published facts.

Written from rules.md alone: DEF-008 (timeliness), DEF-009 (unpaid rates), DEF-010 (arrears), DEF-011 (cohorts). Each
function returns the rows of its report sorted by their keys; without keys one row, which is the total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.recount.law import FIRST_PERIOD, due_on
from tests.recount.reports import DIMENSIONS, Facts, known, passes, rate, until
from tests.recount.state import Key

PERIODS = ("period_from", "period_to")
Row = dict[str, Any]


@dataclass
class Known:
    """A (payer, period) as known at an instant; `assessed_xof` is None before its first assessment."""

    body: Mapping[str, Any]  # payer, period, and under what kind and territory it stands
    due_on: date | None = None
    filed_on: date | None = None
    assessed_xof: int | None = None
    receipts: list[tuple[date, int]] = field(default_factory=list)  # (value date, signed francs)

    @property
    def due_xof(self) -> int:
        """What is due."""
        return self.assessed_xof or 0

    def came_by(self, day: date) -> int:
        """What has a value date up to a day."""
        return sum(xof for on, xof in self.receipts if on <= day)

    @property
    def came_xof(self) -> int:
        """What came in, of whatever value date."""
        return sum(xof for _, xof in self.receipts)


def pairs_of(facts: Facts, at: datetime | date) -> dict[Key, Known]:
    """Return every pair with an assessed or received fact known at an instant."""
    pairs: dict[Key, Known] = {}
    for fact in known(facts, at):
        if fact.topic not in ("contribution-assessed", "contribution-received"):
            continue
        body = fact.body
        pair = pairs.setdefault((body["payer_id"], body["period"]), Known(body))
        if fact.topic == "contribution-assessed":
            filed = date.fromisoformat(body["filed_on"])
            pair.body, pair.due_on = body, date.fromisoformat(body["due_on"])
            pair.filed_on = filed if pair.filed_on is None else min(pair.filed_on, filed)
            pair.assessed_xof = pair.due_xof + body["assessed_xof"]
        else:
            pair.receipts.append((date.fromisoformat(body["received_on"]), body["received_xof"]))
    return pairs


def payers_of(facts: Facts, at: datetime | date) -> dict[str, Mapping[str, Any]]:
    """Return the last affiliation of each payer known at an instant; of two of one knowledge time the later read."""
    told = [fact for fact in known(facts, at) if fact.topic == "payer-affiliated"]
    return {fact.body["payer_id"]: fact.body for fact in sorted(told, key=lambda fact: fact.known_at)}


def utc_date(at: datetime | date) -> date:
    """Return the UTC date of an instant."""
    return until(at).astimezone(UTC).date()


def grouped(
    some: Iterable[tuple[Mapping[str, Any], Any]], group_by: Iterable[str], filters: Mapping[str, str | None]
) -> dict[tuple[str, ...], list[Any]]:
    """Return what passes the filters by its keys; `some` are (whose it is and under what it stands, the thing)."""
    groups = set(group_by)
    dimensions = [value for name, (_, value) in DIMENSIONS.items() if name in groups]
    found: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    if not groups:
        found[()] = []
    for body, thing in some:
        if passes(body, filters):
            found[tuple(value(body) for value in dimensions)].append(thing)
    return found


def rows_of(
    groups: Mapping[tuple[str, ...], list[Any]], group_by: Iterable[str], said: Callable[[list[Any]], Row]
) -> list[Row]:
    """Return a row for each group: its keys, then what `said` makes of its things."""
    wanted = set(group_by)
    names = [column for name, (column, _) in DIMENSIONS.items() if name in wanted]
    return [dict(zip(names, keys, strict=True)) | said(groups[keys]) for keys in sorted(groups)]


# DEF-008


def months(first: str, last: str) -> Iterator[str]:
    """Yield the periods from one to another, both included."""
    year, month = int(first[:4]), int(first[5:])
    while f"{year:04}-{month:02}" <= last:
        yield f"{year:04}-{month:02}"
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def is_affiliated(payer: Mapping[str, Any], period: str) -> bool:
    """Tell whether a payer was affiliated on or before a period's last day and not closed before its first."""
    first_day = date(int(period[:4]), int(period[5:]), 1)
    last_day = (first_day + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    closed = payer["closed_on"]
    return date.fromisoformat(payer["affiliated_on"]) <= last_day and (
        closed is None or date.fromisoformat(closed) >= first_day
    )


def files_in(kind: str, period: str) -> bool:
    """Tell whether a kind of payer is expected to file for a period: the self-employed in a quarter's last month."""
    return kind != "self_employed" or int(period[5:]) % 3 == 0


@dataclass(frozen=True)
class Timely:
    """A pair whose due day has come."""

    expected: bool
    pair: Known


def timeliness(
    facts: Facts, at: datetime | date, group_by: Sequence[str] = (), **filters: str | None
) -> list[dict[str, Any]]:
    """Return the rows of `/v1/timeliness` (DEF-008)."""
    today, pairs, payers = utc_date(at), pairs_of(facts, at), payers_of(facts, at)
    first = filters.get("period_from") or min((period for _, period in pairs), default=None)
    last = min(filters.get("period_to") or "9999-12", f"{today.year:04}-{today.month:02}")
    some: list[tuple[Mapping[str, Any], Timely]] = []
    for (payer_id, period), pair in pairs.items():
        if pair.due_on is not None and pair.due_on <= today:
            affiliated = payer_id in payers and is_affiliated(payers[payer_id], period)
            some.append((pair.body, Timely(affiliated and files_in(pair.body["payer_kind"], period), pair)))
    for payer_id, payer in payers.items():
        for period in months(max(first, FIRST_PERIOD), last) if first else ():
            body = dict(payer) | {"period": period}
            is_assessed = (payer_id, period) in pairs and pairs[payer_id, period].due_on is not None
            is_due = date.fromisoformat(due_on(payer["filing_frequency"], period)) <= today
            if not is_assessed and is_due and is_affiliated(payer, period) and files_in(payer["payer_kind"], period):
                some.append((body, Timely(True, Known(body))))
    groups = grouped(some, group_by, filters)
    told = {keys: of for keys, of in groups.items() if not keys or any(t.expected or t.pair.due_xof > 0 for t in of)}
    return rows_of(told, group_by, timely)


def timely(some: list[Timely]) -> Row:
    """Return the fields of a row."""
    expected = [one.pair for one in some if one.expected]
    filed = [pair for pair in expected if pair.filed_on is not None]
    on_time = [pair for pair in filed if pair.filed_on and pair.due_on and pair.filed_on <= pair.due_on]
    owing = [(one.pair, one.pair.due_on) for one in some if one.pair.due_xof > 0 and one.pair.due_on]
    paid = [pair for pair, due in owing if pair.came_by(due) >= pair.due_xof]
    due_xof = sum(pair.due_xof for pair, _ in owing)
    paid_on_time_xof = sum(pair.came_by(due) for pair, due in owing)
    return {
        "expected": len(expected),
        "filed": len(filed),
        "filed_on_time": len(on_time),
        "on_time_filing_rate": rate(len(on_time), len(expected)),
        "payers_with_dues": len(owing),
        "paid_on_time": len(paid),
        "on_time_payment_rate_by_number": rate(len(paid), len(owing)),
        "due_xof": due_xof,
        "paid_on_time_xof": paid_on_time_xof,
        "on_time_payment_rate_by_value": rate(paid_on_time_xof, due_xof),
    }


# DEF-009, DEF-011


def came_by_days(pairs: list[Known], today: date, days: int) -> int | None:
    """Return what came up to so many days after each due day; None unless every pair with dues has reached that."""
    came_xof = 0
    for pair in pairs:
        if pair.due_on is None:
            continue
        point = pair.due_on + timedelta(days=days)
        if pair.due_xof > 0 and point > today:
            return None
        came_xof += pair.came_by(point)
    return came_xof


def unpaid_rates(facts: Facts, at: datetime | date, **filters: str | None) -> list[dict[str, Any]]:
    """Return the rows of `/v1/unpaid-rates`, by period (DEF-009)."""
    return _unpaid(facts, at, ["period"], filters)


def unpaid_rates_total(facts: Facts, at: datetime | date, **filters: str | None) -> dict[str, Any]:
    """Return the total of `/v1/unpaid-rates`."""
    return _unpaid(facts, at, [], filters)[0]


def _unpaid(
    facts: Facts, at: datetime | date, group_by: Sequence[str], filters: Mapping[str, str | None]
) -> list[dict[str, Any]]:
    today = utc_date(at)

    def said(pairs: list[Known]) -> Row:
        due_xof = sum(pair.due_xof for pair in pairs)
        came = {days: came_by_days(pairs, today, days) for days in (0, 30, 90)}
        return {"due_xof": due_xof} | {
            f"unpaid_rate_{days}": None if xof is None else rate(due_xof - xof, due_xof) for days, xof in came.items()
        }

    some = ((pair.body, pair) for pair in pairs_of(facts, at).values())
    return rows_of(grouped(some, group_by, filters), group_by, said)


def cohorts(
    facts: Facts, at: datetime | date, group_by: Sequence[str] = (), **filters: str | None
) -> list[dict[str, Any]]:
    """Return the rows of `/v1/cohorts`, always by period too (DEF-011)."""
    return _cohorts(facts, at, [*group_by, "period"], filters)


def cohorts_total(facts: Facts, at: datetime | date, **filters: str | None) -> dict[str, Any]:
    """Return the total of `/v1/cohorts`."""
    return _cohorts(facts, at, [], filters)[0]


def _cohorts(
    facts: Facts, at: datetime | date, group_by: Sequence[str], filters: Mapping[str, str | None]
) -> list[dict[str, Any]]:
    today = utc_date(at)

    def said(pairs: list[Known]) -> Row:
        assessed_xof = sum(pair.due_xof for pair in pairs)
        came = {days: came_by_days(pairs, today, days) for days in (0, 30, 60, 90, 180, 365)}
        return {"assessed_xof": assessed_xof} | {
            f"rate_{days}": None if xof is None else rate(xof, assessed_xof) for days, xof in came.items()
        }

    some = ((pair.body, pair) for pair in pairs_of(facts, at).values())
    return rows_of(grouped(some, group_by, filters), group_by, said)


# DEF-010

AGES = {"1_30": (1, 30), "31_90": (31, 90), "91_180": (91, 180), "181_365": (181, 365), "over_365": (366, 10**9)}


def arrears(
    facts: Facts, at: datetime | date, group_by: Sequence[str] = (), **filters: str | None
) -> list[dict[str, Any]]:
    """Return the rows of `/v1/arrears` (DEF-010)."""
    today = utc_date(at)

    def said(pairs: list[Known]) -> Row:
        ages = dict.fromkeys(AGES, 0)
        for pair in pairs:
            for name, (youngest, oldest) in AGES.items():
                if pair.due_on is not None and youngest <= (today - pair.due_on).days <= oldest:
                    ages[name] += pair.due_xof - pair.came_xof
        owed_xof = sum(ages.values())
        collected_xof = sum(xof for pair in pairs for on, xof in pair.receipts if on.year == today.year)
        return {
            "arrears_xof": owed_xof,
            **{f"days_{name}_xof": xof for name, xof in ages.items()},
            "older_than_12_months_share": rate(ages["over_365"], owed_xof),
            "arrears_to_collections": rate(owed_xof, collected_xof),
        }

    some = ((pair.body, pair) for pair in pairs_of(facts, at).values())
    return rows_of(grouped(some, group_by, filters), group_by, said)
