"""What the documents say in English alone, in both languages: the French of each sentence stands in `french.json`."""

from __future__ import annotations

import json
from pathlib import Path

from recouvra.contracts.pages.frame import Said


def french(sentence: str) -> Said:
    """A sentence of a schema or an address in both languages; KeyError, naming it, for one that has no French."""
    plain = unwrapped(sentence)
    return Said(FRENCH[plain], plain)


def unwrapped(text: str) -> str:
    """Its paragraphs, each in one line: how a source breaks its lines says nothing."""
    return "\n\n".join(" ".join(one.split()) for one in text.split("\n\n"))


FRENCH: dict[str, str] = json.loads((Path(__file__).parent / "french.json").read_text("utf-8"))
"""English → French."""
