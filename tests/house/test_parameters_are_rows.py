"""Rates, floors, classes, days and terms are dated rows of law/parameters.py, and literals nowhere else in rules."""

import ast
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

import pytest

from recouvra.law.parameters import CLASS_ROWS, COVERAGE_ROWS, DUE_ROWS, FLOOR_ROWS, RATE_ROWS, TERM_ROWS
from tests.house.tree import Source, docstrings, faults, python, sources

_RATES = {rate for row in RATE_ROWS for rate in (row.rates.insured_rate, row.rates.payer_rate) if rate} | {
    row.fund_rate for row in COVERAGE_ROWS
}
_AMOUNTS = {
    Decimal(amount)
    for row in CLASS_ROWS
    for bound_and_amount in row.classes
    for amount in bound_and_amount
    if amount is not None
} | {Decimal(row.floor_xof) for row in FLOOR_ROWS}
_DAYS = {Decimal(row.day_of_month) for row in DUE_ROWS} | {Decimal(row.days) for row in TERM_ROWS}
_AS_PERCENT = {rate * 100 for rate in _RATES}
_NUMBERS = re.compile(r"(?<![\w.-])\d[\d_]*(?:\.\d+)?(?![\w.-])")
# A number says its unit in its name; a count of bytes is no amount of francs, whatever its value.
_OTHER_UNITS = ("_bytes", "_seconds", "_ms", "_count")
_FILLFACTOR = re.compile(r"\bfillfactor = \d+")


def _is_a_parameter(number: Decimal, *, days: bool) -> bool:
    return number in _RATES | _AS_PERCENT | _AMOUNTS | (_DAYS if days else set())


def literal_parameters(source: Source) -> Iterator[str]:
    """Number and text literals whose value a row of the law holds; due days only in the rooms of pure rules.

    A small number like a due day means many things to a store or a report; rules have no other use for it.
    """
    days = source.within("recouvra/law", "services/*/domain")
    spared = docstrings(source) | set(_of_another_unit(source))
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Constant) or node in spared:
            continue
        match node.value:
            case bool():
                continue
            case int() | float() as number:
                found = [Decimal(str(number))]
            case str() as text:
                found = list(_numbers_in(text))
            case _:
                continue
        for value in found:
            if _is_a_parameter(value, days=days):
                yield source.fault(node.lineno, f"{value} belongs into law/parameters.py")


def literal_parameters_of_sql(source: Source) -> Iterator[str]:
    """The same in a migration."""
    for number, line in enumerate(source.text.splitlines(), 1):
        for value in _numbers_in(_FILLFACTOR.sub("", line.partition("--")[0])):
            if _is_a_parameter(value, days=False):
                yield source.fault(number, f"{value} belongs into law/parameters.py")


def _numbers_in(text: str) -> Iterator[Decimal]:
    for word in _NUMBERS.findall(text):
        try:
            yield Decimal(word.replace("_", ""))
        except InvalidOperation:
            continue


def _of_another_unit(source: Source) -> Iterator[ast.AST]:
    for node in ast.walk(source.tree):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                if name.lower().endswith(_OTHER_UNITS):
                    yield from ast.walk(value)


def test_no_rule_holds_a_parameter_of_the_law() -> None:
    rules = [one for one in python("recouvra/law", "services/*") if one.path != "recouvra/law/parameters.py"]
    assert rules
    assert faults(literal_parameters, *rules) == []


def test_no_migration_holds_a_parameter_of_the_law() -> None:
    migrations = [one for one in sources(".sql") if one.within("services/*/migrations")]
    assert migrations
    assert faults(literal_parameters_of_sql, *migrations) == []


@pytest.mark.parametrize(
    "text",
    [
        "FLOOR = 40_000",
        "rate = Decimal('0.0306')",
        "rate = 0.0448",
        "share = base * 3.06 / 100",
        "due = first.replace(day=15)",
        "share = accepted * Decimal('0.80')",
        "share = accepted * 70 // 100",
        "late = days > 30",
        "sql = 'select greatest(base_xof, 40000) from line'",
        "sql = f'select base_xof * 0.0350 from {table}'",
        "top = 1_500_000 if income > limit else 0",
    ],
)
def test_a_literal_parameter_is_caught(text: str) -> None:
    assert len(faults(literal_parameters, Source("services/a/domain/x.py", text))) == 1


@pytest.mark.parametrize(
    "text",
    ["VALUE_BYTES = 900_000", '"""At a floor of 40,000 or 40000."""', "LIMIT = 1_000", "at = '2015-01-01'"],
)
def test_what_only_looks_like_a_parameter_passes(text: str) -> None:
    assert faults(literal_parameters, Source("services/a/domain/x.py", text)) == []


def test_a_literal_parameter_in_sql_is_caught() -> None:
    text = "check (base_xof >= 40000) -- 35000 before 2016\n) with (fillfactor = 80);"
    wrong = Source("services/a/migrations/0001_x.sql", text)
    assert len(faults(literal_parameters_of_sql, wrong)) == 1
