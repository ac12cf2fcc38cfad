"""A page of the dashboard as its reader has it: what the tables and the figures say, and where each link leads."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import NamedTuple

_VOID = {"meta", "link", "input", "br"}


class Shown(NamedTuple):
    """A text, and the address that it leads to."""

    text: str
    href: str | None


class Page(HTMLParser):
    """A page, read by its elements alone.

    Attributes:
        tables: by caption, the rows: each a list of its cells, the first with the row's link.
        figures: by its label, a figure of the cards; labels are told apart by the heading above them.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.lang, self.heading, self.title = text, "", "", ""
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.tables: dict[str, list[list[Shown]]] = {}
        self.figures: dict[tuple[str, str], Shown] = {}
        self.headings: list[str] = []
        self._open: list[str] = []
        self._said: dict[str, str] = {}
        self._href: str | None = None
        self._caption = self._label = ""
        self.feed(text)
        assert self._open == [], "an element that is not closed"

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """An element of a drawing, which holds nothing."""
        self.tags.add(tag)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """What opens: a link, a table, a cell."""
        given = dict(attributes)
        self.tags.add(tag)
        if tag == "html":
            self.lang = given["lang"] or ""
        if tag == "a":
            self._href = given["href"]
            self.links.append(given["href"] or "")
        if tag == "tr" and self._caption:
            self.tables[self._caption].append([])
        if tag in ("th", "td", "dt", "dd", "h1", "h2", "caption", "title"):
            self._said[tag], self._href = "", None
        if tag not in _VOID:
            self._open.append(tag)

    def handle_data(self, data: str) -> None:
        """What is said in whatever is open."""
        # What stands small beside a figure is its unit, or the name of a code.
        if not {"small", "span", "style"} & set(self._open):
            for tag in self._said:
                if tag in self._open:
                    self._said[tag] += data

    def handle_endtag(self, tag: str) -> None:
        """What closes, which is said by then."""
        assert self._open.pop() == tag, f"{tag} ends within another element"
        said = self._said.pop(tag, "").strip()
        match tag:
            case "caption":
                self._caption, self.tables[said] = said, []
            case "th" | "td":
                if self.tables:
                    rows = self.tables[self._caption]
                    rows[-1].append(Shown(said, self._href))
            case "h1" | "h2":
                self.heading = said.removesuffix(" →")
                self.headings.append(self.heading)
            case "dt":
                self._label = said
            case "dd":
                self.figures[self.heading, self._label] = Shown(said, self._href)
            case "title":
                self.title = said

    def totals(self) -> list[str]:
        """The last row of its one table."""
        (table,) = self.tables.values()
        return [cell.text for cell in table[-1]]


def francs(xof: int) -> str:
    """Whole francs as a page writes them."""
    return f"{xof:,}".replace(",", "\u202f").replace("-", "\u2212")


def rate(told: str | None, lang: str = "fr") -> str:
    """A rate of the API as a page writes it."""
    if told is None:
        return "–"
    whole, _, part = f"{int(told.replace('.', '')) / 100:.2f}".partition(".")
    shown = francs(int(whole))
    return f"{shown},{part}\u202f%" if lang == "fr" else f"{shown}.{part}%"


def cells(row: Mapping[str, object], names: tuple[str, ...], lang: str = "fr") -> list[str]:
    """Some fields of an API's row as a page writes them."""
    values = [row[name] for name in names]
    return [
        rate(value, lang) if isinstance(value, str) or value is None else francs(int(str(value))) for value in values
    ]
