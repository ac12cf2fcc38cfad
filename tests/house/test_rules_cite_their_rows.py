"""Every rule names the row of docs/sources.md that it follows, every row cited exists, and so does every ADR."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.house.tree import ROOT, Source, faults, public, python, sources

_CITED = re.compile(r"\b(?:LAW|DEF)-\d{3}\b")
_RANGE = re.compile(r"\b(LAW|DEF)-(\d{3})(?:\.\.| to |–| à )(?:LAW-|DEF-)?(\d{3})\b")
_ADR = re.compile(r"\bADR (\d+)\b")
_INVENTED = ("LAW-000", "DEF-000")  # what a test may say of a law that it made up
_ROW = re.compile(r"^(?:\| |### )((?:LAW|DEF)-\d{3})\b", re.MULTILINE)


@cache
def register() -> list[str]:
    """The rows of docs/sources.md, in its order."""
    return _ROW.findall((ROOT / "docs/sources.md").read_text("utf-8"))


def uncited(source: Source) -> Iterator[str]:
    """Public functions of pure rules without a row in their own docstring, their class's or their module's."""
    for node, above in public(source.tree):
        if isinstance(node, ast.ClassDef):
            continue
        told = [ast.get_docstring(one) or "" for one in (node, *above) if isinstance(one, _HAS_DOCSTRING)]
        if not any(_CITED.search(text) for text in told):
            yield source.fault(node.lineno, f"{node.name} cites no LAW- or DEF- row")


_HAS_DOCSTRING = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def unknown_rows(source: Source) -> Iterator[str]:
    """Citations of rows that the register does not have, and of ADRs that nobody wrote."""
    rows = {*register(), *_INVENTED} if source.within("tests") else set(register())
    decisions = {file.name[:4] for file in (ROOT / "docs/decisions").glob("*.md")}
    for number, line in enumerate(source.text.splitlines(), 1):
        ends = [end for kind, first, last in _RANGE.findall(line) for end in (f"{kind}-{first}", f"{kind}-{last}")]
        for cited in sorted({*_CITED.findall(line), *ends} - rows):
            yield source.fault(number, f"docs/sources.md has no {cited}")
        for decision in _ADR.findall(line):
            if f"{int(decision):04}" not in decisions:
                yield source.fault(number, f"docs/decisions has no ADR {decision}")


def test_every_public_rule_cites_its_row() -> None:
    rules = python("recouvra/law", "services/*/domain")
    assert rules
    assert faults(uncited, *rules) == []


def test_every_row_and_adr_that_is_cited_exists() -> None:
    everything = [one for one in sources(".py", ".sql", ".md") if not one.within("tests/house")]
    assert faults(unknown_rows, *everything) == []


def test_the_register_names_each_row_once() -> None:
    rows = register()
    assert len(rows) == len(set(rows)) > 0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def due(): ...", 0),  # a protocol's member, declared only
        ("def due():\n    return 1", 1),
        ('def due():\n    """When. Source: LAW-020."""\n    return 1', 0),
        ('"""Due days (LAW-020)."""\ndef due():\n    """When."""', 0),
        ('class Pair:\n    """A pair. Source: DEF-033."""\n    def due(self):\n        """When."""', 0),
        ('class Pair:\n    """A pair."""\n    def due(self):\n        """When."""', 1),
        ("def _due():\n    return 1", 0),
    ],
)
def test_a_rule_without_a_row_is_caught(text: str, count: int) -> None:
    assert len(faults(uncited, Source("recouvra/law/x.py", text))) == count


@pytest.mark.parametrize("text", ["# DEF-999", "# LAW-010..099", "-- ADR 77", '"""LAW-998 to LAW-013"""'])
def test_a_row_that_does_not_exist_is_caught(text: str) -> None:
    assert len(faults(unknown_rows, Source("recouvra/law/x.py", text))) == 1
