"""The contracts for those who do not write Python: a JSON Schema of each event, and an AsyncAPI 3.0 document of all.

`python -m recouvra.contracts.export` writes them beside this file; `--check` writes nothing and exits 1 with the names
of those that drifted from the models.
"""

import json
from pathlib import Path

from recouvra.contracts import committed
from recouvra.contracts.asyncapi import asyncapi_document
from recouvra.contracts.json_schema import event_schema
from recouvra.contracts.topics import EVENTS

ROOM = Path(__file__).parent
_SCHEMAS = "schemas/*.json"


def documents() -> dict[str, str]:
    """Write every file, by its path below this folder; the same models always give the same text."""
    written = {f"schemas/{topic}.v1.json": event_schema(event_class) for topic, event_class in EVENTS.items()}
    written["asyncapi.json"] = asyncapi_document()
    return {path: json.dumps(document, ensure_ascii=False, indent=2) + "\n" for path, document in written.items()}


def drifted(folder: Path = ROOM) -> list[str]:
    """Name the files that are not what the models say: changed, missing, or of no event any more."""
    return committed.drifted(documents(), folder, _SCHEMAS)


def write(folder: Path = ROOM) -> list[str]:
    """Make the files what the models say, and name those that were not."""
    return committed.write(documents(), folder, _SCHEMAS)


def main(arguments: list[str] | None = None, folder: Path = ROOM) -> int:
    """Write the documents or, with `--check`, say which drifted (exit code 1)."""
    return committed.run("recouvra.contracts.export", arguments, documents(), folder, _SCHEMAS)


if __name__ == "__main__":
    raise SystemExit(main())
