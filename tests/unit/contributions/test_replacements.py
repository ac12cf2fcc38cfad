"""Replacement, complement, and the closing of what was never completed."""

import random
from collections import Counter

import pytest

from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.declaration_answered import DeclarationAnswered
from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.contracts.payroll_declared import PayrollDeclared
from services.contributions.domain.declaration import Declaration, State
from tests.unit.contributions.scene import Scene, affiliated, declared, in_parts, paid, person
from tests.unit.contributions.test_declarations import told

PERIODS = ("2026-01", "2026-02")


def known() -> Scene:
    """Payer P with three persons."""
    scene = Scene()
    scene.read(affiliated(), person("N1"), person("N2"), person("N3"))
    return scene


def test_a_replacement_carries_the_signed_differences() -> None:
    scene = known()
    scene.read(declared("D1", (1, "N1", 40_000), (2, "N2", 40_000)))
    scene.read(declared("D2", (1, "N1", 40_000), replaces="D1"))
    fact = scene.of(ContributionAssessed)[-1]
    assert (fact.basis, fact.declaration_id, fact.line_count) == ("replacement", "D2", -1)
    assert (fact.insured_share_xof, fact.payer_share_xof, fact.assessed_xof) == (-1_224, -1_792, -3_016)
    answer = scene.last_answer("D2")
    assert (answer.outcome, answer.assessed_xof) == ("accepted", 3_016)
    assert scene.account().declarations["D1"].replaced_by == "D2"


def test_a_chain_of_replacements_leaves_only_the_last() -> None:
    scene = known()
    scene.read(
        declared("D1", (1, "N1", 40_000)),
        declared("D2", (1, "N1", 80_000), replaces="D1"),
        declared("D3", (1, "N1", 60_000), replaces="D2"),
        declared("D4", (1, "N1", 60_000), replaces="D1"),
        declared("D5", replaces="D3"),
    )
    assert told(scene.last_answer("D4")) == [(None, "already-replaced", "/replaces", "D1", "D2")]
    assert scene.account().pairs["2026-01"].due_xof == 0
    assert [fact.assessed_xof for fact in scene.of(ContributionAssessed)] == [3_016, 3_016, -1_508, -4_524]


def test_what_was_rejected_or_declared_for_another_period_cannot_be_replaced() -> None:
    scene = known()
    scene.read(
        declared("D1", totals=(1, 1)),
        declared("D2", replaces="D1"),
        declared("D3", period="2026-02"),
        declared("D4", replaces="D3"),
    )
    assert told(scene.last_answer("D2")) == [(None, "replaces-unknown", "/replaces", "D1", None)]
    assert told(scene.last_answer("D4")) == [(None, "replaces-unknown", "/replaces", "D3", None)]


def test_a_replacement_of_no_difference_is_published_all_the_same() -> None:
    scene = known()
    scene.read(declared("D1", (1, "N1", 40_000)), declared("D2", (9, "N1", 40_000), replaces="D1"))
    fact = scene.of(ContributionAssessed)[-1]
    assert (fact.basis, fact.assessed_xof, fact.line_count) == ("replacement", 0, 0)


def test_money_follows_a_replacement_down_and_up() -> None:
    scene = known()
    scene.read(paid("A", 6_032), declared("D1", (1, "N1", 80_000)))
    scene.read(declared("D2", (1, "N1", 40_000), replaces="D1"))
    assert scene.account().held == {("/s", "A"): ("credit", 3_016)}
    scene.read(declared("D3", (1, "N1", 80_000), replaces="D2"))
    assert scene.account().held == {}
    assert [fact.received_xof for fact in scene.of(ContributionReceived)] == [6_032, -3_016, 3_016]


def test_a_complement_adds_and_a_number_declared_twice_names_the_first_that_took_effect() -> None:
    scene = known()
    scene.read(declared("D2", (1, "N1", 40_000), (2, "N1", 40_000), (3, "N2", -1)))
    scene.read(declared("D1", (1, "N1", 40_000), (2, "N2", 40_000)))
    scene.read(declared("D3", (1, "N1", 40_000), (2, "N2", 40_000), (3, "N3", 40_000)))
    pointer = "/lines/insured_number"
    assert told(scene.last_answer("D1")) == [(1, "already-declared", pointer, "N1", "D2")]
    assert told(scene.last_answer("D3")) == [
        (1, "already-declared", pointer, "N1", "D2"),
        (2, "already-declared", pointer, "N2", "D1"),
    ]
    assert scene.account().pairs["2026-01"].due_xof == 6 * 3_016
    assert scene.book.changes.doubled == {
        ("P", "2026-01", "D2", "D1"),
        ("P", "2026-01", "D2", "D3"),
        ("P", "2026-01", "D1", "D3"),
    }


def test_what_is_replaced_or_declared_for_another_month_is_not_declared_twice() -> None:
    scene = known()
    scene.read(
        declared("D1", (1, "N1", 40_000)),
        declared("D0", (1, "N1", 40_000), period="2026-02"),
        declared("D2", (1, "N1", 40_000), replaces="D1"),
        declared("D3", (1, "N1", 40_000)),
    )
    assert told(scene.last_answer("D2")) == []
    assert told(scene.last_answer("D3")) == [(1, "already-declared", "/lines/insured_number", "N1", "D2")]


