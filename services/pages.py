"""The contracts as HTML, for those who read before they run: committed in `docs/contracts`, opened by any browser.

`python -m services.pages` writes them; `--check` writes nothing and exits 1 with the names of those that drifted. No
service serves them, and none has an address under which an event could be published from a page.
"""

from __future__ import annotations

import json
from pathlib import Path

from recouvra.contracts import committed, export
from recouvra.contracts.asyncapi import asyncapi_document
from recouvra.contracts.pages.events import events_page
from recouvra.contracts.pages.faces import face_page
from recouvra.contracts.topics import EVENTS
from services import openapi

FOLDER = Path(__file__).parents[1] / "docs" / "contracts"
_ALL = "*.html"
_SCHEMAS = "../../recouvra/contracts/schemas"
_OPENAPI = "../openapi"


def documents() -> dict[str, str]:
    """Every page by its file's name; nothing is opened for it."""
    faces = {
        name.replace(".json", ".html"): face_page(json.loads(text), f"{_OPENAPI}/{name}")
        for name, text in openapi.documents().items()
    }
    texts = export.documents()
    schemas = {topic: texts[f"schemas/{topic}.v1.json"] for topic in EVENTS}
    return {"events.html": events_page(asyncapi_document(), schemas, _SCHEMAS), **faces}


def drifted(folder: Path = FOLDER) -> list[str]:
    """Name the files that are not what the code says: changed, missing, or of no service any more."""
    return committed.drifted(documents(), folder, _ALL)


def write(folder: Path = FOLDER) -> list[str]:
    """Make the files what the code says, and name those that were not."""
    return committed.write(documents(), folder, _ALL)


def main(arguments: list[str] | None = None, folder: Path = FOLDER) -> int:
    """Write the pages or, with `--check`, say which drifted (exit code 1)."""
    return committed.run("services.pages", arguments, documents(), folder, _ALL)


if __name__ == "__main__":
    raise SystemExit(main())
