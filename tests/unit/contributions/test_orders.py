"""Whatever the order across keys and topics, and whatever is repeated, the end is the same; and the store hears all."""

from __future__ import annotations

import random
from copy import deepcopy
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from recouvra.contracts.event import Event
from services.contributions.domain.book import Book
from services.contributions.domain.changes import Changes
from tests.unit.contributions.scene import Scene, affiliated, bounced, declared, in_parts, paid, person

# Each chain keeps its order, as the records of one key on one topic do; payments are read in any order.
DECLARATIONS: list[list[Event]] = [
    [
        *in_parts(
            "D1", 3, *((number, f"N{number}", 30_000 + 7_001 * number) for number in range(1, 8)), period="2026-01"
        ),
        declared("D2", (1, "N1", 90_000), (2, "N2", -1), period="2026-02"),
        declared("D3", (1, "N1", 41_111), (2, "N9", 41_111), period="2026-01"),
        declared("D4", (1, "N1", 50_000), period="2026-01", replaces="D1"),
        declared("D5", period="2026-03", totals=(1, 1)),
        in_parts("D6", 2, (1, "N1", 5), (2, "N2", 5), period="2026-03")[0],
        declared("D7", (1, "N1", 77_777), period="2026-03", replaces="D6"),
        declared("D8", (1, "N1", 77_777), period="2026-03", replaces="D5"),
    ],
    [declared("D1", (1, "N3", 123_457), payer_id="Q"), declared("D2", payer_id="Q", replaces="D1")],
]
PAYMENTS: list[Event] = [
    paid("A", 3_000, "2026-02-01", period="2026-02"),
    paid("B", 20_000, "2026-02-01"),
    paid("C", 9_000, "2026-01-31", period="2026-03"),
    paid("D", 1_000, payer_id=None, reference="X"),
    paid("E", 800, payer_id="Q"),
    paid("F", 800, payer_id="U"),
    bounced("R1", "A", 3_000),
    bounced("R2", "B", 19_999),
    bounced("R3", "D", 1_000, payer_id=None, reference="Y"),
    bounced("R4", "R1", 3_000),
    bounced("R5", "never", 1),
]
PEOPLE: list[Event] = [affiliated("P"), affiliated("Q", kind="self_employed"), person("N1"), person("N2", "Q")]


def interleaved(seed: int, repeats: int = 4) -> list[Event]:
    """All records in a random order that keeps each chain's, some of them read again later."""
    dice = random.Random(seed)
    chains = [list(chain) for chain in DECLARATIONS] + [[event] for event in [*PAYMENTS, *PEOPLE]]
    order: list[Event] = []
    while chains:
        chain = dice.choice(chains)
        order.append(chain.pop(0))
        chains = [chain for chain in chains if chain]
    for _ in range(repeats):
        place = dice.randrange(len(order))
        # A person or a payer told again is a later word, not a repeat.
        if order[place] not in PEOPLE:
            order.insert(dice.randrange(place, len(order)) + 1, order[place])
    return order


def outcome_of(scene: Scene) -> dict[str, Any]:
    """What must not depend on the order: money, states, and who replaced whom."""
    declarations = {
        (account.key, one.declaration_id): (one.state, one.replaced_by, one.answer and one.answer.assessed_xof)
        for account in scene.book.accounts.values()
        for one in account.declarations.values()
    }
    undone = {key: payment.reversed_by for key, payment in scene.book.payments.items()}
    return scene.state() | {"declarations": declarations, "undone": undone, "waiting": set(scene.book.reversals)}


EXPECTED = Scene()
EXPECTED.read(*PEOPLE, *(event for chain in DECLARATIONS for event in chain), *PAYMENTS)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_any_interleaving_ends_in_the_same_dues_placements_and_holds(seed: int) -> None:
    scene = Scene()
    scene.read(*interleaved(seed))
    assert outcome_of(scene) == outcome_of(EXPECTED)
    # R2 disagrees with its payment, and R4 reverses a reversal; a repeat of either may be set aside once more.
    assert len(scene.set_aside) >= len(EXPECTED.set_aside) == 2


def everything(book: Book) -> dict[str, dict[Any, Any]]:
    """All that a store keeps of a Book, as it would lie in tables."""
    tables: dict[str, dict[Any, Any]] = {name: {} for name in Changes.__dataclass_fields__}
    for key, account in book.accounts.items():
        tables["accounts"][key] = (
            account.known_at,
            account.affiliation,
            account.affiliation_at,
            account.completed_count,
        )
        tables["pairs"] |= {(key, period): replace(pair) for period, pair in account.pairs.items()}
        tables["placed"] |= {(key, *place): xof for place, xof in account.placed.items()}
        tables["held"] |= {(key, payment): hold for payment, hold in account.held.items()}
        for name, one in account.declarations.items():
            tables["declarations"][key, name] = (one.state, one.completed_no, one.replaced_by, one.replaces, one.period)
            tables["answers"] |= {(key, name): one.answer} if one.answer else {}
            tables["parts"] |= {(key, name, number): part for number, part in one.parts.items()}
    tables["payments"] = {key: replace(payment) for key, payment in book.payments.items()}
    tables["insured"] = {
        number: (payer, book.employment.told_at[number]) for number, payer in book.employment.told.items()
    }
    tables["waiting"] = {(target, key): one for target, waits in book.reversals.items() for key, one in waits.items()}
    return tables


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 9))
def test_a_store_that_saves_only_what_changed_keeps_everything(seed: int, batch: int) -> None:
    scene = Scene()
    kept: dict[str, dict[Any, Any]] = {name: {} for name in Changes.__dataclass_fields__}
    order = interleaved(seed)
    for start in range(0, len(order), batch):
        scene.read(*order[start : start + batch])
        now = everything(scene.book)
        for name in Changes.__dataclass_fields__:
            for key in getattr(scene.book.changes, name):
                kept[name].pop(key, None)
                kept[name] |= {key: deepcopy(now[name][key])} if key in now[name] else {}
        scene.book.changes = Changes()
        # An account that nothing touched is blank, and a store need not have it.
        now["accounts"] = {key: row for key, row in now["accounts"].items() if row[0] is not None}
        assert kept == now


def test_the_order_in_which_a_book_was_loaded_plays_no_part() -> None:
    def reloaded(scene: Scene, turn: int) -> None:
        for account in scene.book.accounts.values():
            for name in ("pairs", "declarations", "placed", "held"):
                setattr(account, name, dict(list(getattr(account, name).items())[::turn]))
            account.payments = set(sorted(account.payments)[::turn])
        scene.book.payments = dict(list(scene.book.payments.items())[::turn])

    told = []
    for turn in (1, -1):
        scene = Scene()
        for event in interleaved(7):
            reloaded(scene, turn)
            scene.read(event)
        told.append([(fact.key, fact.event, fact.known_at) for fact in scene.facts])
    assert told[0] == told[1]
