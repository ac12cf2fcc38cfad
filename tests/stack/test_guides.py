"""The guides' commands are run as they stand, one after another, on one stack; what is shown of the answers holds."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from recouvra.local.ports import Ports
from tests.stack.running import Up, eventually

_ROOT = Path(__file__).parents[2]
_GUIDES = _ROOT / "docs" / "guides"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STARTS = "recouvra up"
_INSTALLS = "pip install ."  # the command under test is installed already
_NOWHERE = "127.0.0.1:8084"  # Kafka's address in the guides
_ACTS = re.compile(r"-X (POST|DELETE)|dead-letters (replay|discard)")
_NUMBER = re.compile(r"\d+(?:[\s.,]\d+)*")


@dataclass(frozen=True)
class Step:
    """One block of commands, and what the guide shows of the last one's answer."""

    commands: str
    shown: tuple[str, str] | None

    @property
    def may_be_repeated(self) -> bool:
        """Whether asking again does nothing: what was sent counts once, an act is refused the second time."""
        return not _ACTS.search(self.commands)


def steps(guide: str) -> Iterator[Step]:
    """The blocks of a guide, in its order; a `json` or `text` block shows what the commands before it answer."""
    blocks = _BLOCK.findall((_GUIDES / guide).read_text("utf-8"))
    for (kind, text), after in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "sh":
            yield Step(text, after if after[0] in ("json", "text") else None)


def is_kcat_here() -> bool:
    """Whether the guide's kcat can be run; where it can't be, that is told, and CI fails if it could be installed."""
    if shutil.which("kcat"):
        return True
    assert "CI" not in os.environ or "RECOUVRA_NO_KCAT" in os.environ, "no kcat, though .ci/run installs it"
    warnings.warn("no kcat on this machine: what the vendor's guide shows with it was not run", stacklevel=2)
    return False


def holds(shown: Any, found: Any) -> bool:
    """Whether an answer is what is shown of it: further fields may stand beside, further rows may not."""
    if isinstance(shown, dict):
        return isinstance(found, dict) and all(name in found and holds(shown[name], found[name]) for name in shown)
    if isinstance(shown, list):
        return isinstance(found, list) and len(shown) == len(found) and all(map(holds, shown, found))
    return bool(shown == found)


def missing(shown: tuple[str, str], output: str) -> list[str]:
    """What is shown and not there; in a text `…` stands for anything, and white space does not count."""
    kind, text = shown
    if kind == "json":
        last = output.strip().rpartition("\n")[2]
        assert last.startswith("{"), f"no JSON: {last}"
        return [] if holds(json.loads(text), json.loads(last)) else [text]
    lines = ["".join(line.split()) for line in output.splitlines()]
    patterns = {line: "".join(map(_pattern, "".join(line.split()))) for line in text.splitlines()}
    return [line for line, pattern in patterns.items() if not any(re.fullmatch(pattern, found) for found in lines)]


def _pattern(sign: str) -> str:
    return ".*" if sign == "…" else re.escape(sign)


class Reader:
    """Somebody who reads a guide and types what it shows, in a folder of their own."""

    def __init__(self, folder: Path, stack: Up) -> None:
        self._folder, self._stack, self._runs = folder, stack, False
        folder.mkdir()
        (folder / "docs").symlink_to(_ROOT / "docs")
        (folder / ".curlrc").write_text("silent\nshow-error\n")

    async def read(self, guide: str) -> None:
        """Takes every step; a stack that a guide starts runs on for the next one."""
        for step in steps(guide):
            if _STARTS in step.commands:
                await self._start()
            elif _INSTALLS in step.commands or ("kcat -b" in step.commands and not is_kcat_here()):
                continue
            elif step.may_be_repeated:
                await eventually(lambda step=step: self._take(step))  # type: ignore[misc]
            else:
                await self._take(step)

    async def _start(self) -> None:
        if not self._runs:
            self._allow()
            await self._stack.start()
            self._runs = True

    def _allow(self) -> None:
        rules = self._folder / "var" / "sources.json"
        if rules.exists():
            self._stack.allow(json.loads(rules.read_text("utf-8")))

    async def _take(self, step: Step) -> None:
        told: dict[str, Any] = await self._stack.ready() if self._runs else {"kafka": _NOWHERE, "services": {}}
        commands = step.commands
        for service, address in told["services"].items():
            commands = commands.replace(Ports().url(service), address)
        commands = commands.replace(_NOWHERE, told["kafka"])
        shell = await asyncio.create_subprocess_exec(
            "sh", "-euc", commands, cwd=self._folder, env=self._environment(told),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, errors = await shell.communicate()
        assert shell.returncode == 0, f"{commands}\n{output.decode()}\n{errors.decode()}"
        self._allow()
        if step.shown is not None:
            both = output.decode() if step.shown[0] == "json" else output.decode() + errors.decode()
            assert missing(step.shown, both) == [], f"{commands}\n{both}"

    def _environment(self, told: dict[str, Any]) -> dict[str, str]:
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        addresses = {f"RECOUVRA_{name.upper()}_URL": url for name, url in told["services"].items()}
        return {"PATH": programs, "LANG": "fr_FR.UTF-8", "HOME": str(self._folder)} | (
            addresses | {"RECOUVRA_KAFKA": told["kafka"]} if addresses else {}
        )


async def test_the_guides_do_what_they_show(tmp_path: Path, new_stack: Callable[[str], Up]) -> None:
    reader = Reader(tmp_path / "desk", new_stack("event"))
    await reader.read("operator.fr.md")
    await reader.read("vendor.fr.md")
    await reader.read("vendor-in-ten-minutes.fr.md")


@pytest.mark.parametrize("guide", ["operator", "vendor", "vendor-in-ten-minutes"])
def test_a_guide_shows_the_same_in_both_languages(guide: str) -> None:
    french, english = list(steps(f"{guide}.fr.md")), list(steps(f"{guide}.md"))
    assert [step.commands for step in french] == [step.commands for step in english]
    figures = [
        [_NUMBER.findall(step.shown[1].replace(",", ".")) for step in steps if step.shown]
        for steps in (french, english)
    ]
    assert figures[0] == figures[1]
    assert any(figures[0])


@pytest.mark.parametrize(
    ("shown", "output"),
    [
        (("json", '{"rows": [{"a": 1}]}'), '{"rows": [{"a": 2, "b": 3}]}'),
        (("json", '{"rows": []}'), '{"rows": [{"a": 1}], "next": null}'),
        (("json", '{"next": null}'), '{"rows": []}'),
        (("text", "ETS-TRAORE  15 744"), "ETS-TRAORE  15\u202f745\n"),
        (("text", "ETS-TRAORE … 0,00 %"), "ETS-TRAORE 15744 100 %\n"),
    ],
)
def test_an_answer_that_is_not_what_is_shown_is_told(shown: tuple[str, str], output: str) -> None:
    assert missing(shown, output) == [shown[1]]
