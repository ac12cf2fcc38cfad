"""A vendor's bare install can use the contracts."""

import pkgutil
import subprocess
import sys

import recouvra.contracts

_ALLOWED = {"recouvra", "pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}

_LIST_WHAT_IS_IMPORTED = """
import importlib, sys
before = set(sys.modules)
for name in {names!r}:
    importlib.import_module(name)
print(*sorted({{name.partition(".")[0] for name in set(sys.modules) - before}}))
"""


def test_the_contracts_import_only_pydantic_and_the_standard_library() -> None:
    names = [f"recouvra.contracts.{module.name}" for module in pkgutil.iter_modules(recouvra.contracts.__path__)]
    script = _LIST_WHAT_IS_IMPORTED.format(names=["recouvra.contracts", *names])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    foreign = {name for name in done.stdout.split() if name not in sys.stdlib_module_names and name[0] != "_"}
    assert foreign <= _ALLOWED
