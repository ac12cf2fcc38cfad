"""Who may publish for whom: `RECOUVRA_SOURCES_FILE`, ``{source prefix: [payer_id glob, …]}``, reread on change."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path

from recouvra.chassis.watched import WatchedFile
from recouvra.contracts.codes import Reason, reason_message
from recouvra.contracts.reading import Received, Refusal
from recouvra.contracts.topics import INBOUND

Rules = list[tuple[str, list[str]]]


class Sources:
    """The rules in force. Without a file everyone may publish for everyone.

    The longest prefix that a source begins with decides; a source that no prefix fits may publish for nobody.
    """

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else WatchedFile("RECOUVRA_SOURCES_FILE", path, _rules)
        self._rules: Rules = []

    def refresh(self) -> None:
        """Reads the file again if it changed; once a batch. Raises `WatchedFileError` where it never could be."""
        if self._file is not None:
            self._rules = self._file.now()

    def check(self, received: Received) -> None:
        """Lets an event pass, or raises the refusal `unauthorised-source`; our own services' facts always pass."""
        if received.record.topic not in INBOUND:
            return
        if not self.allow(received.envelope.source, getattr(received.event, "payer_id", None)):
            raise unauthorised_source(received)

    def allow(self, source: str, payer_id: str | None) -> bool:
        """Whether a source may publish for a payer; where none is named, whether it may for anybody."""
        if self._file is None:
            return True
        globs: list[str] = next((globs for prefix, globs in self._rules if source.startswith(prefix)), [])
        return any(fnmatchcase(payer_id, g) for g in globs) if payer_id is not None else bool(globs)


def unauthorised_source(received: Received) -> Refusal:
    """Why an event is refused whose source may not publish for its payer."""
    envelope, message = received.envelope, reason_message(Reason.UNAUTHORISED_SOURCE)
    return Refusal(Reason.UNAUTHORISED_SOURCE, message, envelope.source, envelope.event_id, time=envelope.time)


def _rules(text: str) -> Rules:
    """The file's rules, the longest prefix first; raises ValueError."""
    rules = json.loads(text)
    if not isinstance(rules, dict) or not all(
        isinstance(globs, list) and all(isinstance(g, str) for g in globs) for globs in rules.values()
    ):
        raise ValueError('{"préfixe / prefix": ["motif / glob", …]} attendu / expected')
    return sorted(rules.items(), key=lambda rule: -len(rule[0]))
