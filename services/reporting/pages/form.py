"""The filters of a page as a form that a browser sends without a script; what was wrong in them is said beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel

from recouvra.contracts.event import PayerKind
from recouvra.contracts.territories import regions
from recouvra.contracts.titles import KEYS
from services.reporting.pages.links import Here
from services.reporting.pages.writing import Lang, code

_LABELS = {
    "territory": ("Territoire (début du code)", "Territory (beginning of its code)"),
    "payer_id": ("Cotisant (identifiant)", "Payer (identifier)"),
    "period_from": ("De la période", "From period"),
    "period_to": ("À la période", "To period"),
    "as_of": ("Tel que connu au", "As known at"),
    "from": ("Du", "From"),
    "to": ("Au", "To"),
    "group_by": ("Regrouper par", "Group by"),
}
_GROUPINGS = {"territory": KEYS["territory_code"], "payer": KEYS["payer_id"]}
_ORDER = (
    "payer_kind",
    "region",
    "territory",
    "payer_id",
    "period_from",
    "period_to",
    "as_of",
    "from",
    "to",
    "group_by",
)
_INSTANTS = ("as_of", "from", "to")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `kind` is that of the input, `select` or `checks`; `error` says what should stand there."""

    name: str
    kind: str
    label: str
    values: Sequence[str]
    options: Sequence[tuple[str, str]] = ()
    error: str = ""

    @property
    def value(self) -> str:
        """Its one value."""
        return self.values[0] if self.values else ""


def fields(asked: type[BaseModel], here: Here, errors: Mapping[str, str]) -> Iterator[Field]:
    """The fields of what may be asked, holding what was; a value that was wrong is not shown again."""
    named = {declared.alias or own: declared for own, declared in asked.model_fields.items()}
    for name in filter(named.__contains__, _ORDER):
        declared = named[name]
        values = () if name in errors else tuple(here.query.get(name, ()))
        label = (KEYS | _LABELS).get(name, (name, name))[here.lang == "en"]
        error = errors.get(name, "")
        if name == "payer_kind":
            yield Field(name, "select", label, values, _kinds(here.lang), error)
        elif name == "region":
            yield Field(name, "select", label, values, _regions(), error)
        elif name == "group_by":
            choices = get_args(get_args(declared.annotation)[0])
            yield Field(name, "checks", label, values, [(one, _grouping(one, here.lang)) for one in choices], error)
        elif name in ("period_from", "period_to"):
            yield Field(name, "month", label, values, (), error)
        elif name in _INSTANTS:
            is_day = not values or _DAY.fullmatch(values[0])
            yield Field(name, "date" if is_day else "text", label, values, (), error)
        else:
            yield Field(name, "text", label, values, (), error)


def _kinds(lang: Lang) -> list[tuple[str, str]]:
    return [(kind, code("payer_kind", kind, lang)) for kind in get_args(PayerKind)]


def _regions() -> list[tuple[str, str]]:
    return [(one.territory_code, f"{one.territory_code} {one.name}") for one in regions()]


def _grouping(name: str, lang: Lang) -> str:
    return (KEYS | _GROUPINGS).get(name, (name, name))[lang == "en"]
