"""What a rebuild tells while it runs: sentences for whoever watches, or a line of JSON for each step."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import Any

from services.reporting.rebuilding.comparing import Comparison
from services.reporting.reports.instants import told

_SENTENCE_EVERY_SECONDS = 5


class Telling:
    """Tells on standard output."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._began_at, self._began_with = 0.0, 0
        self._sentence_at = 0.0
        self._last = -1, -1

    def begun(self, goes_on: bool) -> None:
        """The new tables are there: empty, or as a run before left them."""
        sentence = (
            "Reprise là où la précédente s'est arrêtée / going on where the one before stopped."
            if goes_on
            else "Tables refaites à côté de celles qui servent / tables made beside those that serve."
        )
        self._tell({"step": "resumed" if goes_on else "begun"}, sentence)

    def filled(self, read: int, of: int) -> None:
        """So many records of so many are in; called about once a second."""
        if (read, of) == self._last:
            return
        now, self._last = time.monotonic(), (read, of)
        if not self._began_at:
            self._began_at, self._began_with = now, read
        rate = round((read - self._began_with) / (now - self._began_at)) if now > self._began_at else 0
        sentence = f"Enregistrements lus / records read: {_grouped(read)} / {_grouped(of)} ({_grouped(rate)}/s)"
        if not self._as_json and now - self._sentence_at < _SENTENCE_EVERY_SECONDS and read < of:
            return
        self._sentence_at = now
        self._tell({"step": "reading", "read": read, "of": of, "per_second": rate}, sentence)

    def compared(self, found: Comparison) -> None:
        """What serves beside what the topics say."""
        if found.as_of is None:
            sentence = "Rien à comparer : pas encore complet / nothing to compare: not complete yet."
        elif not found.differences:
            sentence = f"Identiques au / the same as of {told(found.as_of)}."
        else:
            lines = [f"Différences au / differences as of {told(found.as_of)}:"]
            for one in found.differences:
                lines.append(
                    f"  {one.ledger}: {one.only_before} de trop / too many, {one.only_now} manquants / lacking, "
                    f"{one.changed} changés / changed: {', '.join(one.examples)}"
                )
            sentence = "\n".join(lines)
        differences = [asdict(one) for one in found.differences]
        as_of = found.as_of and told(found.as_of)
        self._tell({"step": "compared", "as_of": as_of, "differences": differences}, sentence)

    def waits(self) -> None:
        """A report under way keeps the tables."""
        self._tell({"step": "waiting"}, "Un rapport est en cours, on attend / waiting for a report under way.")

    def ended(self, swapped: bool) -> None:
        """All is done."""
        sentence = (
            "Les tables refaites servent maintenant / the tables that were made again serve now."
            if swapped
            else "Rien n'a été remplacé (--check) / nothing was swapped (--check)."
        )
        self._tell({"step": "ended", "swapped": swapped}, sentence)

    def _tell(self, step: dict[str, Any], sentence: str) -> None:
        print(json.dumps(step, ensure_ascii=False) if self._as_json else sentence, flush=True)


def failed(why: object) -> None:
    """Why it ended without a swap, on standard error."""
    print(f"recouvra: {why}", file=sys.stderr)


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
