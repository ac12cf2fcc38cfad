"""Copies of the work tree, as it is and not as it was committed: one as it is, one for each wrong build."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.mutants import ran
from tests.mutants.builds import PatchError, WrongBuild
from tests.mutants.places import added, telling

ROOT = Path(__file__).parents[2]
_LEFT_OUT = shutil.ignore_patterns(
    ".*", "var", "build", "dist", "__pycache__", "*.egg-info", "node_modules", ran.FILE.name
)


@dataclass(frozen=True, slots=True)
class Copy:
    """A tree of its own, and in how many places a patch changed it."""

    root: Path
    places: int = 0

    @classmethod
    def made(cls, root: Path, build: WrongBuild | None = None) -> Copy:
        """Copies the work tree to `root`, which must not exist, and makes it wrong; raises PatchError."""
        shutil.copytree(ROOT, root, ignore=_LEFT_OUT)
        return cls(root, 0 if build is None else _make_wrong(root, build))

    def run(self) -> int:
        """In how many of the places somebody came by: only what imports this copy, and no other, can tell."""
        told = self.root / ran.FILE.relative_to(ROOT)
        return len(set(told.read_text().split())) if told.exists() else 0


def _make_wrong(root: Path, build: WrongBuild) -> int:
    # No repository may be found around the copy: `git apply` would look there for what it patches.
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(root.parent)}
    command = ["git", "apply", "--whitespace=nowarn", str(build.path)]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PatchError(done.stderr.strip())
    places = 0
    for path in sorted(root.rglob("*.py")):
        before, after = (ROOT / path.relative_to(root)).read_text("utf-8"), path.read_text("utf-8")
        if lines := added(before, after):
            path.write_text(telling(after, lines, places), "utf-8")
            places += len(lines)
    if not places:
        raise PatchError("it adds no line that could run")
    return places
