"""Declarations: gathered from parts, judged, answered, and kept while their payer is unknown."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from recouvra.contracts.codes import anomaly_message
from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.declaration_answered import DeclarationAnswered
from recouvra.contracts.event import PayerKind
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.law import parameters
from services.contributions.domain import judging
from services.contributions.domain.declaration import State
from tests.unit.contributions.scene import START, Scene, affiliated, declared, in_parts, person

NOON = datetime(2026, 4, 2, 12, tzinfo=UTC)


def told(answer: DeclarationAnswered) -> list[tuple[object, ...]]:
    """The anomalies of an answer without their sentences, which must be the code's own."""
    for anomaly in answer.anomalies:
        assert anomaly.message == anomaly_message(anomaly.code, anomaly.received, anomaly.expected)
    return [(a.line_no, str(a.code), a.field, a.received, a.expected) for a in answer.anomalies]


def test_an_accepted_declaration_is_assessed_and_answered_to_the_last_field() -> None:
    scene = Scene()
    scene.read(affiliated(), person("N1"), person("N2"))
    outcome = scene.read(declared("D1", (1, "N1", 40_000), (2, "N2", 100_001)), at=NOON)
    assessed, answered = (fact.event for fact in outcome.facts)
    # 100,001 × 3.06 % = 3,060.03 and × 4.48 % = 4,480.04.
    assert assessed == ContributionAssessed(
        payer_id="P",
        payer_kind="local_authority",
        territory_code="01",
        period="2026-01",
        declaration_id="D1",
        basis="declared",
        assessed_xof=1_224 + 3_060 + 1_792 + 4_480,
        insured_share_xof=4_284,
        payer_share_xof=6_272,
        line_count=2,
        filed_on=NOON.date(),
        due_on=date(2026, 2, 15),
    )
    assert answered == DeclarationAnswered(
        declaration_id="D1",
        payer_id="P",
        period="2026-01",
        outcome="accepted",
        lines_received=2,
        lines_accepted=2,
        lines_rejected=0,
        assessed_xof=10_556,
        due_on=date(2026, 2, 15),
        anomalies=(),
    )
    assert [fact.key for fact in outcome.facts] == ["P", "P"]
    assert scene.book.changes.careers == {("N1", "P"), ("N2", "P")}  # of this batch too: they may be told of again


def test_a_nil_declaration_is_filed_and_nothing_is_due() -> None:
    scene = Scene()
    scene.read(affiliated(), declared("D1"))
    (assessed,) = scene.of(ContributionAssessed)
    assert (assessed.assessed_xof, assessed.line_count) == (0, 0)
    assert scene.last_answer("D1").outcome == "accepted"


def test_lines_with_anomalies_are_answered_in_their_order_and_counted() -> None:
    scene = Scene()
    scene.read(affiliated(), person("N1"), person("N2", "Q"))
    scene.read(declared("D1", (1, "N1", 10), (2, "N1", 50_000), (3, "N2", 50_000), (4, "N4", -1), (5, "N5", 0)))
    answer = scene.last_answer("D1")
    assert told(answer) == [
        (1, "below-floor", "/lines/base_xof", 10, 40_000),
        (2, "duplicate-line", "/lines/insured_number", "N1", None),
        (3, "not-employed-here", "/lines/insured_number", "N2", None),
        (4, "negative-base", "/lines/base_xof", -1, 0),
        (5, "unknown-insured", "/lines/insured_number", "N5", None),
    ]
    assert (answer.outcome, answer.lines_received) == ("accepted_with_anomalies", 5)
    assert (answer.lines_accepted, answer.lines_rejected) == (3, 2)
    assert answer.anomalies_left == 0
    (assessed,) = scene.of(ContributionAssessed)
    assert assessed.line_count == 3
    assert assessed.assessed_xof == answer.assessed_xof == 3_016 + 1_530 + 2_240
    assert {number for number, _ in scene.book.changes.careers} == {"N1", "N2", "N5"}


