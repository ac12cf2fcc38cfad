"""A scenario that is played anew says the same under names that no run before had."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from recouvra.cli.golden.fresh import fresh, new_run
from recouvra.cli.golden.scenario import Scenario, as_sent, scenarios
from recouvra.contracts.codes import Reason
from recouvra.contracts.reading import Refusal, read
from recouvra.contracts.record import Record
from recouvra.contracts.registration_requested import Person
from services.registration.domain.likeness import likeness

EVERY = pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.folder)
_DRAWN = "000000000097"


class Anybody(dict[str, str]):
    """A number for every hire."""

    def __missing__(self, hire: str) -> str:
        return _DRAWN


def received(scenario: Scenario) -> list[str]:
    """What a service makes of each record alone: a reason to refuse it, or the kind of event."""
    kinds = []
    for record in (record for wave in scenario.waves for record in wave.records):
        sent = as_sent(record, Anybody())
        try:
            kinds.append(type(read(Record(sent.topic, 0, 0, sent.key, sent.value, sent.headers)).event).__name__)
        except Refusal as refusal:
            kinds.append(refusal.reason.value)
    return kinds


@EVERY
def test_each_record_is_read_or_refused_as_the_one_that_is_written(scenario: Scenario) -> None:
    assert received(fresh(scenario, "ab12cd")) == received(scenario)


@EVERY
def test_nothing_of_a_scenario_keeps_its_name_but_what_is_asked_of_all(scenario: Scenario) -> None:
    tag = scenario.prefix.removesuffix("-")
    renamed = fresh(scenario, "ab12cd")
    text = json.dumps([vars(wave) for wave in renamed.waves])
    others = text.replace(f"{tag}-ab12cd-", "").replace(f"{tag.lower()}-ab12cd", "")
    assert (others.count(f"{tag}-"), others.count(tag.lower())) == (0, 0)
    assert renamed.prefix == f"{tag}-ab12cd-"
    assert fresh(scenario, "ab12cd") == renamed


def people(scenario: Scenario) -> list[bytes]:
    """The likeness of everyone who is well formed."""
    values = (record.get("value") for wave in scenario.waves for record in wave.records)
    found = [value["person"] for value in values if isinstance(value, dict) and isinstance(value.get("person"), dict)]
    return [likeness(Person.model_validate_json(json.dumps(one))) for one in found if is_person(one)]


def is_person(value: object) -> bool:
    try:
        Person.model_validate_json(json.dumps(value))
    except ValueError:
        return False
    return True


@EVERY
def test_those_who_look_alike_still_do_and_nobody_looks_like_somebody_of_another_run(scenario: Scenario) -> None:
    written, one, other = (people(s) for s in (scenario, fresh(scenario, "ab12cd"), fresh(scenario, "ab12ce")))
    alike = [[a == b for b in written] for a in written]
    assert [[a == b for b in one] for a in one] == alike
    assert not set(one) & set(other) | set(one) & set(written)


def ninas(found: list[Scenario]) -> list[str]:
    """Every NINA that is one."""
    text = json.dumps([vars(wave) for scenario in found for wave in scenario.waves])
    return [piece[:15] for piece in text.split('"nina": "')[1:] if piece[15] == '"']


def test_two_runs_share_no_nina_and_one_keeps_its_own_apart() -> None:
    runs = [[fresh(scenario, run) for scenario in scenarios()] for run in ("ab12cd", "zz99zz")]
    written, one, other = ninas(list(scenarios())), ninas(runs[0]), ninas(runs[1])
    assert len(set(written)) == len(set(one)) == len(set(other)) > 1
    assert not set(one) & set(other) | set(one) & set(written)


def test_two_runs_have_two_words() -> None:
    words = [new_run() for _ in range(100)]
    assert all(one != other for one, other in pairwise(sorted(words)))


def test_the_scenarios_try_every_reason_that_a_record_can_give() -> None:
    told = {kind for scenario in scenarios() for kind in received(scenario)}
    assert {Reason.OVERSIZED, Reason.MISSING_ENVELOPE, Reason.SCHEMA_MISMATCH} <= told
