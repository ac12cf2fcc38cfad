"""A report's question to the database: composed from constants of ours, with every value that was asked as an argument.

Two statements can be made of a plan: one page with its total, or every row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from services.reporting.reports.asked import OfPayers, OfPeriods

Cell = int | str | None
Fields = dict[str, Cell]


class Kind(Enum):
    """What a column holds, for the forms that type their cells. Any column may be null."""

    TEXT = auto()
    COUNT = auto()
    """A whole number: of things, of days."""
    FRANCS = auto()
    """Whole francs."""
    RATE = auto()
    """A decimal string of four places, as `rate` writes it."""


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
        keys: columns of `part` that rows are grouped by, in the order in which they are shown and sorted; text, and
            never null: what has none is an empty text, which is shown as null. No keys: one row for all.
        part: a SELECT of key columns and amounts, summed in part, over what is known and asked for.
        measures: aggregates over the rows of `part`, by name.
        fields: a row's fields after its keys, from its measures.
        columns: what those fields hold, in their order.
        arguments: the values that `part` refers to.
        over_all: what the same aggregates give the total of: `part`, or a sub-select of it.
        attributes: more columns like the keys, and told by them: shown after them, nothing is sorted by them.
        greatest_first: a whole-numbered measure by which rows are sorted before their keys.
        planned_once: it tells of now and reads so little, by keys, that one plan of the database serves each such now.
    """

    keys: Sequence[str]
    part: str
    measures: Mapping[str, str]
    fields: Callable[[Mapping[str, Any]], Fields]
    columns: Mapping[str, Kind]
    arguments: Arguments
    over_all: str = "part"
    attributes: Sequence[str] = ()
    greatest_first: str | None = None
    planned_once: bool = False

    @property
    def table(self) -> dict[str, Kind]:
        """Every column of a row and what it holds, in order."""
        return dict.fromkeys(self._shown, Kind.TEXT) | dict(self.columns)

    def page(self, after: Sequence[str | int] | None, limit: int) -> tuple[str, Arguments]:
        """At most `limit` rows beyond the place `after`, in their order, then the total over all pages.

        The row of the total has `is_total` true and no keys.
        """
        arguments = Arguments(self.arguments)
        beyond = ""
        if self.keys and after is not None:
            here = zip(after, self.place_types, strict=True)
            last = [f"{arguments.put(value)}::{'text' if of is str else 'numeric'}" for value, of in here]
            beyond = f"where ({self._order}) > ({', '.join(last)})"
        no_keys = "".join(f"null::text as {key}, " for key in self._shown)
        sql = (
            f"with part as materialized ({self.part}), page as ({self._rows(beyond)} limit {arguments.put(limit)}) "  # noqa: S608 - constants of ours
            f"select * from (select false as is_total, page.* from page "
            f"union all select true, {no_keys}{self._measures} from {self.over_all}) as answer "
            f"order by {', '.join(filter(None, ('is_total', self._order)))}"
        )
        return sql, arguments

    def whole(self) -> tuple[str, Arguments]:
        """Every row, in order."""
        return f"with part as ({self.part}) {self._rows('')}", self.arguments

    def row(self, record: Mapping[str, Any]) -> Fields:
        """A record of either statement as a row: keys, then fields."""
        return {key: record[key] or None for key in self._shown} | self.fields(record)

    def place(self, record: Mapping[str, Any]) -> list[str | int]:
        """Where a record stands among the rows, for the page that follows."""
        first = [] if self.greatest_first is None else [-int(record[self.greatest_first])]
        return [*first, *(record[key] for key in self.keys)]

    @property
    def place_types(self) -> list[type[str] | type[int]]:
        """What a place is made of."""
        return [*([] if self.greatest_first is None else [int]), *(str for _ in self.keys)]

    def _rows(self, where: str) -> str:
        if not self.keys:
            return f"select {self._measures} from part"  # noqa: S608 - constants of ours
        keys = ", ".join(self._shown)
        grouped = f"select {keys}, {self._measures} from part group by {keys}"  # noqa: S608 - constants of ours
        return f"select * from ({grouped}) as grouped {where} order by {self._order}"  # noqa: S608 - constants of ours

    @property
    def _shown(self) -> list[str]:
        return [*self.keys, *self.attributes]

    @property
    def _order(self) -> str:
        return ", ".join([*([] if self.greatest_first is None else [f"-{self.greatest_first}"]), *self.keys])

    @property
    def _measures(self) -> str:
        return ", ".join(f"{aggregate} as {name}" for name, aggregate in self.measures.items())


def last_known_payers(known: str) -> str:
    """A SELECT of payers as last known where `known` holds: payer_id, payer_kind, territory_code, name."""
    return (
        "select distinct on (payer_id) payer_id, payer_kind, territory_code, name from affiliation "  # noqa: S608 - constants of ours
        f"where {known} order by payer_id, known_at desc, id desc"
    )


def of_payers(asked: OfPayers, arguments: Arguments) -> str:
    """Conditions, each beginning with ``and``, on payer_kind, territory_code and payer_id."""
    conditions = {
        "payer_kind = {}": asked.payer_kind,
        "left(territory_code, 2) = {}": asked.region,
        "starts_with(territory_code, {})": asked.territory,
        "payer_id = {}": asked.payer_id,
    }
    return _all_of(conditions, arguments)


def of_periods(asked: OfPeriods, arguments: Arguments) -> str:
    """Conditions, each beginning with ``and``, on a table's period."""
    return _all_of({"period >= {}": asked.period_from, "period <= {}": asked.period_to}, arguments)


def _all_of(conditions: Mapping[str, str | None], arguments: Arguments) -> str:
    asked = {condition: value for condition, value in conditions.items() if value is not None}
    return "".join(f" and {condition.format(arguments.put(value))}" for condition, value in asked.items())
