"""docs/performance.md, made of what the parts wrote; its figures, verdicts and plots come from their JSON alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.drawing import svg
from bench.parts import PARTS

_DOCS = Path("docs")
_HEAD = """# Performance

Made by `make performance` of what `make bench` measured; nothing here is typed by hand, and what it was made of lies in
[performance](performance/). Figures of one machine say little about another: what counts are the ratios, measured in
turn within one run of a part. The broker and the database are the local stack's, with `fsync` and `synchronous_commit`
on; each figure is the median of the runs, and CPU-seconds and memory (PSS) are those of all processes of a kind.
"""
_REPEAT = """## How to repeat it

`make bench` runs every part with its own size, `make bench-NAME` one, `make performance` makes this page of them;
`BENCH=--quick` only shows that they run. `.venv/bin/python -m bench growth --lines 30000000` goes further up (100
million too); `--lines`, `--payers` and `--repeats` change the sizes of every part that has them. A part that fails
leaves no figure. Run it on a machine that does nothing else.
"""


def show(found: Mapping[str, Any]) -> None:
    """Prints a part's tables and goals."""
    for one in found.get("tables", []):
        print(f"  {one['title']}")
        for row in [one["columns"], *one["rows"]]:
            print("   ", " | ".join(map(_cell, row)))
    for one in found.get("goals", []):
        print(f"  {one['goal']}: {_measured(one)}, wanted {_wanted(one)}: {verdict(one)}", flush=True)


def write(folder: Path, docs: Path = _DOCS) -> Path:
    """Writes the page of what lies in a folder, with the JSON and the plots that it was made of; where it is.

    Figures that only show that the parts run make no page of the documents: it is written beside them.
    """
    found = {name: json.loads(file.read_text()) for name in PARTS if (file := folder / f"{name}.json").exists()}
    if any(one["quick"] for one in found.values()):
        docs = folder / "docs"
    kept = docs / "performance"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for name, one in found.items():
        (kept / f"{name}.json").write_text(json.dumps(one, indent=1, ensure_ascii=False) + "\n")
        for plot in one.get("plots", []):
            (kept / f"{plot['name']}.svg").write_text(svg(plot))
    page = docs / "performance.md"
    page.write_text(text(found))
    return page


def text(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The page, of parts by name."""
    sections = [_HEAD, _machines(found), _goals(found)]
    sections += [_part(name, found[name]) for name in PARTS if name in found]
    if lacking := [f"`{name}`" for name in PARTS if name not in found]:
        sections.append(f"## Not measured\n\n{', '.join(lacking)}: not run, or it failed; there is no figure.\n")
    return "\n".join([*sections, _REPEAT])


def verdict(goal: Mapping[str, Any]) -> str:
    """Whether a goal is reached, or by what share of what is wanted it is missed."""
    if goal["holds"]:
        return "reached"
    return f"missed by {abs(goal['measured'] - goal['wanted']) / goal['wanted']:.1%}"


def _machines(found: Mapping[str, Mapping[str, Any]]) -> str:
    """What the parts ran on; said once where it was one machine and one commit."""
    told: dict[str, list[str]] = {}
    for name, one in found.items():
        machine = one["machine"]
        sentence = (
            f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
            f"Linux {machine['kernel']}, Python {machine['python']}, Kafka {machine['kafka']}, "
            f"PostgreSQL {machine['postgres']}; "
            f"commit {machine['commit']}{' and changes on top of it' if machine['changed_since'] else ''}"
        )
        told.setdefault(sentence, []).append(name)
    rows = []
    for name, one in found.items():
        rows.append([f"`{name}`", one["at"], one["took_seconds"], one["machine"]["load_average"]])
    lines = [f"- {sentence}" + ("" if len(told) == 1 else f": {', '.join(names)}") for sentence, names in told.items()]
    titles = ["part", "begun (UTC)", "took, s", "load average at its end"]
    return "\n".join(["## The machine", "", *lines, "", *_table(titles, rows), ""])


def _goals(found: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [one["goal"], _measured(one), _wanted(one), verdict(one) if one["holds"] else f"**{verdict(one)}**"]
        for part in found.values()
        for one in part.get("goals", [])
    ]
    return "\n".join(["## The goals", "", *_table(["goal", "measured", "wanted", ""], rows), ""])


def _part(name: str, one: Mapping[str, Any]) -> str:
    lines = [f"## {one['title']}", "", " ".join(one["says"]), ""]
    for table in one["tables"]:
        lines += [f"**{table['title']}**", "", *_table(table["columns"], table["rows"]), ""]
    for plot in one.get("plots", []):
        lines += [f"![{plot['title']}](performance/{plot['name']}.svg)", ""]
    lines += [f"`make bench-{name}` · [every run](performance/{name}.json)", ""]
    return "\n".join(lines)


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    aligned = ["---" if not rows or isinstance(rows[0][at], str) else "---:" for at in range(len(columns))]
    return [f"| {' | '.join(map(_cell, row))} |" for row in (columns, aligned, *rows)]


def _cell(value: Any) -> str:
    """A number with its thousands apart; text as it is."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _measured(goal: Mapping[str, Any]) -> str:
    return f"{goal['measured']:.4g} {goal['unit']}".strip()


def _wanted(goal: Mapping[str, Any]) -> str:
    return f"{'at most' if goal['at_most'] else 'at least'} {goal['wanted']:g} {goal['unit']}".strip()
