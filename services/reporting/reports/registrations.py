"""`/v1/registrations`: how many people were registered, month by month."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.reporting.reports.asked import OfPayers, Paged
from services.reporting.reports.dimensions import OF_PAYERS, chosen, columns, selected
from services.reporting.reports.plan import Arguments, Fields, Kind, Plan, of_payers

KEYS = [*columns(OF_PAYERS.values()), "month"]
COLUMNS = {"insured": Kind.COUNT, "dependants": Kind.COUNT}
_MEASURES = {name: f"coalesce(sum({name}), 0)" for name in COLUMNS}


class RegistrationsAsked(Paged, OfPayers):
    """What may be asked: filters on the payer and groupings by it; a registration has no period."""

    group_by: list[Literal["payer_kind", "region", "territory", "payer"]] = Field(
        [], description="Repeatable; the month is always a key."
    )


def plan(asked: RegistrationsAsked, as_of: datetime) -> Plan:
    """The people known at `as_of`, each once, under the payer that was the last known then (DEF-007, DEF-034).

    Of one person the latest fact up to `as_of` holds: after a transfer the person counts with the new payer, kind and
    territory, in the same month, and as of an instant before it with the old ones.
    """
    dimensions = chosen(OF_PAYERS, asked.group_by)
    keys = [*columns(dimensions), "month"]
    arguments = Arguments()
    people = (
        "select distinct on (insured_number) payer_id, payer_kind, territory_code, role, registered_on "  # noqa: S608 - constants of ours
        f"from registered where known_at <= {arguments.put(as_of)} order by insured_number, known_at desc, id desc"
    )
    part = (
        f"select {selected(dimensions)}to_char(registered_on, 'YYYY-MM') as month, "  # noqa: S608 - constants of ours
        "count(*) filter (where role = 'insured') as insured, count(*) filter (where role = 'dependant') as dependants "
        f"from ({people}) as person where true{of_payers(asked, arguments)} group by {', '.join(keys)}"
    )
    return Plan(keys, part, _MEASURES, _fields, COLUMNS, arguments)


def _fields(measures: Mapping[str, Any]) -> Fields:
    """Numbers of people."""
    return {name: int(measures[name]) for name in COLUMNS}
