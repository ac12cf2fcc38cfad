"""The oracle against figures worked by hand, and against itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pytest

from tests.builders import (
    Draft,
    affiliation,
    as_published,
    country,
    declaration,
    hire,
    interleave,
    payment,
    reversal,
    split,
)
from tests.making.published import published
from tests.oracle import State, as_of, conservation, credits_of, differences, fold, money, payer, rate, recompute
from tests.recount import law
from tests.recount.payments import allocate
from tests.recount.state import DeadLetter

JANUARY, FEBRUARY = ("P1", "2026-01"), ("P1", "2026-02")
A, B = ("/treasury", "A"), ("/treasury", "B")


def staff(count: int, base: int = 40_000) -> list[tuple[str, int]]:
    """Return so many lines of one base."""
    return [(f"N{number}", base) for number in range(count)]


def worked(b_xof: int, *more: Draft) -> list[Draft]:
    """Return the worked example of rules.md: two months of 3,016,000, A designated, B not."""
    months = [declaration("P1", period, staff(1_000)) for period in ("2026-01", "2026-02")]
    first = payment("P1", 2_000_000, payment_id="A", paid_on="2026-03-10", period="2026-02")
    second = payment("P1", b_xof, payment_id="B", paid_on="2026-03-20")
    return [affiliation("P1"), *months, first, second, *more]


def recomputed(*drafts: Draft) -> State:
    """Recompute what drafts published in this order must end in."""
    return recompute(as_published(drafts))


def test_the_check_values_of_the_minimum_wage_are_those_of_the_rules() -> None:
    assert law.shares("private_employer", 40_000, "2026-01") == (1_224, 1_400)
    assert law.shares("state", 40_000, "2026-01") == (1_224, 1_792)
    assert law.shares("local_authority", 1, "2026-01") == (1_224, 1_792)
    assert law.shares("pension_body", 40_000, "2026-01") == (300, 0)
    assert law.shares("self_employed", 0, "2026-03") == (8_200, 0)


@pytest.mark.parametrize(
    ("income", "used"),
    [(150_000, 125_000), (150_001, 400_000), (450_000, 400_000), (750_001, 900_000), (1_500_001, 1_000_000)],
)
def test_an_income_of_exactly_a_bound_belongs_to_the_class_that_it_closes(income: int, used: int) -> None:
    assert law.base_used("self_employed", income, "2026-03") == used


def test_the_floor_is_that_of_the_periods_first_day() -> None:
    assert [law.floor_of(p) for p in ("2010-11", "2014-12", "2015-01", "2016-01")] == [28_460, 28_460, 35_000, 40_000]
    assert law.base_used("state", 0, "2026-01") == 0
    assert law.base_used("pension_body", 10_000, "2026-01") == 10_000


def test_all_months_of_a_quarter_fall_due_together() -> None:
    assert {law.due_on("quarterly", f"2025-{month}") for month in ("10", "11", "12")} == {"2026-01-15"}
    assert law.due_on("monthly", "2025-12") == "2026-01-15"


def test_the_worked_example_places_designated_money_first() -> None:
    state = recomputed(*worked(4_000_000))
    assert state.pairs[JANUARY].assessed_xof == 3_016_000
    assert state.placements[A].received == {FEBRUARY: 2_000_000}
    assert state.placements[B].received == {JANUARY: 3_016_000, FEBRUARY: 984_000}
    assert state.placements[B].credit == {}


def test_the_worked_example_with_more_money_leaves_credit_until_a_bounces() -> None:
    drafts = worked(6_000_000)
    assert recomputed(*drafts).placements[B].credit == {"P1": 1_968_000}
    bounced = recomputed(*drafts, reversal(drafts[3]))
    assert A not in bounced.placements
    assert bounced.placements[B].received == {JANUARY: 3_016_000, FEBRUARY: 2_984_000}
    assert bounced.placements[B].credit == {}


def test_allocation_equals_a_franc_by_franc_twin() -> None:
    for seed in range(20):
        state = recompute(as_published(country(seed, 6, ["2026-01", "2026-02"], with_poison=False).drafts))
        for payer_id in {name for name, _ in state.pairs}:
            owed = {p: pair.assessed_xof // 1_000 for (name, p), pair in state.pairs.items() if name == payer_id}
            dues = sorted(owed, key=lambda p: (state.pairs[(payer_id, p)].due_on or "", p))
            paid = {n: s for n, s in state.payments.items() if s.payer_id == payer_id and not s.reversed}
            order = sorted(paid, key=lambda n: (paid[n].paid_on, n[1], n[0]))
            assert brute(owed, dues, [(paid[n].amount_xof // 1_000, paid[n].period) for n in order]) == pure(
                owed, payer_id, state, order
            )


def brute(owed: Mapping[str, int], dues: Sequence[str], paid: Sequence[tuple[int, str | None]]) -> list[dict[str, int]]:
    """Allocate coin by coin: each asks anew where it may go."""
    left, coins = dict(owed), [amount for amount, _ in paid]
    placed: list[dict[str, int]] = [{} for _ in paid]
    for designated in (True, False):
        for place, (_, period) in enumerate(paid):
            while coins[place]:
                wanted = [period] if designated else dues
                target = next((p for p in wanted if p is not None and left.get(p, 0) > 0), None)
                if target is None:
                    break
                coins[place] -= 1
                left[target] -= 1
                placed[place][target] = placed[place].get(target, 0) + 1
    return placed


def pure(
    owed: Mapping[str, int], payer_id: str, state: State, order: Sequence[tuple[str, str]]
) -> list[dict[str, int]]:
    """Allocate the same coins by the oracle's function."""
    dues = {p: replace(state.pairs[(payer_id, p)], assessed_xof=amount) for p, amount in owed.items()}
    coins = {n: replace(state.payments[n], amount_xof=state.payments[n].amount_xof // 1_000) for n in order}
    placed = allocate(payer_id, dues, coins)
    return [{period: amount for (_, period), amount in placed[name].received.items()} for name in order]


def test_money_of_nobody_waits_in_suspense_and_leaves_when_undone() -> None:
    unknown, undone = payment(None, 7_000, payment_id="U"), payment("P9", 8_000, payment_id="W")
    state = recomputed(reversal(undone), unknown, undone)
    assert state.placements[("/treasury", "U")].suspense_xof == 7_000
    assert ("/treasury", "W") not in state.placements
    assert state.payments[("/treasury", "W")].reversed


def test_a_reversal_that_disagrees_is_set_aside_whichever_came_first() -> None:
    paid = payment("P1", 9_000)
    wrong = reversal(paid, amount_xof=9_001)
    right = reversal(paid)
    again = reversal(right, payment_id="RR")
    named = again.envelope.source, again.envelope.event_id
    for order in ([paid, wrong], [wrong, paid]):
        state = recomputed(*order)
        assert [letter.reason for letter in state.dead_letters.values()] == ["conflicting-duplicate"]
        assert not state.payments[("/treasury", "V1")].reversed
    for order in ([paid, right, again], [again, paid, right]):
        state = recomputed(*order)
        assert list(state.dead_letters.values()) == [DeadLetter("contributions", "conflicting-duplicate", *named)]
        assert state.payments[("/treasury", "V1")].reversed


def test_a_mended_reversal_may_keep_the_names_of_the_one_set_aside() -> None:
    paid = payment("P1", 9_000)
    wrong = reversal(paid, amount_xof=9_001)
    state = recomputed(paid, wrong, wrong.again(amount_xof=9_000))
    assert state.payments[("/treasury", "V1")].reversed
    assert len(state.dead_letters) == 1


def test_a_replacement_carries_the_signed_difference_and_a_complement_adds() -> None:
    first = declaration("P1", "2026-01", staff(10))
    new = declaration("P1", "2026-01", staff(4), declaration_id="R", replaces="D-2026-01")
    more = declaration("P1", "2026-01", staff(1), declaration_id="C")
    state = recomputed(affiliation(), first, new, more)
    changed = state.assessments[("P1", "R")]
    assert (changed.basis, changed.assessed_xof, changed.line_count) == ("replacement", -6 * 3_016, -6)
    assert state.pairs[JANUARY].assessed_xof == 5 * 3_016
    told = {(a.code, a.expected) for a in state.answers[("P1", "C")].anomalies}
    assert told == {("unknown-insured", None), ("already-declared", "R")}


def test_a_replacement_closes_an_incomplete_declaration_even_of_an_unknown_payer() -> None:
    part = split(declaration("P1", "2026-01", staff(10)), 2)[0]
    new = declaration("P1", "2026-01", staff(4), declaration_id="R", replaces="D-2026-01")
    for also in ([], [affiliation()]):
        state = recomputed(part, new, *also)
        gone = state.answers[("P1", "D-2026-01")]
        assert (gone.outcome, gone.lines_received, gone.lines_rejected) == ("rejected", 5, 5)
        assert gone.anomalies[0][1:] == ("already-replaced", "/declaration_id", "D-2026-01", "R")
        assert state.answers[("P1", "R")].outcome == ("accepted_with_anomalies" if also else "pending")
        assert not state.waiting
    assert state.assessments[("P1", "R")].basis == "declared"


def test_a_refused_line_carries_one_code_and_holds_no_place() -> None:
    sent = [(1, "N1", -5), (1, "N1", 10), (1, "N2", -5), (2, "N1", 50_000), (1, "N3", 50_000)]
    lines = [{"line_no": place, "insured_number": number, "base_xof": base} for place, number, base in sent]
    answer = recomputed(affiliation(), declaration("P1", "2026-01", lines)).answers[("P1", "D-2026-01")]
    assert (answer.lines_accepted, answer.lines_rejected, answer.assessed_xof) == (1, 4, 3_016)
    assert [(a.code, a.field.rpartition("/")[2]) for a in answer.anomalies] == [
        ("negative-base", "base_xof"),
        ("below-floor", "base_xof"),
        ("unknown-insured", "insured_number"),
        ("negative-base", "base_xof"),
        ("duplicate-line", "insured_number"),
        ("duplicate-line", "line_no"),
    ]


def test_the_latest_instant_of_an_affiliation_holds_and_equal_ones_by_source() -> None:
    sent = [("/a", "2026-01-01T10:00:00+02:00"), ("/b", "2026-01-01T08:00:00Z"), ("/z", "2025-12-31T23:00:00Z")]
    records = [affiliation(request_id=s, name=s, source=f"/{s}", at=at) for s, at in ((s[1:], at) for s, at in sent)]
    for seed in range(6):
        assert recomputed(*interleave(records, seed)).affiliations["P1"]["name"] == "b"


def test_content_is_the_known_fields_and_an_absent_one_is_null() -> None:
    paid = payment("P1", 5_000)
    bare = {name: value for name, value in paid.body.items() if value is not None} | {"unknown": [1]}
    same = paid.broken("", value=json.dumps(bare, indent=2).encode())
    state = recomputed(paid, same, paid.again(event_id="other").in_structured_mode())
    assert not state.dead_letters
    assert list(state.payments) == [("/treasury", "V1")]


def test_the_end_of_a_country_does_not_depend_on_the_order() -> None:
    made = country(3, 24, changing=False)
    decided_by_order = ("borrowed_names", "of_two_people", "event_twice")
    drafts = [draft for draft in made.drafts if draft.why not in decided_by_order]
    ends = [recompute(as_published(interleave(drafts, seed, "every key"))) for seed in range(3)]
    assert {str(sorted(end.placements.items())) for end in ends} == {str(sorted(ends[0].placements.items()))}
    for end in ends[1:]:
        end.dead_letters = ends[0].dead_letters  # the places differ
        end.requests = ends[0].requests  # answers tell what was known at their moment
        assert differences(ends[0], end) == []


def test_facts_made_of_an_expectation_fold_back_into_it() -> None:
    made = country(6, 20)
    inbound = as_published(interleave(made.drafts, 1))
    facts = list(published(recompute(inbound)))
    expected = recompute(inbound, facts)
    assert differences(expected, fold([*facts, *facts[:50]])) == []
    assert conservation(facts, expected.payments) == []
    found = differences(expected, fold(facts[1:]))
    assert len(found) == 1
    assert "missing" in found[0]
    assert conservation(facts[:-1], expected.payments) != []


def test_a_report_counts_each_fact_once_and_only_what_was_known() -> None:
    facts = list(published(recomputed(*worked(6_000_000))))
    whole = as_of([*facts, *facts])
    assert whole == as_of(facts)
    assert whole[0] | {"payers": 1, "assessed_xof": 6_032_000, "collection_rate": "1.0000"} == whole[0]
    assert as_of(facts, date(2026, 4, 30)) == [
        {"payers": 0, "assessed_xof": 0, "received_xof": 0, "outstanding_xof": 0, "collection_rate": None}
    ]
    rows = as_of(facts, date(2026, 5, 1), ["period", "region"], period_from="2026-02", territory="0101")
    assert [(row["region"], row["period"], row["assessed_xof"]) for row in rows] == [("01", "2026-02", 3_016_000)]
    assert credits_of(facts) == {"P1": 1_968_000}
    assert money(facts)[0]["total_xof"] == 8_000_000
    assert payer(facts, "P1")["periods"][0] == {
        "period": "2026-01",
        "assessed_xof": 3_016_000,
        "received_xof": 3_016_000,
        "outstanding_xof": 0,
        "due_on": "2026-02-15",
        "filed_on": "2026-02-05",
    }


def test_a_rate_is_rounded_half_even_to_four_decimals() -> None:
    assert [rate(*pair) for pair in ((1, 3), (25, 100_000), (35, 100_000), (0, 5), (5, 0))] == [
        "0.3333",
        "0.0002",
        "0.0004",
        "0.0000",
        None,
    ]


def test_a_person_belongs_to_the_payer_of_the_latest_hire() -> None:
    here = hire("P1", "H1", nina="00000000000001K", hired_on="2020-01-01")
    there = hire("P2", "H7", nina="00000000000001K", hired_on="2020-01-15")
    unborn = hire("P2", "H8", birth_date="2020-02-01")
    unknown = hire("P3", "H9")
    for drafts in ([here, there], [there, here]):
        state = recomputed(affiliation("P1"), affiliation("P2"), *drafts, unborn, unknown)
        ((hires, person),) = state.persons.items()
        assert (hires, person.payer_id) == (frozenset({("P1", "H1"), ("P2", "H7")}), "P2")
        assert codes_of(state, "P2", "H8") == ("rejected", ["hired-before-birth"])
        assert codes_of(state, "P3", "H9") == ("pending", ["unknown-payer"])


def codes_of(state: State, *name: str) -> tuple[str, list[str]]:
    """Return how a hire was answered: outcome and codes."""
    answer = state.requests[(name[0], name[1])]
    return answer.outcome, [anomaly.code for anomaly in answer.anomalies]
