"""Reports in the terminal: keys to the left, figures readable, nulls as a dash, the total last."""

from __future__ import annotations

from typing import Any

import pytest

from recouvra.cli.report_drawing import draw
from recouvra.cli.terminal import output

CARE: dict[str, Any] = {"forms": 1_200, "claimed_xof": 1_234_567, "delay_p50_days": 9, "within_term_share": "0.8125"}
UNTIMED: dict[str, Any] = {"forms": 3, "claimed_xof": 0, "delay_p50_days": None, "within_term_share": None}


def _drawn(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], total: dict[str, Any]) -> list[list[str]]:
    """The lines of the table, cut where two blanks or more stand between cells."""
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    with output.capture() as captured:
        draw({"as_of": "2026-02-01T00:00:00Z", "rows": rows, "total": total})
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in captured.get().splitlines()]


def test_care_forms_show_their_keys_days_and_share(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[dict[str, Any]] = [
        {"provider_kind": "hospital", "outcome": "rejected"} | UNTIMED,
        {"provider_kind": "pharmacy", "outcome": "accepted"} | CARE,
    ]
    *headings, first, second, total = _drawn(monkeypatch, rows, CARE)
    assert headings == [
        ["Claimed", "Median delay", "Within"],
        ["Provider kind", "Outcome", "Forms", "XOF", "days", "term"],
    ]
    assert first == ["hospital", "rejected", "3", "0", "–", "–"]
    assert second == ["pharmacy", "accepted", "1200", "1\u202f234\u202f567", "9", "81.25 %"]
    assert total == ["Total", *second[2:]]


def test_a_payer_without_a_name_shows_a_dash_and_the_total_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = {"outstanding_xof": 5_000, "collection_rate": "0.5000"}
    row = {"payer_id": "A", "payer_kind": None, "territory_code": "0101", "name": None} | sums
    *_, only, total = _drawn(monkeypatch, [row], sums)
    assert only == ["A", "–", "0101", "–", "5\u202f000", "50.00 %"]
    assert total == ["Total", "5\u202f000", "50.00 %"]


def test_a_report_without_rows_shows_its_total(monkeypatch: pytest.MonkeyPatch) -> None:
    *_, total = _drawn(monkeypatch, [], {"insured": 0, "dependants": 0})
    assert total == ["0", "0"]
