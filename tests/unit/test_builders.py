"""The builders make what they say they make."""

from __future__ import annotations

from tests.builders import as_published, country, in_waves, interleave, month_after, poison, repeated
from tests.making import care, hires, returns
from tests.making import money as bills
from tests.oracle import recompute


def test_every_poison_is_set_aside_for_the_reason_that_it_was_made_for() -> None:
    drafts = poison("P1")
    state = recompute(records := as_published(drafts))
    for draft, record in zip(drafts, records, strict=True):
        assert state.dead_letters[record[:3]].reason == draft.why.partition(":")[0], draft.why
    assert len({letter.reason for letter in state.dead_letters.values()}) == 5


def test_a_country_shows_every_situation() -> None:
    made = country(5, 40)
    shown = {draft.why for draft in made.drafts}
    silent = {"nothing", "unpaid", "part_twice", "conflicting"}
    wanted = {f.__name__ for f in (*returns.SITUATIONS, *bills.SITUATIONS, *care.SITUATIONS)} - silent
    assert wanted <= shown
    requests = {str(draft.body["request_id"])[0] for draft in (*made.hires, *made.moves)}
    assert requests == set("HRXTLNYM")
    assert len(hires.SITUATIONS) == 7
    assert {p.fate for p in made.payers} == {"early", "late", "never", "changing"}
    codes = {a.code for answer in recompute(as_published(made.drafts)).answers.values() for a in answer.anomalies}
    assert codes >= {"unknown-payer", "period-in-future", "period-before-scheme", "already-replaced", "below-floor"}


def test_only_numbers_depend_on_the_numbers_that_were_drawn() -> None:
    named = country(2, numbers=lambda payer_id, request_id: f"{payer_id}{request_id}")
    bare = country(2)
    assert [d.why for d in named.drafts] == [d.why for d in bare.drafts]
    keys = [[d.key for d in made.drafts if d.topic != "care-form-submitted"] for made in (named, bare)]
    assert keys[0] == keys[1]
    mapped = country(2, numbers={(p.payer_id, r): f"{p.payer_id}{r}" for p in named.payers for r, _ in p.people})
    assert [d.value for d in mapped.drafts] == [d.value for d in named.drafts]


def test_interleaving_keeps_what_is_marked_and_loses_nothing() -> None:
    made = country(4)
    mixed = interleave(made.drafts, 9)
    assert sorted(map(id, mixed)) == sorted(map(id, made.drafts))
    for key in {(d.topic, d.key) for d in made.drafts}:
        kept = [[d.value for d in ds if (d.topic, d.key) == key and d.ordered] for ds in (made.drafts, mixed)]
        assert kept[0] == kept[1]
    assert not any(d.late for d in mixed[: -sum(d.late for d in mixed)])
    waves = in_waves(mixed, 5, 1)
    assert len(waves) == 5
    assert [d for wave in waves for d in wave] == mixed
    assert len(repeated(mixed, 1, 0.5)) == len(mixed) + len(mixed) // 2


def test_months_follow_one_another_over_a_year() -> None:
    assert [month_after("2025-11", n) for n in (0, 1, 2, -11)] == ["2025-11", "2025-12", "2026-01", "2024-12"]
