"""A scenario under names that no run before had: it can be played again, beside other runs and beside real data.

The run's word goes into every identifier behind the scenario's own `GSnn-`, into every `ce_source`, and into whatever
would make two persons of two runs alike (family name, NINA: DEF-034). It stands at the same place everywhere, so that
what is ordered bytewise (payments, sources: DEF-004) keeps its order.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Sequence
from typing import Any

from recouvra.cli.golden.scenario import Scenario, Wave

_SIGNS = string.ascii_lowercase + string.digits
_WORD_SIGNS = 6
_NINA = re.compile(r"[0-9]{14}[A-Z]")
_NINA_DRAWN = slice(5, 13)


def new_run() -> str:
    """A word for a run, which no other has; two billion can be drawn."""
    return "".join(secrets.choice(_SIGNS) for _ in range(_WORD_SIGNS))


def fresh(scenario: Scenario, run: str) -> Scenario:
    """The same scenario, renamed for this run.

    A question about a whole territory is left out: other runs stand there too.
    """
    tag = scenario.prefix.removesuffix("-")
    names = {f"{tag}-": f"{tag}-{run}-", tag.lower(): f"{tag.lower()}-{run}"}
    waves = [
        Wave(
            _renamed(wave.records, names, run),
            _renamed(wave.published, names, run),
            _renamed(wave.refused, names, run),
            _renamed([ask for ask in wave.asked if "territory" not in ask["query"]], names, run),
        )
        for wave in scenario.waves
    ]
    return Scenario(scenario.folder, waves, scenario.told, f"{tag}-{run}-")


def _renamed(value: Any, names: dict[str, str], run: str) -> Any:
    match value:
        case str():
            for old, new in names.items():
                value = value.replace(old, new)
            return value
        case dict():
            return {
                _renamed(name, names, run): _person(name, _renamed(one, names, run), run) for name, one in value.items()
            }
        case list() | tuple():
            return _each(value, names, run)
    return value


def _each(values: Sequence[Any], names: dict[str, str], run: str) -> list[Any]:
    return [_renamed(one, names, run) for one in values]


def _person(field: str, value: Any, run: str) -> Any:
    """A field of a person, of whom this run must have its own; what is malformed on purpose stays so."""
    if field == "family_name" and isinstance(value, str):
        return f"{value} {run}"
    if field == "nina" and isinstance(value, str) and _NINA.fullmatch(value):
        drawn = f"{int(run, 36) % 10**8:08}"
        return value[: _NINA_DRAWN.start] + drawn + value[_NINA_DRAWN.stop :]
    return value
