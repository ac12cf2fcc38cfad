"""Documents that are made from code and committed, for those who read before they run: written, or held to the code."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path


def drifted(wanted: Mapping[str, str], folder: Path, generated: str) -> list[str]:
    """Name the files that are not what the code says: changed, missing, or of nothing any more.

    `wanted` are texts by their path below `folder`; what matches the glob `generated` there is there by this alone.
    """
    there = {path.relative_to(folder).as_posix() for path in folder.glob(generated)}
    differing = {
        path
        for path, text in wanted.items()
        if not (folder / path).is_file() or (folder / path).read_bytes() != text.encode()
    }
    return sorted(differing | (there - wanted.keys()))


def write(wanted: Mapping[str, str], folder: Path, generated: str) -> list[str]:
    """Make the files what the code says, and name those that were not."""
    changed = drifted(wanted, folder, generated)
    for path in changed:
        if path in wanted:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(wanted[path].encode())
        else:
            (folder / path).unlink()
    return changed


def run(program: str, arguments: list[str] | None, wanted: Mapping[str, str], folder: Path, generated: str) -> int:
    """Write the documents or, with `--check`, say which drifted (exit code 1)."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=run.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file drifted")
    if not parser.parse_args(arguments).check:
        for path in write(wanted, folder, generated):
            print(f"wrote {folder.name}/{path}")
        return 0
    differing = drifted(wanted, folder, generated)
    for path in differing:
        print(f"drifted from the code: {folder.name}/{path} (run `make schemas`)", file=sys.stderr)
    return 1 if differing else 0
