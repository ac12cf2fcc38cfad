"""A report's answer as a table for people: keys to the left, figures readable, nulls as a dash, the total last."""

from collections.abc import Mapping, Sequence
from typing import Any

from recouvra.cli.terminal import francs, heading, notes, output, percent, table
from recouvra.contracts.titles import COLUMNS, KEYS
from recouvra.local.errors import in_the_readers_language

_TEXTS = (*KEYS, "due_on", "filed_on", "paid_on", "last_fact_at", "dead_letters")


def draw(answer: Mapping[str, Any]) -> None:
    """Print an answer of a report of rows as a table, its total last."""
    rows, total = answer["rows"], answer["total"]
    names = list(rows[0]) if rows else list(total)
    print_table(names, rows, total if not rows or any(name in KEYS for name in names) else None)
    say_as_of(answer)


def draw_upright(answer: Mapping[str, Any]) -> None:
    """Print an answer of one row without keys, a figure a line."""
    lines = [[_title(name), _cell(name, value)] for name, value in answer["total"].items()]
    output.print(table(["", ""], lines, numbers_from=1))
    say_as_of(answer)


def print_table(names: Sequence[str], rows: Sequence[Mapping[str, Any]], total: Mapping[str, Any] | None) -> None:
    """Print these columns of some rows, keys first."""
    keys = [name for name in names if name in KEYS]
    columns = keys + [name for name in names if name not in KEYS]
    cells = [[_cell(name, row.get(name)) for name in columns] for row in rows]
    if total is not None:
        summed = [_cell(name, total[name]) if name in total else "" for name in columns]
        if keys:
            summed[0] = "Total"
        cells.append(summed)
    drawn = table([_title(name) for name in columns], cells, numbers_from=len(keys), total=bool(keys and total))
    output.print(drawn)


def say_as_of(answer: Mapping[str, Any]) -> None:
    """Tell as of which instant the figures are."""
    notes.print(in_the_readers_language(f"Au {answer['as_of']}", f"As of {answer['as_of']}"), markup=False)


def _title(name: str) -> str:
    return heading(*(KEYS | COLUMNS).get(name, (name, name)))


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name.endswith("_xof"):
        return francs(int(value))
    return percent(value) if isinstance(value, str) and name not in _TEXTS else str(value)
