"""What rows may be grouped by, by the name that is asked: (the key's column, its SQL), an empty text for none.

The tables are closed, so that what is composed into a statement is ours. Keys come in the order of their table, in
whatever order they are asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Dimension = tuple[str, str]

OF_PAYERS: dict[str, Dimension] = {
    "payer_kind": ("payer_kind", "coalesce(payer_kind, '')"),
    "region": ("region", "coalesce(left(territory_code, 2), '')"),
    "territory": ("territory_code", "coalesce(territory_code, '')"),
    "payer": ("payer_id", "coalesce(payer_id, '')"),
}
OF_PAIRS = OF_PAYERS | {"period": ("period", "period")}
OF_FORMS = OF_PAYERS | {
    "provider_kind": ("provider_kind", "provider_kind"),
    "care_kind": ("care_kind", "care_kind"),
    "reason": ("reason", "coalesce(reason, '')"),
}


def chosen(dimensions: Mapping[str, Dimension], group_by: Iterable[str]) -> list[Dimension]:
    """Those of a table that are asked for, each once."""
    asked = set(group_by)
    return [dimension for name, dimension in dimensions.items() if name in asked]


def columns(dimensions: Iterable[Dimension]) -> list[str]:
    """The names of their keys."""
    return [column for column, _ in dimensions]


def selected(dimensions: Sequence[Dimension]) -> str:
    """Them as items of a SELECT, each followed by a comma."""
    return "".join(f"{sql} as {column}, " for column, sql in dimensions)
