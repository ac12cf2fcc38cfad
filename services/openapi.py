"""The OpenAPI document of every service, for those who read before they run: committed in `docs/openapi`.

`python -m services.openapi` writes them; `--check` writes nothing and exits 1 with the names of those that drifted.
"""

from __future__ import annotations

from pathlib import Path

from recouvra.chassis.http import write_openapi
from recouvra.chassis.settings import Settings
from recouvra.contracts import committed
from services.contributions.app import build as contributions
from services.liquidation.app import build as liquidation
from services.registration.app import build as registration
from services.reporting.app import build as reporting

FOLDER = Path(__file__).parents[1] / "docs" / "openapi"
_ALL = "*.json"
BUILT = (registration, contributions, liquidation, reporting)


def documents() -> dict[str, str]:
    """Every document by its file's name; nothing is opened for it."""
    settings = Settings(kafka="", database_url="")
    services = [build(settings) for build in BUILT]
    return {f"{service.name}.json": write_openapi(service.create_api(settings)) for service in services}


def drifted(folder: Path = FOLDER) -> list[str]:
    """Name the files that are not what the code says: changed, missing, or of no service any more."""
    return committed.drifted(documents(), folder, _ALL)


def write(folder: Path = FOLDER) -> list[str]:
    """Make the files what the code says, and name those that were not."""
    return committed.write(documents(), folder, _ALL)


def main(arguments: list[str] | None = None, folder: Path = FOLDER) -> int:
    """Write the documents or, with `--check`, say which drifted (exit code 1)."""
    return committed.run("services.openapi", arguments, documents(), folder, _ALL)


if __name__ == "__main__":
    raise SystemExit(main())
