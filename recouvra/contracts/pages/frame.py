"""What every page has: its head, its look, its table of contents; and sentences in two languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

BASE = """
:root { color-scheme: light dark; --ink: #1b2733; --soft: #5a6a78; --line: #d5dde4; --paper: #fff; --tint: #f3f6f8;
  --accent: #0b5c4a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ed; --soft: #9fb0bd; --line: #34424e; --paper: #141b21;
  --tint: #1d2730; --accent: #6fd0b5; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
main, header { max-width: 72rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.2; }
h2 { margin-top: 3rem; border-top: 2px solid var(--accent); padding-top: .6rem; }
h3 { margin-top: 2.2rem; }
a { color: var(--accent); }
p { max-width: 46rem; }
code, pre { font: .88em/1.45 ui-monospace, monospace; }
code { background: var(--tint); padding: 0 .2em; border-radius: 3px; }
pre { background: var(--tint); padding: .8rem; overflow: auto; max-height: 30rem; }
"""
"""What every page of ours looks like, the dashboard's too: colours of both schemes, letters, headings, links."""

# A narrow window stacks the cells of a row, so that the page never goes sideways.
_LOOK = (
    BASE
    + """[lang=en] { color: var(--soft); }
p [lang=en], td [lang=en], li [lang=en] { display: block; font-size: .92em; }
h1 [lang=en], h2 [lang=en], h3 [lang=en] { display: block; font-size: .62em; font-weight: normal; }
nav ul { list-style: none; padding: 0; columns: 20rem; }
nav li { break-inside: avoid; padding: .15rem 0; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .7rem .4rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: normal; font-size: .85em; }
table { table-layout: fixed; }
th:first-child { width: 24%; } th:nth-child(2) { width: 34%; }
.must { color: var(--accent); font-weight: bold; }
.limit { display: block; color: var(--soft); font-size: .88em; }
.method { display: inline-block; min-width: 4.2em; font-weight: bold; color: var(--accent); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .6rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
summary { cursor: pointer; color: var(--accent); }
@media (max-width: 46rem) {
  thead { display: none; }
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  td { display: block; border: 0; padding: .1rem 0; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .4rem; }
}
"""
)


class Said(NamedTuple):
    """A sentence in French and, where it was not written in one language only, in English."""

    fr: str
    en: str = ""


class Part(NamedTuple):
    """A part of a page: its anchor, its title, its HTML.

    Attributes:
        below: it belongs to the last part that does not.
        entry: how the table of contents names it; None: not at all.
    """

    anchor: str
    title: Said
    body: str
    below: bool = False
    entry: str | None = None


def page(title: Said, introduction: str, parts: Sequence[Part]) -> str:
    """One page, whole."""
    contents = "".join(
        f'<li><a href="#{escape(part.anchor)}">{inline(part.entry)}</a></li>' for part in parts if part.entry
    )
    sections = "".join(_section(part) for part in parts)
    return (
        '<!doctype html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title.fr)}</title>\n<style>{_LOOK}</style>\n</head>\n<body>\n"
        f'<header><h1>{inline(title.fr)}{_english(title.en)}</h1>{introduction}<nav aria-label="Sommaire / contents">'
        f"<ul>{contents}</ul></nav></header>\n<main>\n{sections}</main>\n</body>\n</html>\n"
    )


def _section(part: Part) -> str:
    level = 3 if part.below else 2
    heading = f'<h{level} id="{escape(part.anchor)}">{inline(part.title.fr)}{_english(part.title.en)}</h{level}>'
    return f"<section>{heading}\n{part.body}</section>\n"


def _english(text: str) -> str:
    return f' <span lang="en">{inline(text)}</span>' if text else ""


def both(said: Said) -> str:
    """French, and English beneath; what is said in one language only, in that."""
    return inline(said.fr) + _english(said.en)


def paragraphs(said: Said) -> str:
    """Several paragraphs, each language's together."""
    french = "".join(f"<p>{inline(one)}</p>" for one in said.fr.split("\n\n") if one)
    english = "".join(f'<p lang="en">{inline(one)}</p>' for one in said.en.split("\n\n") if one)
    return french + english


def inline(text: str) -> str:
    """Text as HTML; what stands between backticks is code."""
    return re.sub(r"(`{1,2})(.+?)\1", r"<code>\2</code>", escape(text, quote=False))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{one}</th>" for one in headings)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>\n"


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names and what they are, which is HTML already."""
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows) + "</dl>\n"


def folded(title: str, text: str) -> str:
    """A long text that stays shut until it is asked for."""
    return f"<details><summary>{title}</summary><pre>{escape(text, quote=False)}</pre></details>\n"
