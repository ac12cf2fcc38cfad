"""A report's question to the database: composed from constants of ours, with every value that was asked as an argument.

Two statements can be made of a plan: one page with its total, or every row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.reporting.reports.asked import OfPayers, OfPeriods

Fields = dict[str, int | str | None]


class Arguments(list[object]):
    """The values of a statement, in order."""

    def put(self, value: object) -> str:
        """Adds a value; the placeholder that stands for it."""
        self.append(value)
        return f"${len(self)}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to sum, and how.

    Attributes:
        keys: columns of `part` that rows are grouped by, in the order in which they are shown and sorted; text, never
            null. None: one row for all.
        part: a SELECT of key columns and amounts, summed in part, over what is known and asked for.
        measures: aggregates over the rows of `part`, by name.
        over_all: what the same aggregates give the total of: `part`, or a sub-select of it.
        fields: a row's fields after its keys, from its measures.
        columns: the names of those fields, in order.
        arguments: the values that `part` refers to.
    """

    keys: Sequence[str]
    part: str
    measures: Mapping[str, str]
    fields: Callable[[Mapping[str, Any]], Fields]
    columns: Sequence[str]
    arguments: Arguments
    over_all: str = "part"

    def page(self, after: Sequence[str] | None, limit: int) -> tuple[str, Arguments]:
        """At most `limit` rows beyond the keys `after`, sorted by their keys, then the total over all pages.

        The row of the total has `is_total` true and no keys.
        """
        arguments = Arguments(self.arguments)
        beyond = ""
        if self.keys and after is not None:
            beyond = f"where ({self._keys}) > ({', '.join(f'{arguments.put(key)}::text' for key in after)})"
        no_keys = "".join(f"null::text as {key}, " for key in self.keys)
        order = ", ".join(str(n) for n in range(1, len(self.keys) + 2))
        sql = (
            f"with part as materialized ({self.part}), page as ({self._rows(beyond)} limit {arguments.put(limit)}) "  # noqa: S608 - constants of ours
            f"select false as is_total, page.* from page "
            f"union all select true, {no_keys}{self._measures} from {self.over_all} order by {order}"
        )
        return sql, arguments

    def whole(self) -> tuple[str, Arguments]:
        """Every row, sorted by its keys."""
        return f"with part as ({self.part}) {self._rows('')}", self.arguments

    def row(self, record: Mapping[str, Any]) -> Fields:
        """A record of either statement as a row: keys, then fields."""
        return {key: record[key] for key in self.keys} | self.fields(record)

    def _rows(self, where: str) -> str:
        if not self.keys:
            return f"select {self._measures} from part {where}"  # noqa: S608 - constants of ours
        keys = self._keys
        return f"select {keys}, {self._measures} from part {where} group by {keys} order by {keys}"  # noqa: S608 - constants of ours

    @property
    def _keys(self) -> str:
        return ", ".join(self.keys)

    @property
    def _measures(self) -> str:
        return ", ".join(f"{aggregate} as {name}" for name, aggregate in self.measures.items())


def of_payers(asked: OfPayers, arguments: Arguments, table: str = "") -> str:
    """Conditions, each beginning with ``and``, on a table's payer_kind, territory_code and payer_id."""
    at = f"{table}." if table else ""
    conditions = {
        f"{at}payer_kind = {{}}": asked.payer_kind,
        f"left({at}territory_code, 2) = {{}}": asked.region,
        f"starts_with({at}territory_code, {{}})": asked.territory,
        f"{at}payer_id = {{}}": asked.payer_id,
    }
    return _all_of(conditions, arguments)


def of_periods(asked: OfPeriods, arguments: Arguments) -> str:
    """Conditions, each beginning with ``and``, on a table's period."""
    return _all_of({"period >= {}": asked.period_from, "period <= {}": asked.period_to}, arguments)


def _all_of(conditions: Mapping[str, str | None], arguments: Arguments) -> str:
    asked = {condition: value for condition, value in conditions.items() if value is not None}
    return "".join(f" and {condition.format(arguments.put(value))}" for condition, value in asked.items())
