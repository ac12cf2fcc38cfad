"""The OpenAPI document of every service, for those who read before they run: committed in `docs/openapi`.

`python -m services.openapi` writes them; `--check` writes nothing and exits 1 with the names of those that drifted.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from recouvra.chassis.http import write_openapi
from recouvra.chassis.settings import Settings
from services.contributions.app import build as contributions
from services.liquidation.app import build as liquidation
from services.registration.app import build as registration
from services.reporting.app import build as reporting

FOLDER = Path(__file__).parents[1] / "docs" / "openapi"
BUILT = (registration, contributions, liquidation, reporting)


def documents() -> dict[str, str]:
    """Every document by its file's name; nothing is opened for it."""
    settings = Settings(kafka="", database_url="")
    services = [build(settings) for build in BUILT]
    return {f"{service.name}.json": write_openapi(service.create_api(settings)) for service in services}


def drifted(folder: Path = FOLDER) -> list[str]:
    """Name the files that are not what the code says: changed, missing, or of no service any more."""
    wanted = documents()
    there = {path.name: path.read_text("utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def write(folder: Path = FOLDER) -> list[str]:
    """Make the files what the code says, and name those that were not."""
    wanted, changed = documents(), drifted(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in wanted:
            (folder / name).write_bytes(wanted[name].encode())
        else:
            (folder / name).unlink()
    return changed


def main(arguments: list[str] | None = None, folder: Path = FOLDER) -> int:
    """Write the documents or, with `--check`, say which drifted (exit code 1)."""
    parser = argparse.ArgumentParser(prog="python -m services.openapi", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file drifted")
    if not parser.parse_args(arguments).check:
        for name in write(folder):
            print(f"wrote docs/openapi/{name}")
        return 0
    differing = drifted(folder)
    for name in differing:
        print(f"drifted from the code: docs/openapi/{name} (run `make schemas`)", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
