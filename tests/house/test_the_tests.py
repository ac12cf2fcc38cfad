"""Tests assert something, and wait for nothing but what they look for."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.tree import Source, faults, functions, python

# A deadline around a poll fails where what is looked for never comes.
_FAILING = ("raises", "warns", "timeout")


def sleeps(source: Source) -> Iterator[str]:
    """Sleeps outside a loop that looks for something: such a test is slow where it passes and fails on a slow machine.

    Between two looks of a poll with a deadline one may sleep; that is a `while` with a condition, or one that ends by
    `return`, `break` or an error.
    """
    polls = {id(inner) for loop in ast.walk(source.tree) if isinstance(loop, ast.While) for inner in ast.walk(loop)}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _name(node) == "sleep" and id(node) not in polls:
            yield source.fault(node.lineno, "a sleep")


def asserting_functions(*among: Source) -> set[str]:
    """The names of functions that assert, or call by name one that does."""
    bodies = {function.name: function for source in among for function in functions(source)}
    found = {name for name, body in bodies.items() if any(_asserts(node) for node in ast.walk(body))}
    while True:
        more = {name for name, body in bodies.items() if name not in found and _calls(body) & found}
        if not more:
            return found
        found |= more


def idle_tests(source: Source, asserting: set[str]) -> Iterator[str]:
    """Tests that cannot fail but by an accident: they assert nothing, nor does anything that they call."""
    for function in functions(source):
        if function.name.startswith("test_") and function.name not in asserting:
            yield source.fault(function.lineno, f"{function.name} asserts nothing")


def _asserts(node: ast.AST) -> bool:
    return isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and _name(node) in _FAILING)


def _calls(body: ast.AST) -> set[str]:
    return {_name(node) for node in ast.walk(body) if isinstance(node, ast.Call)}


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def test_no_test_sleeps_but_between_two_looks() -> None:
    assert faults(sleeps, *python("tests")) == []


def test_every_test_asserts_something() -> None:
    tests = python("tests")
    asserting = asserting_functions(*tests)
    assert [fault for source in tests for fault in idle_tests(source, asserting)] == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("async def test_a():\n    await asyncio.sleep(1)", 1),
        ("import time\ndef test_a():\n    for _ in range(3):\n        time.sleep(0.1)", 1),
        ("async def until(look):\n    while not look():\n        await asyncio.sleep(0.01)", 0),
    ],
)
def test_a_sleep_is_caught(text: str, count: int) -> None:
    assert len(faults(sleeps, Source("tests/unit/test_x.py", text))) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def test_a():\n    print(1)", 1),
        ("def test_a():\n    assert 1", 0),
        ("def test_a():\n    with pytest.raises(ValueError):\n        int('')", 0),
        ("def same(a, b):\n    assert a == b\ndef both(a):\n    same(a, a)\ndef test_a():\n    both(1)", 0),
        ("def same(a, b):\n    return a == b\ndef test_a():\n    same(1, 1)", 1),
    ],
)
def test_a_test_that_asserts_nothing_is_caught(text: str, count: int) -> None:
    wrong = Source("tests/unit/test_x.py", text)
    assert len(list(idle_tests(wrong, asserting_functions(wrong)))) == count
