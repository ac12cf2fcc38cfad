"""`recouvra conformance` tells a stack that does as the scenarios say from others, and never plays unasked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from recouvra.cli.golden.comparing import Fact, Place
from recouvra.cli.golden.fresh import fresh
from recouvra.cli.golden.play import Play
from recouvra.cli.golden.scenario import Scenario, Sent, resolved, scenarios

FIRST = fresh(scenarios()[0], "ab12cd")
TODAY = "2026-11-20"


class Numbers(dict[str, str]):
    """A number for every hire, the same each time."""

    def __missing__(self, hire: str) -> str:
        return f"{sum(hire.encode()):012}"


class Says:
    """A stack in memory: it says of a scenario what is expected, but for what a test has it say otherwise."""

    def __init__(
        self,
        scenario: Scenario,
        otherwise: Callable[[list[dict[str, Any]]], object] = lambda _facts: None,
        days: Sequence[str] | None = None,
        answers: bool = True,
    ) -> None:
        self.days, self._scenario, self._otherwise, self._answers, self._waves = days, scenario, otherwise, answers, 0

    async def publish(self, sending: Sequence[Sent]) -> list[Place]:
        """Takes a wave."""
        self._waves += 1
        return [(one.topic, self._waves, n) for n, one in enumerate(sending)]

    async def told(self, enough: Callable[[Sequence[Fact]], bool]) -> Sequence[Fact]:
        """What is expected of the waves so far."""
        said = [one for wave in self._scenario.waves[: self._waves] for one in wave.published]
        facts: list[dict[str, Any]] = [spoken(resolved(one, Numbers())) for one in said]
        self._otherwise(facts)
        enough(facts)
        return facts

    async def answer(self, service: str, path: str, query: dict[str, Any]) -> tuple[int, Any] | None:
        """What is expected of a face."""
        asked = self._scenario.waves[self._waves - 1].asked
        bodies = [one["body"] for one in asked if one["path"].format_map(Numbers()) == path and one["query"] == query]
        return (200, bodies[0]) if self._answers else None


def spoken(fact: dict[str, Any]) -> dict[str, Any]:
    """With the sentences for people that every anomaly has."""
    for anomaly in fact["value"].get("anomalies", ()):
        anomaly["message"] = {"fr": "…", "en": "…"}
    return fact


async def played(says: Says) -> Play:
    play = Play(says, [FIRST], patience=0)
    await play.play()
    return play


def one_franc_more(facts: list[dict[str, Any]]) -> None:
    for fact in facts:
        if fact["topic"] == "contribution-assessed":
            fact["value"] = fact["value"] | {"assessed_xof": fact["value"]["assessed_xof"] + 1}


def registered_on(day: str) -> Callable[[list[dict[str, Any]]], None]:
    def change(facts: list[dict[str, Any]]) -> None:
        for fact in facts:
            fact["at"] = f"{TODAY}T12:00:00Z"
            if fact["topic"] == "person-registered":
                fact["value"] = fact["value"] | {"registered_on": day}

    return change


async def test_a_stack_that_says_what_is_expected_passes() -> None:
    play = await played(Says(FIRST))
    assert (play.faults, play.unasked) == ({FIRST.folder: []}, 0)


@pytest.mark.parametrize(
    ("otherwise", "expected"),
    [
        (one_franc_more, "/value/assessed_xof: expected"),
        (lambda facts: facts.append(facts[0]), "not expected"),
        (lambda facts: facts.pop(), "missing"),
        (registered_on(TODAY), "/value/registered_on"),
    ],
)
async def test_a_stack_that_says_otherwise_is_told_by_its_field(otherwise: Any, expected: str) -> None:
    (fault, *_) = (await played(Says(FIRST, otherwise))).faults[FIRST.folder]
    assert expected in fault


async def test_faces_that_cannot_be_asked_are_counted_and_not_taken_for_wrong() -> None:
    play = await played(Says(FIRST, answers=False))
    assert play.faults[FIRST.folder] == []
    assert play.unasked == sum(len(wave.asked) for wave in FIRST.waves) > 0


async def test_by_the_clock_system_a_registration_is_of_the_day_of_the_run_and_of_no_other() -> None:
    assert (await played(Says(FIRST, registered_on(TODAY), days=[TODAY]))).faults[FIRST.folder] == []
    (fault, *_) = (await played(Says(FIRST, registered_on("2026-01-01"), days=[TODAY]))).faults[FIRST.folder]
    assert "/value/registered_on" in fault


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--bootstrap", "127.0.0.1:9"], "--leave-data"),
        (["--bootstrap", "127.0.0.1:9", "--only", "99", "--leave-data"], "99"),
        (["--leave-data", "--data", "nowhere"], "--bootstrap"),
    ],
)
def test_nothing_is_played_where_nobody_agreed_or_nobody_can_say_what_or_where(words: list[str], expected: str) -> None:
    command = [str(Path(sys.executable).with_name("recouvra")), "conformance", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"LANG": "en"})
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr
