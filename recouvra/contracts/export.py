"""The contracts for those who do not write Python: a JSON Schema of each event, and an AsyncAPI 3.0 document of all.

`python -m recouvra.contracts.export` writes them beside this file; `--check` writes nothing and exits 1 with the names
of those that drifted from the models.
"""

import argparse
import json
import sys
from pathlib import Path

from recouvra.contracts.asyncapi import asyncapi_document
from recouvra.contracts.json_schema import event_schema
from recouvra.contracts.topics import EVENTS

ROOM = Path(__file__).parent


def documents() -> dict[str, str]:
    """Write every file, by its path below this folder; the same models always give the same text."""
    written = {f"schemas/{topic}.v1.json": event_schema(event_class) for topic, event_class in EVENTS.items()}
    written["asyncapi.json"] = asyncapi_document()
    return {path: json.dumps(document, ensure_ascii=False, indent=2) + "\n" for path, document in written.items()}


def drifted(folder: Path = ROOM) -> list[str]:
    """Name the files that are not what the models say: changed, missing, or of no event any more."""
    wanted = documents()
    there = {f"schemas/{path.name}" for path in (folder / "schemas").glob("*.json")}
    differing = {
        path
        for path, text in wanted.items()
        if not (folder / path).is_file() or (folder / path).read_bytes() != text.encode()
    }
    return sorted(differing | (there - wanted.keys()))


def write(folder: Path = ROOM) -> list[str]:
    """Make the files what the models say, and name those that were not."""
    wanted, changed = documents(), drifted(folder)
    (folder / "schemas").mkdir(parents=True, exist_ok=True)
    for path in changed:
        if path in wanted:
            (folder / path).write_bytes(wanted[path].encode())
        else:
            (folder / path).unlink()
    return changed


def main(arguments: list[str] | None = None, folder: Path = ROOM) -> int:
    """Write the documents or, with `--check`, say which drifted (exit code 1)."""
    parser = argparse.ArgumentParser(prog="python -m recouvra.contracts.export", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file drifted")
    if not parser.parse_args(arguments).check:
        for path in write(folder):
            print(f"wrote {path}")
        return 0
    differing = drifted(folder)
    for path in differing:
        print(f"drifted from the models: {path} (run `make schemas`)", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
