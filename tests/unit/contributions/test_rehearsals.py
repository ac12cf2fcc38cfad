"""A rehearsed declaration is answered as a read one is, and a career's line is what its declaration made due."""

from copy import deepcopy
from dataclasses import replace

import pytest

from recouvra.contracts.declaration_answered import AnsweredInFull
from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.law.finding import worded
from services.contributions.acts.dry_run import WholeDeclaration
from services.contributions.domain.career import Sent, career_line
from services.contributions.domain.rehearsing import WouldConflict, WouldWait, rehearse
from tests.unit.contributions.scene import Scene, affiliated, declared, in_parts, person, received


def rehearsed(scene: Scene, event: PayrollDeclared) -> AnsweredInFull:
    """The answer to an event on a copy of the payer's account."""
    employed = scene.book.employment.by(event.payer_id)
    told, findings = rehearse(deepcopy(scene.account()), employed, event, received(event))
    return told.model_copy(update={"anomalies": tuple(map(worded, findings))})


def test_a_declaration_read_already_is_answered_as_it_was_then() -> None:
    scene = Scene()
    scene.read(affiliated(), declared("D1", (1, "N1", 40_000)))
    scene.read(person("N1"))
    told = rehearsed(scene, declared("D1", (1, "N1", 40_000)))
    assert [anomaly.code for anomaly in told.anomalies] == ["unknown-insured"]
    assert rehearsed(scene, declared("D2", (1, "N1", 40_000))).anomalies[0].code == "already-declared"


def test_an_id_that_served_for_another_content_would_conflict() -> None:
    scene = Scene()
    scene.read(affiliated(), declared("D1", (1, "N1", 40_000)), *in_parts("D2", 2, (1, "N1", 1), (2, "N2", 1)))
    for taken in ("D1", "D2"):
        with pytest.raises(WouldConflict):
            rehearsed(scene, declared(taken, (1, "N1", 40_001)))


def test_a_part_that_completes_what_announced_more_is_answered_for_its_disagreement() -> None:
    scene = Scene()
    scene.read(affiliated(), in_parts("D1", 2, (1, "N1", 1), (2, "N2", 1))[1])
    (anomaly,) = rehearsed(scene, declared("D1", (1, "N1", 1), totals=(2, 2))).anomalies
    assert (anomaly.code, anomaly.field, anomaly.received, anomaly.expected) == ("totals-disagree", "/parts", 1, 2)


def test_a_part_that_completes_nothing_would_wait() -> None:
    scene = Scene()
    scene.read(affiliated(), in_parts("D1", 3, (1, "N1", 1), (2, "N2", 1))[1])
    with pytest.raises(WouldWait):
        rehearsed(scene, declared("D1", (1, "N1", 1)))


def test_a_whole_declaration_says_what_its_event_says() -> None:
    event = declared("D1", (1, "N1", 40_000))
    assert WholeDeclaration.model_validate_json(event.to_json()).content() == event.content()


def test_a_line_stands_by_its_whole_declaration_where_its_number_was_taken() -> None:
    scene = Scene()
    scene.read(affiliated(), declared("D1", (1, "N9", 50_000), (1, "N1", 60_000), (2, "N1", 70_000)))
    pair = scene.account().pairs["2026-01"]
    (lines,) = scene.account().declarations["D1"].lines_in_order()
    sent = Sent("N1", [(1, 60_000), (2, 70_000)], [lines])
    standing = career_line("P", "D1", pair, sent)
    assert standing is not None
    # 70,000 at 3.06 % and 4.48 %.
    assert (standing.line_no, standing.insured_share_xof, standing.payer_share_xof) == (2, 2_142, 3_136)
    assert career_line("P", "D1", pair, Sent("N1", [(1, -1)], None)) is None
    assert career_line("P", "D1", pair, Sent("N2", [], [DeclaredLines([1], ["N1"], [5])])) is None


def test_a_career_reads_the_rows_by_which_its_pair_was_first_assessed() -> None:
    scene = Scene()
    scene.read(affiliated(kind="self_employed"), declared("D1", (1, "N1", 150_000), period="2026-03"))
    pair = scene.account().pairs["2026-03"]
    line = career_line("P", "D1", pair, Sent("N1", [(1, 150_000)]))
    assert line is not None
    # The class of incomes up to 150,000 is 125,000, at 6.56 %.
    assert (line.base_xof, line.base_used_xof, line.insured_share_xof) == (150_000, 125_000, 8_200)
    other = career_line("P", "D1", replace(pair, payer_kind="pension_body"), Sent("N1", [(1, 150_000)]))
    assert other is not None
    assert (other.base_used_xof, other.insured_share_xof, other.payer_share_xof) == (150_000, 1_125, 0)
