"""Plots as SVG: lines over numbers, bars over names; no library, nothing for a reader's browser to fetch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT = 720, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 180, 48, 52
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # the colour-blind tell them apart
_BAR, _GAP, _NAMES = 22, 12, 250
# A page shows a plot as an image: of all that is said of colours it hears the reader's own choice alone.
_STYLE = """<style>
text { fill: #222 } .paper { fill: #fff } .rule { stroke: #ddd }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .paper { fill: #0d1117 } .rule { stroke: #333 } }
</style>"""
Scale = Callable[[float], float]


def svg(plot: dict[str, Any]) -> str:
    """A plot as `telling.plot` or `telling.bars` made it."""
    return _bars(plot) if "bars" in plot else _lines(plot)


def ticks(low: float, high: float, log: bool) -> list[float]:
    """Round numbers from `low` or below it to `high` or above it."""
    if log:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        return [10.0**power for power in range(first, max(last, first + 1) + 1)]
    step = 10 ** math.floor(math.log10(high / 4)) if high > 0 else 1.0
    step = next(step * times for times in (1, 2, 5, 10) if high / (step * times) <= 5)
    return [step * number for number in range(math.ceil(high / step - 1e-9) + 1)]


def short(value: float) -> str:
    """A number for an axis: 1.5k, 10M."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"


def _lines(plot: dict[str, Any]) -> str:
    log = plot["log"]
    points = [point for some in plot["series"].values() for point in some]
    across = ticks(min(x for x, _ in points), max(x for x, _ in points), log)
    up = ticks(min(y for _, y in points), max(y for _, y in points), log)
    to_x = _scale(across, _LEFT, _WIDTH - _RIGHT, log)
    to_y = _scale(up, _HEIGHT - _BOTTOM, _TOP, log)
    drawn = [_text(_LEFT, 24, plot["title"], "start", 15)]
    for value in across:
        drawn += [_rule(to_x(value), _TOP, to_x(value), _HEIGHT - _BOTTOM)]
        drawn += [_text(to_x(value), _HEIGHT - _BOTTOM + 18, short(value))]
    for value in up:
        drawn += [_rule(_LEFT, to_y(value), _WIDTH - _RIGHT, to_y(value))]
        drawn += [_text(_LEFT - 8, to_y(value) + 4, short(value), "end")]
    drawn += [_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 12, plot["x"])]
    drawn += [_text(_LEFT, _TOP - 8, plot["y"], "start")]
    for number, (name, some) in enumerate(plot["series"].items()):
        colour, placed = _COLOURS[number % len(_COLOURS)], [(to_x(x), to_y(y)) for x, y in some]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        drawn += [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in placed]
        drawn += _legend(number, name, colour)
    return _document(_WIDTH, _HEIGHT, drawn)


def _bars(plot: dict[str, Any]) -> str:
    """Longer is more; beside each its value. By tens where `log`."""
    bars, log = plot["bars"], plot["log"]
    foot = _TOP + len(bars) * (_BAR + _GAP)
    across = ticks(min(bars.values()), max(bars.values()), log)
    to_x = _scale(across, _NAMES, _WIDTH - 90, log)
    drawn = [_text(12, 24, f"{plot['title']} ({plot['unit']})", "start", 15)]
    for value in across:
        drawn += [_rule(to_x(value), _TOP - 6, to_x(value), foot), _text(to_x(value), foot + 16, short(value))]
    for number, (name, value) in enumerate(bars.items()):
        y, colour = _TOP + number * (_BAR + _GAP), _COLOURS[0 if number else 1]
        drawn += [_text(_NAMES - 8, y + 15, name, "end")]
        width = max(1.0, to_x(value) - _NAMES)
        drawn += [f'<rect x="{_NAMES}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>']
        drawn += [_text(_NAMES + width + 6, y + 15, f"{value:,.4g}" if value < 1_000 else f"{value:,.0f}", "start")]
    return _document(_WIDTH, foot + 26, drawn)


def _scale(at: Sequence[float], low: float, high: float, log: bool) -> Scale:
    first, last = (math.log10(at[0]), math.log10(at[-1])) if log else (at[0], at[-1])
    return lambda value: low + ((math.log10(value) if log else value) - first) / (last - first) * (high - low)


def _legend(number: int, name: str, colour: str) -> list[str]:
    x, y = _WIDTH - _RIGHT + 16, _TOP + 10 + number * 22
    return [f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>', _text(x + 12, y + 4, name, "start")]


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="rule"/>'


def _text(x: float, y: float, said: str, anchor: str = "middle", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(said)}</text>'


def _document(width: int, height: int, drawn: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">'
    paper = f'<rect width="{width}" height="{height}" class="paper"/>'
    return "\n".join([head, _STYLE, paper, *drawn, "</svg>", ""])
