"""The register says of every row where it is applied, or that nothing computes it yet; and that is so."""

import re
from collections.abc import Iterator

from tests.house.test_rules_cite_their_rows import register
from tests.house.tree import ROOT, sources

_CITED = re.compile(r"\b(?:LAW|DEF)-\d{3}\b")
_APPLIED = re.compile(r"^\| \[[^\]]+\]\(\.\./([^)]+)\).*\| ([^|]+) \|$", re.MULTILINE)
_LEFT = re.compile(r"^Nothing computes these yet .*?(?=^Two|\. Two)", re.MULTILINE | re.DOTALL)
_NOT_COMPUTED = {"LAW-001", "LAW-060"}


def wrongly_placed(text: str) -> Iterator[str]:
    """Rows said to be applied in a file that does not cite them."""
    for path, rows in _APPLIED.findall(text):
        cited = set(_CITED.findall((ROOT / path).read_text("utf-8")))
        yield from (f"{path}: {row}" for row in _CITED.findall(rows) if row not in cited)


def test_every_row_is_applied_where_the_register_says() -> None:
    text = (ROOT / "docs/sources.md").read_text("utf-8")
    assert list(wrongly_placed(text)) == []
    applied = {row for _, rows in _APPLIED.findall(text) for row in _CITED.findall(rows)}
    left = {row for found in _LEFT.findall(text) for row in _CITED.findall(found)}
    assert applied | left | _NOT_COMPUTED == set(register())
    assert applied & left == set()


def test_what_nothing_computes_is_cited_by_no_rule() -> None:
    (left,) = _LEFT.findall((ROOT / "docs/sources.md").read_text("utf-8"))
    code = [one for one in sources(".py") if one.within("recouvra/law") or re.match(r"services/\w+/domain/", one.path)]
    assert code
    assert [(one.path, row) for one in code for row in _CITED.findall(one.text) if row in _CITED.findall(left)] == []


def test_a_row_that_is_applied_elsewhere_is_told() -> None:
    assert list(wrongly_placed("| [clock](../recouvra/chassis/clock.py) | time | DEF-015, DEF-004 |")) == [
        "recouvra/chassis/clock.py: DEF-004"
    ]
