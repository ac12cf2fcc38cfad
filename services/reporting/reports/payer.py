"""`/v1/payers/{payer_id}`: one payer's figures, period by period, with the facts behind each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Literal

from pydantic import Field

from recouvra.chassis.database import Connection
from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.payment_held import PaymentHeld
from recouvra.law.grounds import grounds
from services.reporting.reports.asked import AsOf, OfPeriods
from services.reporting.reports.instants import told
from services.reporting.reports.plan import Arguments, of_periods
from services.reporting.reports.rates import rate

_ASSESSED = (
    "select id, event_id, known_at, period, assessed_xof as amount_xof, payer_kind, territory_code, declaration_id, "
    "basis, filed_on, due_on from assessed where payer_id = $1 and known_at <= $2"
)
_RECEIVED = (
    "select id, event_id, known_at, period, received_xof as amount_xof, payer_kind, territory_code, payment_source, "
    "payment_id, received_on, channel from received where payer_id = $1 and known_at <= $2"
)
_CREDIT = (
    "select id, event_id, known_at, held_xof as amount_xof, payment_source, payment_id, received_on, channel "
    "from held where payer_id = $1 and known_at <= $2 and held_as = 'credit' order by known_at, id"
)
_AFFILIATION = (
    "select event_id, known_at, payer_kind, territory_code, name, filing_frequency, affiliated_on, closed_on "
    "from affiliation where payer_id = $1 and known_at <= $2 order by known_at desc, id desc limit 1"
)
_PLACED = "DEF-004"
_RULES = {"declared": "DEF-021", "replacement": "DEF-024", "estimated": "LAW-031", "adjustment": "DEF-033"}
"""The rule by which a fact came about: of an assessment by its basis; money is placed by one."""


class PayerAsked(AsOf, OfPeriods):
    """What may be asked of one payer: some of its periods, as of an instant."""

    format: Literal["json"] | None = Field(None, description="There is no other.")


async def account(connection: Connection, payer_id: str, asked: PayerAsked, as_of: datetime) -> dict[str, Any] | None:
    """The payer as known at `as_of`; None where nothing was known of it then.

    Kind, territory and name are the latest known, by the fact in `affiliation`; each fact keeps its own. Credit has no
    period, so that filters on periods leave it as it is. A period tells the law's rows behind its amounts and its
    due day, for the kind that it stands under, as they are loaded now (DEF-033: a fact does not tell as of when).
    """
    arguments = Arguments([payer_id, as_of])
    periods = of_periods(asked, arguments)
    affiliation = await connection.fetchrow(_AFFILIATION, payer_id, as_of)
    assessed = await connection.fetch(_ASSESSED + periods, *arguments)
    received = await connection.fetch(_RECEIVED + periods, *arguments)
    credit = await connection.fetch(_CREDIT, payer_id, as_of)
    if affiliation is None and not assessed and not received and not credit:
        return None
    due, paid = (sum(fact["amount_xof"] for fact in facts) for facts in (assessed, received))
    return {
        "payer_id": payer_id,
        "payer_kind": affiliation and affiliation["payer_kind"],
        "territory_code": affiliation and affiliation["territory_code"],
        "name": affiliation and affiliation["name"],
        "assessed_xof": due,
        "received_xof": paid,
        "outstanding_xof": due - paid,
        "collection_rate": rate(paid, due),
        "credit_xof": sum(fact["amount_xof"] for fact in credit),
        "periods": periods_of(map(dict, assessed), map(dict, received)),
        "credit_facts": [_fact(PaymentHeld.topic, dict(fact)) for fact in credit],
        "affiliation": affiliation and {"topic": PayerAffiliated.topic, **affiliation},
    }


def periods_of(assessed: Iterable[Mapping[str, Any]], received: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One payer's periods in order, each with its sums, its days and the facts behind them, facts in any order."""
    facts: dict[str, tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]] = defaultdict(lambda: ([], []))
    for which, some in enumerate((assessed, received)):
        for fact in sorted(some, key=itemgetter("known_at", "id")):
            facts[fact["period"]][which].append(fact)
    return [_period(period, *facts[period]) for period in sorted(facts)]


def _period(
    period: str, assessed: Sequence[Mapping[str, Any]], received: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    due, paid = (sum(fact["amount_xof"] for fact in facts) for facts in (assessed, received))
    facts = [_fact(ContributionAssessed.topic, fact) for fact in assessed]
    facts += [_fact(ContributionReceived.topic, fact) for fact in received]
    return {
        "period": period,
        "assessed_xof": due,
        "received_xof": paid,
        "outstanding_xof": due - paid,
        "due_on": assessed[-1]["due_on"] if assessed else None,
        "filed_on": min((fact["filed_on"] for fact in assessed), default=None),
        "paid_on": paid_on(due, [(fact["received_on"], fact["amount_xof"]) for fact in received]),
        "facts": sorted(facts, key=itemgetter("known_at")),
        "law": grounds((assessed or received)[0]["payer_kind"], period),
    }


def _fact(topic: str, fact: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in fact.items() if name not in ("id", "period")}
    return {"topic": topic, "rule": _RULES.get(fact.get("basis", ""), _PLACED)} | shown


def paid_on(due_xof: int, receipts: Iterable[tuple[date, int]]) -> date | None:
    """The value date on which what is due had wholly come in; None while it has not, and where nothing is due.

    `receipts` are (value date, signed francs) in any order: what was taken back carries its payment's own date.
    """
    by_day: dict[date, int] = defaultdict(int)
    for day, xof in receipts:
        by_day[day] += xof
    if due_xof <= 0 or sum(by_day.values()) < due_xof:
        return None
    came_xof = 0
    for day in sorted(by_day):
        came_xof += by_day[day]
        if came_xof >= due_xof:
            return day
    return None


def shown(value: object) -> str:
    """A date or an instant as JSON writes it."""
    if isinstance(value, datetime):
        return told(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
