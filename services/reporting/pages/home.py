"""The dashboard: which reports it asks, and what it shows of their answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from services.reporting.pages.links import Here
from services.reporting.pages.reports import REPORTS, Said
from services.reporting.pages.table import Table, part, table
from services.reporting.pages.writing import Lang, written
from services.reporting.reports.asked import AsOf, OfPayers, OfPeriods, Paged

Answer = Mapping[str, Any]
Answers = Mapping[str, Answer | None]
"""By the name of a question; None of one that was not answered in time."""

PERIODS_SHOWN = 24
_OWING_SHOWN = 8


class HomeAsked(AsOf, OfPayers, OfPeriods):
    """What may be asked of the dashboard: filters, of which each report takes those that mean something to it."""


@dataclass(frozen=True, slots=True)
class Question:
    """One report, asked for the dashboard."""

    name: str
    group_by: Sequence[str] = ()
    limit: int = 1


# What takes least and is looked at first is asked first: the page has a bounded time.
QUESTIONS = {
    "kinds": Question("collection-rates", ("payer_kind",), 10),
    "periods": Question("collection-rates", ("period",), 500),
    "regions": Question("collection-rates", ("region",), 100),
    "arrears": Question("arrears"),
    "unpaid": Question("unpaid-rates"),
    "owing": Question("payers", (), _OWING_SHOWN),
    "liquidation": Question("liquidation"),
    "money": Question("money"),
    "registrations": Question("registrations"),
    "timeliness": Question("timeliness"),
}


def asked_of(question: Question, home: HomeAsked) -> Paged:
    """The report's own query, with the filters of the dashboard that it takes."""
    report = REPORTS[question.name]
    given = {name: getattr(home, name) for name in (*OfPayers.model_fields, *OfPeriods.model_fields, "as_of")}
    said = {name: value for name, value in given.items() if value is not None and report.takes(name)}
    more: dict[str, Any] = {"group_by": list(question.group_by)} if report.groupings else {}
    return report.asked(limit=question.limit, **said, **more)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what it is, its text, where its rows are, and its unit."""

    label: str
    text: str
    href: str
    unit: str


@dataclass(frozen=True, slots=True)
class Section:
    """Figures of one report; none where it was not answered in time. `is_timeless`: no filter on periods holds."""

    title: str
    href: str
    figures: Sequence[Figure]
    is_timeless: bool = False
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A period in the chart: where it stands and how high, in hundredths, and what it says."""

    x: int
    y: str
    height: str
    says: str


@dataclass(frozen=True, slots=True)
class Home:
    """The dashboard as it is shown."""

    key: Section
    kinds: Table | None
    regions: Table | None
    periods: Table | None
    bars: Sequence[Bar]
    earlier: int
    owing: Table | None
    sections: Sequence[Section]


_RATES = ("payer_kind", "region", "period", "assessed_xof", "received_xof", "outstanding_xof", "collection_rate")
_OWING = ("payer_id", "name", "outstanding_xof", "collection_rate")


def home(answers: Answers, here: Here, is_filtered: bool) -> Home:
    """The page of these answers; `is_filtered`: some payers are left out, and with them the money in suspense."""
    periods = answers["periods"]
    latest = None if periods is None else dict(periods) | {"rows": periods["rows"][-PERIODS_SHOWN:]}
    return Home(
        _key(answers["kinds"], here),
        _table("collection-rates", answers["kinds"], here, _RATES),
        _table("collection-rates", answers["regions"], here, _RATES),
        None if latest is None else table("collection-rates", latest, here, _RATES),
        [] if latest is None else list(_bars(latest["rows"], here.lang)),
        0 if periods is None else max(0, len(periods["rows"]) - PERIODS_SHOWN),
        _table("payers", answers["owing"], here, _OWING),
        list(_sections(answers, here, is_filtered)),
    )


def _table(name: str, answer: Answer | None, here: Here, only: Sequence[str]) -> Table | None:
    return None if answer is None else table(name, answer, here, only)


def _bars(rows: Sequence[Answer], lang: Lang) -> Iterator[Bar]:
    """A bar for each period that has a rate; one beyond 1 reaches the top, and its text tells it."""
    for position, row in enumerate(rows):
        if height := part(row["collection_rate"]):
            says = (
                f"{written('period', row['period'], lang)} : {written('collection_rate', row['collection_rate'], lang)}"
            )
            yield Bar(position, f"{100 - Decimal(height)}", height, says)


