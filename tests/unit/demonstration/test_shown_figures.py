"""What the terminal shows at the end, and what it is read from."""

from typing import Any

import pytest
from rich.console import Console

from recouvra.cli import demo_figures
from recouvra.cli.demo_figures import WAITING
from recouvra.contracts.codes import AnomalyCode, FormCode, Reason
from recouvra.contracts.territories import region_name, regions, territories
from recouvra.contracts.titles import KINDS
from recouvra.local.demonstration.figures import Figures, Left
from recouvra.local.demonstration.services import Gauges

METRICS = """\
# HELP recouvra_dead_letters Records set aside
recouvra_dead_letters{reason="conflicting-duplicate",state="waiting",topic="payment-reported"} 2.0
recouvra_dead_letters{reason="invalid-json",state="waiting",topic="payment-reported"} 1.0
recouvra_dead_letters{reason="invalid-json",state="discarded",topic="payment-reported"} 7.0
recouvra_dead_letters_of_others{state="waiting"} 50.0
recouvra_outbox_rows 3.0
recouvra_position{partition="4",topic="payment-reported"} 1.234567e+06
"""


def row(**keys: str) -> dict[str, Any]:
    """A row as large as the two years of the made country might be."""
    return keys | {
        "payers": 60,
        "assessed_xof": 983_520_000,
        "received_xof": 903_500_000,
        "outstanding_xof": 80_020_000,
        "collection_rate": "0.9186",
    }


WHY = {
    "fr": "Ce numéro d'assuré n'est pas connu : corrigez-le, ou immatriculez la personne. La cotisation est due.",
    "en": "This insured number is not known: correct it, or register the person. The contribution is due all the same.",
}
CARE = {
    "forms": 2_586,
    "claimed_xof": 136_180_000,
    "accepted_xof": 136_000_000,
    "fund_share_xof": 98_000_000,
    "co_payment_xof": 38_000_000,
    "delay_p50_days": 14,
    "delay_p90_days": None,
    "within_term_share": "0.8831",
}


def left(service: str, what: str) -> Left:
    """Many of one kind, under names as long as they may be."""
    return Left(service, what, 12_345, f"{'E' * 32} {'D' * 32}", WHY)


FIGURES = Figures(
    by_kind={"rows": [row(payer_kind=kind) for kind in KINDS], "total": row(), "as_of": "2026-01-31T00:00:00Z"},
    by_region={"rows": [row(region=region.territory_code) for region in regions()], "total": row()},
    money={
        "rows": [],
        "total": {"received_xof": 903_500_000, "credit_xof": 12, "suspense_xof": 1_234, "total_xof": 903_501_246},
    },
    care={"rows": [CARE | {"outcome": outcome} for outcome in ("accepted", "reduced", "rejected")], "total": CARE},
    care_reasons={"rows": [CARE | {"outcome": "rejected", "reason": code.value} for code in FormCode]},
    registered={"rows": [], "total": {"insured": 12_015, "dependants": 0}},
    waiting=tuple(left("contributions", what) for what in WAITING),
    set_aside=tuple(left("contributions", reason.value) for reason in Reason),
    answered={"accepted": 6_000, "accepted_with_anomalies": 130, "rejected": 66},
    rejected=(left("contributions", AnomalyCode.PERIOD_BEFORE_SCHEME),),
    remarks=tuple(left("contributions", code.value) for code in AnomalyCode),
)


@pytest.mark.parametrize("language", ["C", "fr_FR.UTF-8", "en_GB.UTF-8"])
def test_every_figure_fits_into_eighty_columns(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """In either language and in both, amounts whole, in groups of three digits with a thin space."""
    monkeypatch.setenv("LC_ALL", language)
    console = Console(width=80, record=True, highlight=False)
    monkeypatch.setattr(demo_figures, "output", console)
    demo_figures.show_figures(FIGURES)
    shown = console.export_text()
    assert shown.count("983\u202f520\u202f000") == 5 + 1 + 20 + 1
    point = "," if language.startswith("fr") else "."
    assert shown.count(f"91{point}86 %") == 5 + 1 + 20 + 1
    assert "903\u202f501\u202f246" in shown
    assert shown.count("98\u202f000\u202f000") == 3 + 1
    assert shown.count("12\u202f345") == len(WAITING) + len(Reason) + 1 + len(AnomalyCode)
    for region in regions():
        assert f"{region.territory_code} {region.name} " in shown
    for code in (*Reason, *AnomalyCode, *FormCode):
        assert code.value in shown


def test_gauges_are_told_apart_by_their_labels() -> None:
    """A name that begins like another is another."""
    gauges = Gauges(METRICS)
    assert gauges.sum_of("recouvra_dead_letters", state="waiting") == 3
    assert gauges.sum_of("recouvra_dead_letters") == 10
    assert gauges.sum_of("recouvra_outbox_rows") == 3
    assert gauges.sum_of("recouvra_absent") == 0
    assert list(gauges.of("recouvra_position")) == [({"partition": "4", "topic": "payment-reported"}, 1_234_567.0)]


def test_territories_are_told_by_their_codes() -> None:
    """Every cercle lies in a region of the list."""
    known = {region.territory_code for region in regions()}
    assert {territory.territory_code[:2] for territory in territories()} == known
    assert region_name("06") == "Tombouctou"
    assert region_name("99") == "99"
