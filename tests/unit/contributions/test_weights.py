"""How much the rules of a batch will look at, by which it is decided where they run."""

from __future__ import annotations

from recouvra.contracts.event import Event
from recouvra.contracts.reading import Received
from services.contributions.acts.read_batch import weight
from tests.unit.contributions.scene import Scene, affiliated, declared, in_parts, paid, person, received


def coming(*events: Event) -> list[Received]:
    return list(map(received, events))


def test_what_comes_to_a_payer_weighs_what_the_payer_has() -> None:
    scene = Scene()
    scene.read(affiliated(), declared("D1", (1, "100000000063", 50_000), (2, "100000000081", 60_000)), paid("A", 1_000))
    assert weight(scene.book, []) == 0
    assert weight(scene.book, coming(declared("D2"))) == 3
    assert weight(scene.book, coming(declared("D2"), paid("B", 5), person("100000000063"))) == 6


def test_parts_that_were_loaded_without_their_lines_weigh_nothing() -> None:
    scene = Scene()
    first, last = in_parts("D1", 2, (1, "100000000063", 50_000), (2, "100000000081", 60_000))
    scene.read(affiliated(), first)
    assert weight(scene.book, coming(last)) == 1
    parts = scene.account().declarations["D1"].parts
    parts[1] = parts[1]._replace(lines=None)
    assert weight(scene.book, coming(last)) == 0


def test_an_account_that_no_record_names_is_looked_at_by_any() -> None:
    scene = Scene()
    scene.read(affiliated(), paid("A", 1_000), paid("B", 1_000), affiliated("Q"))
    assert weight(scene.book, coming(paid("C", 5, payer_id="Q"), paid("D", 5, payer_id="Q"))) == 4
