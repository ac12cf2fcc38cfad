"""The wrong builds: patches with a header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
_FIELD = re.compile(r"^(What|Breaks|Suite): (.+)$")


class PatchError(Exception):
    """A patch says not what it must say, or does not fit the tree."""


@dataclass(frozen=True, slots=True)
class WrongBuild:
    """One of them: what is wrong with it, the promise that it breaks, and the test files that run on it."""

    name: str
    what: str
    breaks: str
    suite: tuple[str, ...]
    path: Path

    @classmethod
    def read(cls, path: Path) -> WrongBuild:
        """A patch file: `What:`, `Breaks:` and `Suite:`, a line each, then the diff. Raises PatchError."""
        header = path.read_text("utf-8").partition("\ndiff --git ")[0]
        said = {found[1]: found[2].strip() for line in header.splitlines() if (found := _FIELD.match(line))}
        if len(said) != 3:
            raise PatchError(f"{path.name}: What, Breaks, Suite; there is {', '.join(said) or 'nothing'}")
        return cls(path.stem, said["What"], said["Breaks"], tuple(said["Suite"].split()), path)


def wrong_builds() -> list[WrongBuild]:
    """All of them, by name."""
    return [WrongBuild.read(path) for path in sorted(FOLDER.glob("*.patch"))]