@pytest.mark.parametrize(
    ("sent", "anomaly"),
    [
        (
            declared("D1", (1, "N1", 5), totals=(2, 5)),
            (None, "totals-disagree", "/totals/lines", 2, 1),
        ),
        (
            declared("D1", (1, "N1", 5), totals=(1, 6)),
            (None, "totals-disagree", "/totals/base_xof", 6, 5),
        ),
        (
            declared("D1", (1, "N1", 5), period="2010-10"),
            (None, "period-before-scheme", "/period", "2010-10", "2010-11"),
        ),
        (
            declared("D1", (1, "N1", 5), period="2026-05"),
            (None, "period-in-future", "/period", "2026-05", "2026-04"),
        ),
        (
            declared("D1", (1, "N1", 5), period="9999-12"),
            (None, "period-in-future", "/period", "9999-12", "2026-04"),
        ),
        (
            declared("D1", (1, "N1", 5), replaces="D0"),
            (None, "replaces-unknown", "/replaces", "D0", None),
        ),
        (
            declared("D1", (1, "N1", 5), replaces="D1"),
            (None, "replaces-unknown", "/replaces", "D1", None),
        ),
        (
            # Everything at once: the first in the order of DEF-021 stands alone.
            declared("D1", (1, "N1", 5), replaces="D1", period="2010-10", totals=(9, 9)),
            (None, "totals-disagree", "/totals/lines", 9, 1),
        ),
    ],
)
def test_a_declaration_rejected_whole_says_why_once_and_makes_nothing_due(
    sent: PayrollDeclared, anomaly: tuple[object, ...]
) -> None:
    scene = Scene()
    scene.read(affiliated(), sent, declared("D2", (1, "N1", 40_000), period="2026-04"))
    answer = scene.last_answer("D1")
    assert told(answer) == [anomaly]
    assert (answer.outcome, answer.period) == ("rejected", sent.period)
    assert (answer.lines_received, answer.lines_accepted, answer.lines_rejected) == (1, 0, 1)
    assert (answer.assessed_xof, answer.due_on) == (0, None)
    assert [assessed.declaration_id for assessed in scene.of(ContributionAssessed)] == ["D2"]
    assert set(scene.account().pairs) == {"2026-04"}


def test_parts_that_disagree_reject_the_declaration_under_the_first_read_part() -> None:
    scene = Scene()
    scene.read(affiliated())
    scene.read(declared("D1", (2, "N2", 5), part=2, parts=2, totals=(2, 10), period="2026-02"))
    scene.read(declared("D1", (1, "N1", 5), part=1, parts=2, totals=(2, 10), period="2026-03"))
    answer = scene.last_answer("D1")
    assert told(answer) == [(None, "totals-disagree", "/period", "2026-03", "2026-02")]
    assert (answer.period, answer.lines_received, answer.lines_rejected) == ("2026-02", 2, 2)


@pytest.mark.parametrize("seed", range(3))
def test_thirty_thousand_lines_in_thirty_parts_in_any_order_are_answered_once(seed: int) -> None:
    parts = in_parts("D1", 30, *((number, f"N{number}", 40_000) for number in range(1, 30_001)))
    random.Random(seed).shuffle(parts)
    scene = Scene()
    scene.read(affiliated(), *parts[:-1])
    assert scene.of(DeclarationAnswered) == []
    assert scene.account().declarations["D1"].state is State.INCOMPLETE
    scene.read(parts[-1], parts[0], parts[7])
    (answer,) = scene.of(DeclarationAnswered)
    assert (answer.lines_received, answer.lines_accepted) == (30_000, 30_000)
    assert answer.assessed_xof == 30_000 * 3_016
    assert (len(answer.anomalies), answer.anomalies_left) == (1_000, 29_000)
    assert [anomaly.line_no for anomaly in answer.anomalies[:3]] == [1, 31, 61]
    kept = scene.account().declarations["D1"].answer
    assert kept is not None
    assert len(kept.findings) == 30_000
    assert scene.set_aside == []


def test_a_part_again_has_no_effect_and_another_content_is_set_aside() -> None:
    first, second = in_parts("D1", 2, (1, "N1", 40_000), (2, "N2", 40_000))
    scene = Scene()
    scene.read(affiliated(), first)
    known_at = scene.account().known_at
    assert scene.read(first).duplicate
    assert not scene.read(first.model_copy(update={"lines": ()}), event_id="other").duplicate
    assert scene.account().known_at == known_at
    scene.read(second)
    assert scene.read(second).duplicate
    assert scene.set_aside == ["other"]
    assert len(scene.of(ContributionAssessed)) == 1


def test_a_further_part_of_a_complete_declaration_is_set_aside_be_it_pending_or_not() -> None:
    scene = Scene()
    further = declared("D1", part=2, parts=2)
    scene.read(declared("D1", (1, "N1", 40_000)))
    scene.read(further, event_id="while pending")
    scene.read(affiliated())
    scene.read(further, event_id="when accepted")
    assert scene.set_aside == ["while pending", "when accepted"]


def test_a_declaration_is_filed_on_the_utc_day_of_its_latest_first_reading() -> None:
    parts = in_parts("D1", 3, *((number, f"N{number}", 40_000) for number in range(1, 4)))
    scene = Scene()
    scene.read(affiliated())
    scene.read(parts[0], at=NOON)
    scene.read(parts[1], at=NOON + timedelta(days=2))
    scene.read(parts[1], at=NOON + timedelta(days=9))
    scene.read(parts[2], at=NOON + timedelta(days=1))
    (assessed,) = scene.of(ContributionAssessed)
    assert assessed.filed_on == date(2026, 4, 4)


