"""docs/performance.md, made of what the parts wrote; its figures, verdicts and plots come from their JSON alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.drawing import svg
from bench.parts import PARTS, TRIALS
from bench.telling import short, spread

_DOCS = Path("docs")
_NOTES = _DOCS / "performance-notes.md"
_HEAD = """# Performance

Made by `make performance` of what `make bench` measured; only what stands under “What the figures mean” was typed by
hand. What the page was made of, every run of every part, lies in [performance](performance/).

Figures of one machine say little about another: what counts are the ratios. Whoever is compared runs in turn within one
run of a part; a ratio is made turn by turn, and told is the median of the turns. “Of its runs” are the least and the
most of them. The broker and the database are the local stack's, with `fsync` and `synchronous_commit` on. CPU-seconds
and memory (PSS, at its peak) are those of all processes of a kind.
"""
_REPEAT = """## How to repeat it

On a machine that does nothing else: `make bench` runs every part with its own sizes, `make bench-NAME` one of them, and
`make performance` makes this page. A part that fails leaves no figure, and costs the others none. `BENCH=--quick` only
shows that they run. `make bench-growth BENCH="--lines 100000000"` goes further up than 30 million. Every size of a part
can be given so (`.venv/bin/python -m bench --help`); the table of parts says where that was done.

By their names alone run `make bench-try-large-payer` (a payer of 200,000 workers), `make bench-try-small-payers`
(20,000 payers of five) and `make bench-try-backlog` (ten million lines that wait).
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
    files = {name: folder / f"{name}.json" for name in PARTS | TRIALS}
    found = {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}
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
    page.write_text(text(found, _NOTES.read_text()))
    return page


def text(found: Mapping[str, Mapping[str, Any]], notes: str = "") -> str:
    """The page, of parts by name; `notes`, a section that people write, stands below the goals."""
    sections = [_HEAD, _machines(found), _goals(found)]
    if notes:
        sections.append(notes)
    sections += [_part(name, one) for name, one in found.items()]
    if lacking := [f"`{name}`" for name in PARTS if name not in found]:
        sections.append(f"## Not measured\n\n{', '.join(lacking)}: not run, or it failed; there is no figure.\n")
    return "\n".join([*sections, _REPEAT])


def verdict(goal: Mapping[str, Any]) -> str:
    """Whether a goal is reached, or by what share of what is wanted it is missed."""
    if goal["holds"]:
        return "met"
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
        sizes = ", ".join(f"{size} {value:,}" for size, value in one["sizes"].items())
        whose = "own" if one["own_sizes"] else "**quick**" if one["quick"] else "**given by hand**"
        rows.append([f"`{name}`", sizes, whose, one["at"], one["took_seconds"], one["machine"]["load_average"]])
    lines = [f"- {sentence}" + ("" if len(told) == 1 else f": {', '.join(names)}") for sentence, names in told.items()]
    titles = ["part", "sizes", "whose", "begun (UTC)", "took, s", "load average at its end"]
    return "\n".join(["## The machine", "", *lines, "", *_table(titles, rows), ""])


def _goals(found: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [
            one["goal"],
            _measured(one),
            spread(one["runs"]),
            _wanted(one),
            verdict(one) if one["holds"] else f"**{verdict(one)}**",
        ]
        for part in found.values()
        for one in part.get("goals", [])
    ]
    return "\n".join(["## The goals", "", *_table(["goal", "measured", "of its runs", "wanted", ""], rows), ""])


def _part(name: str, one: Mapping[str, Any]) -> str:
    lines = [f"## {one['title']}", "", " ".join(one["says"]).strip(), ""]
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
    return f"{short(goal['measured'])} {goal['unit']}".strip()


def _wanted(goal: Mapping[str, Any]) -> str:
    return f"{'at most' if goal['at_most'] else 'at least'} {short(goal['wanted'])} {goal['unit']}".strip()
