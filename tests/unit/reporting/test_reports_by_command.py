"""`recouvra report` offers what reporting answers, and draws it for people."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer.main

from recouvra.cli.report import REPORTS, Report, report
from recouvra.cli.report_drawing import draw, draw_upright, print_table
from recouvra.cli.terminal import output
from services.openapi import documents

OF_THE_COMMAND = {"url", "data", "as_json", "as_csv"}
OF_THE_ANSWER = {"lang", "format", "limit", "cursor"}


def _parameters(name: str) -> dict[str, Any]:
    operation = json.loads(documents()["reporting.json"])["paths"][f"/v1/{name}"]["get"]
    return {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] == "query"}


@pytest.mark.parametrize("one", REPORTS, ids=lambda one: one.name)
def test_a_command_takes_what_its_address_takes(one: Report) -> None:
    parameters = _parameters(one.name)
    command: Any = typer.main.get_command(report)
    taken = {{"since": "from"}.get(option.name, option.name) for option in command.commands[one.name].params}
    assert taken - OF_THE_COMMAND - {"help"} == parameters.keys() - OF_THE_ANSWER
    assert set(one.group_by) <= set(parameters.get("group_by", {"items": {"enum": []}})["items"]["enum"])


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of English."""
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")


def _lines(captured: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in captured.splitlines()]


def test_rates_that_are_not_reached_are_dashes_and_francs_are_grouped(english: None) -> None:
    total = {"due_xof": 1_500_000, "unpaid_rate_0": "0.8000", "unpaid_rate_30": "0.6001", "unpaid_rate_90": None}
    with output.capture() as captured:
        draw({"as_of": "2026-02-01T00:00:00Z", "rows": [{"period": "2026-01"} | total], "total": total})
    *_, titles, row, whole = _lines(captured.get())
    assert titles == ["Period", "XOF", "+0 d", "+30 d", "+90 d"]
    assert row == ["2026-01", "1\u202f500\u202f000", "80.00 %", "60.01 %", "–"]
    assert whole == ["Total", *row[1:]]


def test_a_bridge_is_drawn_a_figure_a_line(english: None) -> None:
    total = {
        "assessed_from_xof": 1_000,
        "declared_xof": -5,
        "assessed_to_xof": 995,
        "rate_from": None,
        "rate_to": "1.0",
    }
    with output.capture() as captured:
        draw_upright({"as_of": "2026-02-01T00:00:00Z", "rows": [total], "total": total})
    assert [line for line in _lines(captured.get()) if line] == [
        ["Assessed at first, XOF", "1\u202f000"],
        ["+ declared", "-5"],
        ["= assessed at last", "995"],
        ["Rate at first", "–"],
        ["Rate at last", "100.00 %"],
    ]


def test_days_and_facts_are_no_rates(english: None) -> None:
    fact = {"period": "2026-01", "event_id": "a-1", "rule": "DEF-004", "known_at": "2026-02-01T00:00:00Z"}
    with output.capture() as captured:
        print_table([*fact, "amount_xof"], [fact | {"amount_xof": -600}], None)
    assert _lines(captured.get())[-1] == ["2026-01", "a-1", "DEF-004", "2026-02-01T00:00:00Z", "-600"]


def test_what_cannot_be_told_of_a_topic_is_a_dash_and_a_silent_service_is_named(english: None) -> None:
    topic = {"topic": "payroll-declared", "last_fact_at": None, "lag_seconds": 1.5, "dead_letters": "unreachable"}
    with output.capture() as captured:
        print_table(list(topic), [topic], None)
    assert _lines(captured.get())[-1] == ["payroll-declared", "–", "1.5", "unreachable"]