def _key(answer: Answer | None, here: Here) -> Section:
    title, href = _said(("L'essentiel", "Key figures"), here.lang), here.to("collection-rates", ["payer_kind"])
    if answer is None:
        return Section(title, href, (), is_missing=True)
    total, payers = answer["total"], here.to("payers")
    authorities = next((row for row in answer["rows"] if row["payer_kind"] == "local_authority"), None)
    figures = [
        _figure("collection_rate", total, payers, here, ("Taux de recouvrement", "Collection rate")),
        _figure("assessed_xof", total, payers, here, ("Constaté", "Assessed")),
        _figure("received_xof", total, payers, here, ("Reçu", "Received")),
        _figure("outstanding_xof", total, payers, here, ("Reste dû", "Outstanding")),
        _figure("payers", total, payers, here, ("Cotisants", "Payers")),
    ]
    if authorities is not None:
        behind = here.to("payers", payer_kind="local_authority")
        label = ("Taux des collectivités", "Rate of local authorities")
        figures.insert(1, _figure("collection_rate", authorities, behind, here, label))
    return Section(title, href, figures)


def _sections(answers: Answers, here: Here, is_filtered: bool) -> Iterator[Section]:
    """What is told in figures alone."""
    for name, report, group_by, figures in _TOLD:
        answer, declared = answers[name], REPORTS[report]
        title = _said(declared.title, here.lang)
        href, is_timeless = here.to(report, group_by), not declared.takes("period_from")
        if answer is None:
            yield Section(title, href, (), is_missing=True)
            continue
        shown = [
            _figure(field, answer["total"], href, here, label)
            for field, label in figures
            if not (field == "suspense_xof" and is_filtered)
        ]
        yield Section(title, href, shown, is_timeless)


_TOLD: Sequence[tuple[str, str, Sequence[str], Sequence[tuple[str, Said]]]] = (
    (
        "arrears",
        "arrears",
        ("payer",),
        (
            ("arrears_xof", ("Arriérés", "Arrears")),
            ("days_1_30_xof", ("de 1 à 30 jours", "1 to 30 days")),
            ("days_31_90_xof", ("de 31 à 90 jours", "31 to 90 days")),
            ("days_91_180_xof", ("de 91 à 180 jours", "91 to 180 days")),
            ("days_181_365_xof", ("de 181 à 365 jours", "181 to 365 days")),
            ("days_over_365_xof", ("plus de 365 jours", "over 365 days")),
            ("older_than_12_months_share", ("Part de plus d'un an", "Share over a year")),
            ("arrears_to_collections", ("Arriérés ÷ reçu de l'année", "Arrears ÷ year's receipts")),
        ),
    ),
    (
        "timeliness",
        "timeliness",
        ("payer",),
        (
            ("on_time_filing_rate", ("Déclaré à temps", "Filed on time")),
            ("on_time_payment_rate_by_number", ("Payé à temps, en nombre", "Paid on time, by number")),
            ("on_time_payment_rate_by_value", ("Payé à temps, en valeur", "Paid on time, by value")),
        ),
    ),
    (
        "unpaid",
        "unpaid-rates",
        (),
        (
            ("unpaid_rate_0", ("Impayé à l'échéance", "Unpaid on the due day")),
            ("unpaid_rate_30", ("30 jours après", "30 days later")),
            ("unpaid_rate_90", ("90 jours après", "90 days later")),
        ),
    ),
    (
        "liquidation",
        "liquidation",
        ("provider_kind",),
        (
            ("forms", ("Feuilles de soins", "Care forms")),
            ("fund_share_xof", ("Part du fonds", "Fund's share")),
            ("delay_p50_days", ("Délai médian, en jours", "Median delay, in days")),
            ("delay_p90_days", ("Délai de 9 sur 10, en jours", "Delay of 9 in 10, in days")),
            ("within_term_share", ("Dans le délai", "Within the term")),
        ),
    ),
    (
        "money",
        "money",
        (),
        (
            ("total_xof", ("Encaissé en tout", "Money in, all")),
            ("suspense_xof", ("En attente d'affectation", "In suspense")),
            ("credit_xof", ("En crédit", "In credit")),
        ),
    ),
    (
        "registrations",
        "registrations",
        (),
        (("insured", ("Assurés", "Insured persons")), ("dependants", ("Ayants droit", "Dependants"))),
    ),
)


def _figure(field: str, row: Answer, href: str, here: Here, label: Said) -> Figure:
    unit = "F\u00a0CFA" if field.endswith("_xof") else ""
    return Figure(_said(label, here.lang), written(field, row[field], here.lang), href, unit)


def _said(said: Said, lang: Lang) -> str:
    return said[lang == "en"]
