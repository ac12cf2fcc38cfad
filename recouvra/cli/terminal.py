"""What the command says to whoever reads the terminal."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from recouvra.local.errors import LocalError, in_the_readers_language, readers_language

# A file or a pipe has no width to fit into.
output = Console(highlight=False, width=None if sys.stdout.isatty() else 250)
"""What was asked for."""

notes = Console(stderr=True, highlight=False)
"""What is going on."""


def tell(fr: str, en: str) -> None:
    """Say what is going on; a terminal that was closed meanwhile stops nothing."""
    with suppress(OSError):
        notes.print(in_the_readers_language(fr, en), markup=False, soft_wrap=True)


def wrong_use(fr: str, en: str) -> LocalError:
    """An error that ends the command with exit code 2."""
    return LocalError(fr, en, exit_code=2)


def progress() -> Progress:
    """A line that tells how far long work is, on a terminal only, gone once it is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=notes, disable=not notes.is_terminal, transient=True)


def heading(fr: str, en: str) -> str:
    """A column's heading, in one language only."""
    return en if readers_language() == "en" else fr


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers_from: int, total: bool = False) -> Table:
    """A table whose columns from `numbers_from` on are set to the right; the last row apart where it is a `total`.

    Only a last column of text may break into lines.
    """
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for position, title in enumerate(headings):
        right = position >= numbers_from
        breaks = not right and position == len(headings) - 1
        drawn.add_column(title, justify="right" if right else "left", no_wrap=not breaks, overflow="fold")
    for position, row in enumerate(rows):
        drawn.add_row(*row, style="bold" if total and position == len(rows) - 1 else None)
    return drawn


def francs(amount: int) -> str:
    """Whole francs, in groups of three digits."""
    return f"{amount:,}".replace(",", "\u202f")


def percent(rate: str | None) -> str:
    """A rate as a percentage with two decimals, half up, with a French reader's comma; a dash where there is none."""
    if rate is None:
        return "–"
    shown = f"{(Decimal(rate) * 100).quantize(Decimal('0.01'), ROUND_HALF_UP)} %"
    return shown.replace(".", ",") if readers_language() == "fr" else shown