def test_a_replacement_is_judged_beside_the_others_and_not_beside_what_it_replaces() -> None:
    scene = known()
    scene.read(declared("D1", (1, "N1", 40_000)), declared("D2", (1, "N2", 40_000)))
    scene.read(declared("D3", (1, "N1", 40_000), (2, "N2", 40_000), replaces="D1"))
    assert told(scene.last_answer("D3")) == [(2, "already-declared", "/lines/insured_number", "N2", "D2")]
    assert scene.book.changes.doubled == {("P", "2026-01", "D2", "D3")}


def test_a_complete_replacement_closes_the_incomplete_declaration_that_it_names() -> None:
    scene = known()
    first, second = in_parts("D1", 2, (1, "N1", 40_000), (2, "N2", 40_000))
    scene.read(first, declared("D2", (1, "N1", 40_000), replaces="D1"))
    closed = scene.last_answer("D1")
    assert told(closed) == [(None, "already-replaced", "/declaration_id", "D1", "D2")]
    assert (closed.outcome, closed.lines_received, closed.lines_rejected) == ("rejected", 1, 1)
    assert scene.account().declarations["D1"].state is State.REJECTED
    (assessed,) = scene.of(ContributionAssessed)
    assert (assessed.basis, assessed.assessed_xof) == ("declared", 3_016)
    scene.read(second, event_id="too late")
    assert scene.read(first).duplicate
    scene.read(declared("D3", replaces="D1"))
    assert told(scene.last_answer("D3")) == [(None, "already-replaced", "/replaces", "D1", "D2")]
    assert scene.set_aside == ["too late"]
    assert len(scene.of(DeclarationAnswered)) == 3


def test_a_pending_replacement_closes_too_and_is_declared_when_the_payer_is_affiliated() -> None:
    scene = Scene()
    first, _ = in_parts("D1", 2, (1, "N1", 40_000), (2, "N2", 40_000))
    scene.read(first, declared("D2", (1, "N1", 40_000), replaces="D1"))
    assert scene.last_answer("D1").outcome == "rejected"
    assert scene.last_answer("D2").outcome == "pending"
    scene.read(affiliated())
    (assessed,) = scene.of(ContributionAssessed)
    assert (assessed.basis, assessed.declaration_id) == ("declared", "D2")


def test_a_replacement_that_is_rejected_closes_nothing() -> None:
    scene = known()
    first, second = in_parts("D1", 2, (1, "N1", 40_000), (2, "N2", 40_000))
    scene.read(first, declared("D2", (1, "N1", 40_000), replaces="D1", totals=(9, 9)))
    assert scene.account().declarations["D1"].state is State.INCOMPLETE
    scene.read(second)
    assert scene.last_answer("D1").outcome == "accepted"


def test_pending_declarations_take_effect_in_the_order_in_which_they_were_completed() -> None:
    scene = Scene()
    scene.read(
        declared("D2", (1, "N1", 40_000), replaces="D1"),
        declared("D1", (1, "N1", 40_000)),
        declared("D3", (1, "N1", 80_000), replaces="D1"),
        declared("D4", (1, "N1", 80_000), replaces="D1"),
    )
    scene.read(affiliated())
    assert told(scene.last_answer("D2")) == [(None, "replaces-unknown", "/replaces", "D1", None)]
    assert scene.last_answer("D1").outcome == "accepted_with_anomalies"
    assert scene.last_answer("D3").outcome == "accepted_with_anomalies"
    assert told(scene.last_answer("D4")) == [(None, "already-replaced", "/replaces", "D1", "D3")]
    assert scene.account().pairs["2026-01"].due_xof == 6_032


def test_each_is_judged_beside_those_in_force_by_then_however_they_came_and_went() -> None:
    """What a batch keeps of them, going from one to the next, is what each would find by looking at them all."""
    drawn = random.Random(7)
    for _ in range(40):
        scene, went, before = known(), Scene(), list[PayrollDeclared]()
        went.read(affiliated(), person("N1"), person("N2"), person("N3"))
        for number in range(12):
            named = drawn.choice([None, None, *(one.declaration_id for one in before)])
            lines = [
                (at, f"N{drawn.randint(1, 4)}", drawn.choice([-1, 40_000])) for at in range(1, drawn.randint(1, 4))
            ]
            before.append(declared(f"D{number:02}", *lines, period=drawn.choice(PERIODS), replaces=named))
            scene.read(before[-1])
            went.account().beside.clear()  # so that all are looked at again
            went.read(before[-1])
        assert [fact.event for fact in scene.facts] == [fact.event for fact in went.facts]
        assert scene.book.changes.doubled == went.book.changes.doubled
        assert any(answer.anomalies for answer in scene.of(DeclarationAnswered))


def test_a_declaration_beside_hundreds_has_none_of_their_lines_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Counter[str]()
    lines_in_order = Declaration.lines_in_order

    def counted(declaration: Declaration) -> list[DeclaredLines]:
        read[declaration.declaration_id] += 1
        return lines_in_order(declaration)

    monkeypatch.setattr(Declaration, "lines_in_order", counted)
    scene = known()
    for number in range(200):
        scene.read(declared(f"D{number}", (1, "N1", 40_000)))
    assert len(read) == 200
    assert max(read.values()) < 20
    assert len(scene.last_answer("D199").anomalies) == 1
    assert len(scene.book.changes.doubled) == 199 * 200 / 2
