"""Where a page leads: to the rows behind a figure, to its file, to itself in the other language.

Links keep the filters that the target takes and the instant that this page answers: behind a figure stand the rows that
make it, whatever has come in since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from services.reporting.pages.reports import REPORTS
from services.reporting.pages.writing import Lang
from services.reporting.reports.instants import told

Query = dict[str, str | Sequence[str] | None]

_API = "/v1"
_FILTERS = ("payer_kind", "region", "territory", "payer_id", "period_from", "period_to")
_FIRST = datetime.min.replace(tzinfo=UTC)
_BRIDGED = timedelta(days=30)


def address(path: str, query: Query) -> str:
    """A path with those of a query's parameters that say something."""
    said = urlencode({name: value for name, value in query.items() if value}, doseq=True, safe=":,")
    return f"{path}?{said}" if said else path


@dataclass(frozen=True, slots=True)
class Here:
    """The page that is being read.

    Attributes:
        path, query: its address; parameters without a value are none.
        as_of: the instant that it answers; None where it answers none.
    """

    path: str
    query: Mapping[str, Sequence[str]]
    lang: Lang
    as_of: str | None = None

    def to(self, name: str, group_by: Sequence[str] = (), form: str | None = None, **filters: str | None) -> str:
        """A report's page, or its file; `filters` narrow those of this page."""
        report = REPORTS[name]
        query: Query = {one: value for one, value in (self._scope() | filters).items() if report.takes(one)}
        if report.groupings:
            query["group_by"] = [one for one in report.groupings if one in group_by]
        if form is None:
            return address(f"/{name}", query | self._pinned(name) | self._spoken)
        return address(f"{_API}/{name}", query | self._pinned(name) | {"format": form, "lang": self.lang})

    def home(self, **filters: str | None) -> str:
        """The dashboard, of this page's filters and narrower ones."""
        return address("/", self._scope() | filters | self._pinned("") | self._spoken)

    def payer(self, payer_id: str, period: str | None = None) -> str:
        """One payer's page, for one period or those of this page."""
        scope = self._scope()
        periods = {name: period or scope.get(name) for name in ("period_from", "period_to")}
        return address(f"/payers/{quote(payer_id, safe='')}", periods | self._pinned("") | self._spoken)

    def freshness(self) -> str:
        """The page that tells how far behind the figures are."""
        return address("/freshness", self._spoken)

    def again(self, **changes: str | None) -> str:
        """This page with some parameters changed, or without them where they are None; an instant is `as_of`."""
        return address(self.path, {**self.query, **changes})

    def spoken(self, lang: Lang) -> str:
        """This page in a language."""
        return self.again(lang="en" if lang == "en" else None)

    def file(self, form: str) -> str:
        """What this page shows as a file with every row, or as the API's JSON."""
        query = {name: value for name, value in self.query.items() if name not in ("lang", "limit", "cursor")}
        return address(f"{_API}{self.path}", query | self._pinned(self.path[1:]) | {"format": form, "lang": self.lang})

    def at(self, as_of: str) -> Here:
        """The same page answering another instant."""
        return Here(self.path, self.query, self.lang, as_of)

    @property
    def is_past(self) -> bool:
        """Whether an instant was asked for."""
        return "as_of" in self.query or "to" in self.query

    def _scope(self) -> dict[str, str | None]:
        return {name: self.query[name][0] for name in _FILTERS if name in self.query}

    @property
    def _spoken(self) -> Query:
        return {"lang": "en" if self.lang == "en" else None}

    def _pinned(self, name: str) -> Query:
        if name != "bridge":
            return {"as_of": self.as_of}
        if self.as_of is None or self.path == "/bridge":
            return {"from": self.query.get("from"), "to": self.as_of}
        to = datetime.fromisoformat(self.as_of)
        since = to - _BRIDGED if to - _FIRST > _BRIDGED else to
        return {"from": told(since), "to": self.as_of}
