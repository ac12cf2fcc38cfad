"""The places that a patch changed, each with a call put before it that tells when it runs.

A line that a patch adds belongs to the innermost statement around it; neighbouring lines are one place. What a patch
only takes away would leave nothing to look for: it puts `pass` there.
"""

from __future__ import annotations

import ast
import difflib
from collections import defaultdict
from collections.abc import Iterator, Sequence

_CALL = "__import__('tests.mutants.ran', fromlist=['ran']).ran({place})"


def added(before: str, after: str) -> list[int]:
    """The first line (from 1) of each stretch that `after` has and `before` has not, blank and comment lines apart."""
    old, new = before.splitlines(), after.splitlines()
    found = []
    for tag, _, _, start, stop in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        lines = [n for n in range(start, stop) if new[n].strip() and not new[n].lstrip().startswith("#")]
        if tag != "equal" and lines:
            found.append(lines[0] + 1)
    return found


def telling(source: str, lines: Sequence[int], first: int) -> str:
    """The source with a call before the statement of each of these lines, numbered from `first` on."""
    tree = ast.parse(source)
    wanted: dict[ast.stmt, list[int]] = defaultdict(list)
    for place, line in enumerate(lines, first):
        wanted[_statement(tree, line)].append(place)
    for body in [body for node in ast.walk(tree) for body in _bodies(node)]:
        body[:] = [one for statement in body for one in (*map(_call, wanted.pop(statement, ())), statement)]
    return ast.unparse(ast.fix_missing_locations(tree))


def _statement(tree: ast.Module, line: int) -> ast.stmt:
    """The innermost statement at a line; of what is defined or caught there, the first one inside."""
    body: list[ast.stmt] = tree.body
    while True:
        found = next(one for one in body if _first(one) <= line <= (one.end_lineno or one.lineno))
        inside = next((b for b in _bodies(found) if _first(b[0]) <= line <= (b[-1].end_lineno or line)), None)
        if inside is not None:
            body = inside
            continue
        if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return found.body[0]
        heads = [*getattr(found, "handlers", ()), *getattr(found, "cases", ())]
        caught = next((head.body for head in heads if _line(head) <= line < _first(head.body[0])), None)
        return found if caught is None else caught[0]


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements right inside a node, those of its handlers and cases too."""
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, None)
        if isinstance(body, list) and body:
            yield body
    if isinstance(node, ast.stmt):
        for head in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            yield head.body


def _first(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(one.lineno for one in decorators)])


def _line(head: ast.ExceptHandler | ast.match_case) -> int:
    return head.lineno if isinstance(head, ast.ExceptHandler) else head.pattern.lineno


def _call(place: int) -> ast.stmt:
    return ast.parse(_CALL.format(place=place)).body[0]
