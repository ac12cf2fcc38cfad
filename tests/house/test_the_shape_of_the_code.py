"""A file is one subject, a function fits a screen, everything public says what it is, nothing is left to be done."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.tree import Check, Source, docstrings, faults, functions, public, python, sources

_FILE_LINES = 300
_FUNCTION_LINES = 60
_UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplemented|NotImplementedError)\b")
_FRANCS = "_xof"


def long_file(source: Source) -> Iterator[str]:
    """A file of more lines than one subject takes."""
    count = len(source.text.splitlines())
    if count > _FILE_LINES:
        yield source.fault(count, f"{count} lines, {_FILE_LINES} are allowed")


def long_function(source: Source) -> Iterator[str]:
    """A function whose own lines, without its docstring and the functions inside it, do not fit a screen."""
    spared = docstrings(source)
    for function in functions(source):
        inside = [
            node
            for node in ast.walk(function)
            if node is not function and (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node in spared)
        ]
        elsewhere = {line for node in inside for line in range(_first(node), _last(node) + 1)}
        count = len(set(range(function.lineno, _last(function) + 1)) - elsewhere)
        if count > _FUNCTION_LINES:
            yield source.fault(function.lineno, f"{function.name} has {count} lines, {_FUNCTION_LINES} are allowed")


def _first(node: ast.AST) -> int:
    return min(_line(one) for one in (*getattr(node, "decorator_list", []), node))


def _last(node: ast.AST) -> int:
    return _line(node, "end_lineno")


def _line(node: ast.AST, name: str = "lineno") -> int:
    line: int = getattr(node, name)
    return line


def unsaid(source: Source) -> Iterator[str]:
    """Modules, public classes and public functions without a docstring."""
    if ast.get_docstring(source.tree) is None:
        yield source.fault(1, "the module has no docstring")
    for node, _ in public(source.tree):
        if ast.get_docstring(node) is None:
            yield source.fault(node.lineno, f"{node.name} has no docstring")


def unfinished(source: Source) -> Iterator[str]:
    """Words by which work is put off."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := _UNFINISHED.search(line):
            yield source.fault(number, found[0])


def float_francs(source: Source) -> Iterator[str]:
    """Floats made of, mixed with or annotated on names that end in `_xof`: francs are whole numbers."""
    for node in ast.walk(source.tree):
        match node:
            case ast.BinOp(left=left, op=op, right=right) | ast.AugAssign(target=left, op=op, value=right):
                wrong = (_is_francs(left) or _is_francs(right)) and (
                    isinstance(op, ast.Div) or _is_float(left) or _is_float(right)
                )
            case ast.Call(func=ast.Name(id="float"), args=[first, *_]):
                wrong = any(_is_francs(one) for one in ast.walk(first))
            case ast.AnnAssign(target=target, annotation=annotation):
                wrong = _is_francs(target) and "float" in ast.unparse(annotation)
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                wrong = name.endswith(_FRANCS) and "float" in ast.unparse(annotation)
            case _:
                continue
        if wrong:
            yield source.fault(_line(node), f"francs as a float: {ast.unparse(node)}")


def _is_francs(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return name.endswith(_FRANCS)
    return False


def _is_float(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def test_no_file_is_over_three_hundred_lines() -> None:
    assert faults(long_file, *sources(".py", ".sql", ".md")) == []


def test_no_function_is_longer_than_a_screen() -> None:
    assert faults(long_function, *python("recouvra", "services", "bench")) == []


def test_everything_public_says_what_it_is() -> None:
    assert faults(unsaid, *python("recouvra", "services", "bench")) == []


def test_nothing_is_put_off() -> None:
    files = [one for one in sources(".py", ".sql", ".md", "Makefile", "run") if not one.within("tests/house")]
    assert faults(unfinished, *files) == []


def test_francs_are_never_floats() -> None:
    assert faults(float_francs, *python("recouvra", "services", "tests", "bench")) == []


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (long_file, "a = 1\n" * 301),
        (long_function, "def f():\n" + "    a = 1\n" * 60),
        (long_function, "def f():\n    def g():\n" + "        a = 1\n" * 60),
        (unsaid, "a = 1"),
        (unsaid, '"""A module."""\ndef f():\n    return 1'),
        (unsaid, '"""A module."""\nclass C:\n    """A class."""\n    async def f(self):\n        return 1'),
        (unfinished, "# TODO: the rest"),
        (unfinished, "raise NotImplementedError"),
        (float_francs, "rate = line.received_xof / total"),
        (float_francs, "share_xof = base_xof * 0.0306"),
        (float_francs, "a = float(row['base_xof'])"),
        (float_francs, "def f(base_xof: float): ..."),
        (float_francs, "base_xof: float | None = None"),
        (float_francs, "base_xof /= 2"),
    ],
)
def test_a_wrong_shape_is_caught(check: Check, text: str) -> None:
    assert len(faults(check, Source("recouvra/law/x.py", text))) == 1


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (long_function, 'def f():\n    """' + "\n" * 70 + '"""\n    return 1'),
        (long_function, "def f():\n    @app.get\n    def g():\n" + "        a = 1\n" * 40 + "    b = 1\n" * 40),
        (float_francs, "half_xof = total_xof // 2 + base_xof * 3"),
        (float_francs, "rate = Decimal(received_xof) / Decimal(assessed_xof)"),
        (unsaid, '"""A module."""\nclass P(Protocol):\n    """A shape."""\n    def f(self) -> int: ...'),
    ],
)
def test_a_right_shape_passes(check: Check, text: str) -> None:
    assert faults(check, Source("recouvra/law/x.py", text)) == []
