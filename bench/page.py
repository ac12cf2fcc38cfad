"""docs/performance.md, made of what the parts wrote; nothing in it is typed by hand but these sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def show(found: dict[str, Any]) -> None:
    """Prints a part's tables and goals."""
    for one in found.get("tables", []):
        print(f"  {one['title']}")
        for row in [one["columns"], *one["rows"]]:
            print("   ", " | ".join(map(str, row)))
    for one in found.get("goals", []):
        print("  ", one)


def write(folder: Path) -> None:
    """Writes the page."""