def test_before_its_payer_is_affiliated_a_declaration_is_pending_and_takes_effect_by_itself() -> None:
    scene = Scene()
    scene.read(declared("D1", (1, "N1", 40_000)), declared("D0", (1, "N1", 40_000), totals=(7, 7)))
    for name in ("D1", "D0"):
        answer = scene.last_answer(name)
        assert told(answer) == [(None, "unknown-payer", "/payer_id", "P", None)]
        assert (answer.outcome, answer.assessed_xof, answer.due_on) == ("pending", 0, None)
        assert (answer.lines_received, answer.lines_accepted, answer.lines_rejected) == (1, 0, 0)
    assert scene.of(ContributionAssessed) == []
    scene.read(affiliated())
    assert scene.last_answer("D1").outcome == "accepted_with_anomalies"
    assert scene.last_answer("D0").outcome == "rejected"
    assert len(scene.of(DeclarationAnswered)) == 4
    assert scene.account().pairs["2026-01"].due_xof == 3_016


def test_a_period_before_the_affiliation_or_after_its_end_is_accepted() -> None:
    scene = Scene()
    scene.read(affiliated(affiliated_on=date(2026, 2, 1), closed_on=date(2026, 2, 28)))
    scene.read(declared("D1", (1, "N1", 40_000), period="2026-01"), declared("D3", (1, "N1", 40_000), period="2026-03"))
    assert [assessed.assessed_xof for assessed in scene.of(ContributionAssessed)] == [3_016, 3_016]


def test_of_two_tellings_of_a_payer_the_later_holds_and_the_last_read_wins_a_tie() -> None:
    scene = Scene()
    scene.read(affiliated(territory_code="01"), at=START)
    scene.read(affiliated(territory_code="02"), at=START)
    scene.read(affiliated(territory_code="03"), at=START - timedelta(seconds=1))
    scene.read(declared("D1"))
    assert [assessed.territory_code for assessed in scene.of(ContributionAssessed)] == ["02"]


def test_of_two_tellings_of_a_person_the_later_holds() -> None:
    scene = Scene()
    scene.read(affiliated())
    scene.read(person("N1", "P"), at=START)
    scene.read(person("N1", "Q"), at=START - timedelta(seconds=1))
    scene.read(declared("D1", (1, "N1", 40_000)))
    assert scene.last_answer("D1").outcome == "accepted"


def test_an_assessed_pair_keeps_what_held_and_a_change_touches_only_the_others() -> None:
    scene = Scene()
    scene.read(affiliated(kind="private_employer", territory_code="01", filing_frequency="monthly"))
    scene.read(declared("D1", period="2026-02"))
    scene.read(affiliated(kind="state", territory_code="02", filing_frequency="quarterly"))
    scene.read(declared("D2", (1, "N1", 40_000), period="2026-02"))
    scene.read(declared("D3", (1, "N1", 40_000), period="2026-01"))
    _, kept, fresh = scene.of(ContributionAssessed)
    assert (kept.payer_kind, kept.territory_code, kept.due_on) == ("private_employer", "01", date(2026, 3, 15))
    assert kept.assessed_xof == 2_624
    assert (fresh.payer_kind, fresh.territory_code, fresh.due_on) == ("state", "02", date(2026, 4, 15))
    assert fresh.assessed_xof == 3_016


def test_an_assessed_pair_keeps_the_rows_of_the_law_as_they_were_loaded_then(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.read(affiliated(), declared("D1", period="2026-02"))
    pension = parameters.rates_for("pension_body", "2026-01")
    assert pension is not None
    retroactive = parameters.RateRow("LAW-000", date(2026, 1, 1), "local_authority", pension, edition=2)
    monkeypatch.setattr(parameters, "RATE_ROWS", (*parameters.RATE_ROWS, retroactive))
    monkeypatch.setattr(judging, "EDITION", 2)
    scene.read(declared("D2", (1, "N1", 40_000), period="2026-02"), declared("D3", (1, "N1", 40_000), period="2026-03"))
    parameters.rates_for.cache_clear()
    assert {period: pair.due_xof for period, pair in scene.account().pairs.items()} == {
        "2026-02": 3_016,
        "2026-03": 300,
    }


@pytest.mark.parametrize(
    ("kind", "insured_share_xof", "payer_share_xof"),
    [
        ("state", 3_060, 4_480),
        ("local_authority", 3_060, 4_480),
        ("private_employer", 3_060, 3_500),
        ("pension_body", 750, 0),
        ("self_employed", 8_200, 0),
    ],
)
def test_the_rate_follows_the_kind_of_the_payer(kind: PayerKind, insured_share_xof: int, payer_share_xof: int) -> None:
    scene = Scene()
    scene.read(affiliated(kind=kind), declared("D1", (1, "N1", 100_000), period="2026-03"))
    (assessed,) = scene.of(ContributionAssessed)
    assert (assessed.insured_share_xof, assessed.payer_share_xof) == (insured_share_xof, payer_share_xof)
