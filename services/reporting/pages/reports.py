"""The reports that have a page: each at the path of its API without `/v1`, by the same query and code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from services.reporting.reports import (
    arrears,
    bridge,
    cohorts,
    collection_rates,
    liquidation,
    money,
    payers,
    registrations,
    timeliness,
    unpaid_rates,
)
from services.reporting.reports.asked import Paged
from services.reporting.reports.plan import Plan

Said = tuple[str, str]
"""In French and in English."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report of rows as a page.

    Attributes:
        name: the last part of its paths.
        asked, plan: what its API reads a query with, and answers by.
        title, tells: what it is called, and which question it answers.
        behind: the page of the rows behind one of its rows, asked by payer; None where no report is finer.
    """

    name: str
    asked: type[Paged]
    plan: Callable[[Any, Any], Plan]
    title: Said
    tells: Said
    behind: str | None

    @property
    def groupings(self) -> tuple[str, ...]:
        """What its rows may be grouped by."""
        field = self.asked.model_fields.get("group_by")
        return () if field is None else get_args(get_args(field.annotation)[0])

    def takes(self, name: str) -> bool:
        """Whether a filter means something to it."""
        return name in self.asked.model_fields


Name = Literal[
    "collection-rates", "payers", "arrears", "timeliness", "unpaid-rates", "cohorts", "bridge", "money", "liquidation",
    "registrations",
]  # fmt: skip

REPORTS: dict[str, Report] = {
    one.name: one
    for one in (
        Report(
            "collection-rates",
            collection_rates.CollectionRatesAsked,
            collection_rates.plan,
            ("Taux de recouvrement", "Collection rates"),
            ("De tout ce qui a été constaté, qu'est-ce qui est entré ?", "Of all that was assessed, what has come in?"),
            "payers",
        ),
        Report(
            "payers",
            payers.PayersAsked,
            payers.plan,
            ("Qui doit le plus", "Who owes most"),
            ("Les cotisants, le plus grand reste dû d'abord.", "The payers, the greatest outstanding first."),
            "payers",
        ),
        Report(
            "arrears",
            arrears.ArrearsAsked,
            arrears.plan,
            ("Arriérés par âge", "Arrears by age"),
            ("Que faut-il recouvrer, et depuis quand est-ce échu ?", "What must be recovered, and how old is it?"),
            "arrears",
        ),
        Report(
            "timeliness",
            timeliness.TimelinessAsked,
            timeliness.plan,
            ("À temps", "On time"),
            ("Qui déclare et paie avant l'échéance ?", "Who files and pays by the due day?"),
            "timeliness",
        ),
        Report(
            "unpaid-rates",
            unpaid_rates.UnpaidRatesAsked,
            unpaid_rates.plan,
            ("Restes à recouvrer", "Unpaid rates"),
            (
                "De chaque période, que manquait-il à l'échéance, 30 et 90 jours après ?",
                "Of each period, what was missing on the due day, 30 and 90 days later?",
            ),
            "cohorts",
        ),
        Report(
            "cohorts",
            cohorts.CohortsAsked,
            cohorts.plan,
            ("Cohortes", "Cohorts"),
            ("Comment chaque période est-elle payée, jour après jour ?", "How does each period come in, day by day?"),
            "cohorts",
        ),
        Report(
            "bridge",
            bridge.BridgeAsked,
            bridge.plan,
            ("Pourquoi le taux a bougé", "Why the rate moved"),
            ("Entre deux instants : déclaré, remplacé, entré, repris.", "Between two instants: declared, received."),
            "payers",
        ),
        Report(
            "money",
            money.MoneyAsked,
            money.plan,
            ("Encaissements", "Money in"),
            ("Qu'a apporté chaque moyen de paiement, et où est l'argent ?", "What did each channel bring, and where?"),
            None,
        ),
        Report(
            "liquidation",
            liquidation.LiquidationAsked,
            liquidation.plan,
            ("Feuilles de soins", "Care forms"),
            ("Combien, pour quels montants, en combien de jours ?", "How many, for how much, in how many days?"),
            "liquidation",
        ),
        Report(
            "registrations",
            registrations.RegistrationsAsked,
            registrations.plan,
            ("Immatriculations", "Registrations"),
            ("Combien de personnes, mois par mois ?", "How many people, month by month?"),
            "registrations",
        ),
    )
}
