"""The arithmetic that stands beside the golden scenarios, read and reckoned exactly: `a × b % = c → d`, one a line."""

from __future__ import annotations

import ast
import operator
import re
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

_BLOCK = re.compile(r"^```arithmetic\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")
_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def lines_of(text: str) -> list[str]:
    """The lines of every block of arithmetic in a document."""
    return [line for block in _BLOCK.findall(text) for line in block.splitlines() if line.strip()]


def numbers_of(line: str) -> set[str]:
    """Every number of a line without its sign and its separators of thousands."""
    return {number.replace(",", "") for number in _NUMBER.findall(line)}


def wrong(line: str) -> str | None:
    """What is wrong with a line, None where it holds: every `=` exact (or cut off by `…`), every `→` well rounded.

    A whole number is rounded half-up (DEF-001), a rate of four decimals half-even (DEF-006).
    """
    sides = re.split(r"\s(=|→)\s", line.rpartition(": ")[2])
    if len(sides) < 3:
        return f"no equation: {line}"
    exact = value_of(sides[0])
    for sign, side in zip(sides[1::2], sides[2::2], strict=True):
        if sign == "→":
            holds = rounded(exact, side) == side.replace(",", "")
        elif side.endswith("…"):
            decimals = len(side.partition(".")[2]) - 1
            holds = exact * 10**decimals // 1 == value_of(side.removesuffix("…")) * 10**decimals
        else:
            holds = exact == value_of(side)
        if not holds:
            return f"{line}: {side} is not right, {float(exact):.7g} is"
    return None


def rounded(exact: Fraction, like: str) -> str:
    """The value with as many decimals as `like` has."""
    decimals = len(like.partition(".")[2])
    value = Decimal(exact.numerator) / Decimal(exact.denominator)
    how = ROUND_HALF_EVEN if decimals else ROUND_HALF_UP
    return str(value.quantize(Decimal(1).scaleb(-decimals), rounding=how))


def value_of(text: str) -> Fraction:
    """The exact value of an expression in + - × / % max( ; )."""
    plain = _PERCENT.sub(r"(\1 / 100)", _THOUSANDS.sub("", text).replace("×", "*").replace(";", ","))
    return _reckon(ast.parse(plain.strip(), mode="eval").body, plain.strip())


def _reckon(node: ast.expr, source: str) -> Fraction:
    match node:
        case ast.Constant():
            return Fraction(ast.get_source_segment(source, node) or "")
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_reckon(operand, source)
        case ast.BinOp(left=left, op=op, right=right):
            found: Fraction = _OPERATORS[type(op)](_reckon(left, source), _reckon(right, source))
            return found
        case ast.Call(func=ast.Name(id="max"), args=arguments):
            return max(_reckon(one, source) for one in arguments)
    raise ValueError(f"not arithmetic: {source}")
