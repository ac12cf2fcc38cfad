"""An answer of a report as a table: keys to the left, a link to the rows behind each row, the total last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from services.reporting.pages.links import Here
from services.reporting.pages.reports import REPORTS, Report
from services.reporting.pages.writing import Lang, territory, title, written

Row = Mapping[str, Any]
_TEXTS = ("payer_kind", "region", "territory_code", "payer_id", "name", "period", "provider_kind", "care_kind",
          "reason", "outcome", "channel", "month")  # fmt: skip
_WHOLE_TERRITORY = 7
_DIGITS_OF_REGION = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its field: what it is called, the unit beneath, and whether it is of texts."""

    name: str
    title: str
    unit: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, what explains it, and of a rate the hundredths that a bar of it shows."""

    text: str
    more: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it is shown; `href` leads to what is behind it."""

    cells: Sequence[Cell]
    href: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is shown."""

    columns: Sequence[Column]
    lines: Sequence[Line]
    total: Line | None


def table(name: str, answer: Mapping[str, Any], here: Here, only: Sequence[str] = ()) -> Table:
    """A report's answer; `only` names the columns that are shown, all where it is empty."""
    report, rows, total = REPORTS[name], answer["rows"], answer["total"]
    names = [one for one in (rows[0] if rows else total) if one in only or not only]
    columns = columns_of(names, here.lang)
    lines = [Line([cell(one, row[one], here.lang) for one in names], behind(report, row, here)) for row in rows]
    is_keyed = any(one in _TEXTS for one in names)
    last = [cell(one, total[one], here.lang) if one in total else Cell("") for one in names]
    is_whole = "payer_id" in names and here.path == f"/{report.behind}"  # the rows behind the total stand above it
    whole = None if is_whole else behind(report, {}, here)
    return Table(columns, lines, Line(last, whole) if is_keyed and rows else None)


def upright(name: str, answer: Mapping[str, Any], here: Here) -> list[tuple[Column, Line]]:
    """An answer of one row without keys: a figure a line."""
    total = answer["total"]
    return [
        (column, Line([cell(column.name, total[column.name], here.lang)], _of_figure(name, column.name, here)))
        for column in columns_of(total, here.lang)
    ]


def _of_figure(name: str, figure: str, here: Here) -> str | None:
    if name == "bridge" and ("_from" in figure):
        return here.at(here.query["from"][0]).to("payers")
    return behind(REPORTS[name], {}, here)


def columns_of(names: Iterable[str], lang: Lang) -> list[Column]:
    """Columns by their fields."""
    return [Column(name, *title(name, lang), name in _TEXTS) for name in names]


def cell(name: str, value: Any, lang: Lang) -> Cell:
    """A field's value; a territory's name stands beside its code."""
    if value is not None and name in ("region", "territory_code"):
        return Cell(value, territory(value))
    return Cell(written(name, value, lang), part=part(value) if name == "collection_rate" else "")


def part(rate: str | None) -> str:
    """A rate as hundredths of a whole, for a drawing: none of less than nothing, nor of more than all."""
    return "" if rate is None else f"{min(Decimal(100), max(Decimal(0), Decimal(rate) * 100)).normalize():f}"


_NAMING = ("payer_kind", "region", "territory_code", "payer_id")


def behind(report: Report, row: Row, here: Here) -> str | None:
    """Where the rows behind a row are: of a payer its page, else the payers; None where nothing finer is told.

    A row of payers without a kind or a territory, or of no payer, has none: no filter names them.
    """
    if payer_id := row.get("payer_id"):
        return here.payer(payer_id, row.get("period"))
    if report.behind is None or any(row.get(name, "") is None for name in _NAMING):
        return None
    filters = {"payer_kind": row.get("payer_kind"), "region": row.get("region"), "territory": row.get("territory_code")}
    periods = dict.fromkeys(("period_from", "period_to"), row.get("period"))
    given = {name: value for name, value in (filters | periods).items() if value}
    more = [name for name in ("provider_kind", "care_kind", "reason", "period") if name in row]
    if len(row.get("territory_code") or "") in range(_DIGITS_OF_REGION, _WHOLE_TERRITORY):
        more.append("territory")  # the filter takes what lies within it too: the rows tell them apart
    return here.to(report.behind, ["payer", *more], **given)
