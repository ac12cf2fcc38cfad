"""How much any one event may have the rules look at, by which it is decided where those of its batch run."""

from __future__ import annotations

from recouvra.chassis.deciding import MOST_WEIGHT
from recouvra.contracts.event import Event
from services.contributions.acts.read_batch import weight
from tests.unit.contributions.scene import Line, Scene, affiliated, declared, in_parts, paid, person, received

ONE: Line = (1, "100000000063", 50_000)
TWO: Line = (2, "100000000081", 60_000)


def of(scene: Scene, *events: Event) -> int:
    return weight(scene.book, list(map(received, events)))


def test_an_event_weighs_what_its_account_has_and_what_comes_to_it() -> None:
    scene = Scene()
    scene.read(affiliated(), declared("D1", ONE, TWO), paid("A", 1_000), affiliated("Q"))
    assert of(scene) == 3
    assert of(scene, declared("D2", ONE), paid("B", 5), person("100000000063")) == 5
    assert of(scene, *(paid(f"Q{number}", 5, payer_id="Q") for number in range(4))) == 4


def test_parts_that_were_loaded_without_their_lines_weigh_nothing() -> None:
    scene = Scene()
    first, last = in_parts("D1", 2, ONE, TWO)
    scene.read(affiliated(), first)
    assert of(scene, last) == 2
    parts = scene.account().declarations["D1"].parts
    parts[1] = parts[1]._replace(lines=None)
    assert of(scene, last) == 1


def test_an_affiliation_weighs_each_declaration_that_waits_beside_all_others() -> None:
    waiting = [declared(f"D{number}", ONE) for number in range(400)]
    scene = Scene()
    scene.read(*waiting[:200])
    assert of(scene, affiliated()) == 200 * 200
    assert of(scene, *waiting[200:]) == 400
    assert of(scene, *waiting[200:], affiliated()) == 400 * 400 > MOST_WEIGHT
