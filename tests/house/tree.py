"""The checkout as the house tests see it: source files with their syntax trees, and faults told by place.

A check takes one `Source` and yields its faults, so that a test can try it on the whole tree and on a small wrong
sample alike: a rule whose test cannot fail is no rule.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TEXTS = (".py", ".sql", ".md", ".toml", ".lock", "Makefile", "run")
_OURS = ("recouvra", "services", "tests", "bench", "deploy", "docs", ".ci")


@dataclass(frozen=True)
class Source:
    """One text file: its path from the root, with slashes, and what it says."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of a Python file."""
        return ast.parse(self.text, self.path)

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders and the file's name without its ending: `("services", "registration", "app")`."""
        return tuple(self.path.removesuffix(".py").split("/"))

    def within(self, *folders: str) -> bool:
        """Whether it lies in one of these folders; `*` stands for one folder of any name."""
        return any(re.match(folder.replace("*", "[^/]+") + "/", self.path) for folder in folders)

    def fault(self, line: int, sentence: str) -> str:
        """A fault as an editor finds it."""
        return f"{self.path}:{line}: {sentence}"


Check = Callable[[Source], Iterator[str]]


def sources(*endings: str) -> list[Source]:
    """Every file of ours with one of these endings, those of the root too, by path."""
    return [source for source in _all_sources() if source.path.endswith(endings)]


@cache
def _all_sources() -> list[Source]:
    files = [*ROOT.iterdir(), *(file for folder in _OURS for file in (ROOT / folder).rglob("*"))]
    return [
        Source(file.relative_to(ROOT).as_posix(), file.read_text("utf-8"))
        for file in sorted(files)
        if file.is_file() and file.name.endswith(_TEXTS)
    ]


def python(*folders: str) -> list[Source]:
    """Every Python file in these folders."""
    return [source for source in sources(".py") if source.within(*folders)]


def faults(check: Check, *among: Source) -> list[str]:
    """All that a check finds among these files."""
    return [fault for source in among for fault in check(source)]


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones too."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def public(
    node: ast.Module | ast.ClassDef, *above: ast.AST
) -> Iterator[tuple[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, tuple[ast.AST, ...]]]:
    """Public classes, functions and methods, each with the module and classes that hold it; `...` bodies left out."""
    for child in node.body:
        if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or child.name.startswith("_"):
            continue
        if isinstance(child, ast.ClassDef):
            yield child, (*above, node)
            yield from public(child, *above, node)
        elif not _is_only_declared(child):
            yield child, (*above, node)


def _is_only_declared(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A protocol's member, whose class says what it means."""
    match function.body:
        case [ast.Expr(ast.Constant(value=value))]:
            return value is Ellipsis
    return False


def docstrings(source: Source) -> set[ast.AST]:
    """The constants that are docstrings, of attributes too: a string that stands as a statement."""
    return {
        node.value
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }
