"""Who may publish for whom: `RECOUVRA_SOURCES_FILE`, ``{source prefix: [payer_id glob, …]}``, reread on change."""

from __future__ import annotations

import json
import logging
from fnmatch import fnmatchcase
from pathlib import Path

from recouvra.contracts.codes import Reason, reason_message
from recouvra.contracts.reading import Received, Refusal
from recouvra.contracts.topics import INBOUND

log = logging.getLogger(__name__)


class SourcesError(RuntimeError):
    """The file cannot be read as `{prefix: [glob, …]}`; nothing is judged until it is mended."""


class Sources:
    """The rules in force. Without a file everyone may publish for everyone.

    The longest prefix that a source begins with decides; a source that no prefix fits may publish for nobody. A file
    broken by an edit leaves the rules read before in force; one broken from the start stops the batch until it is
    mended: guessing would let strangers in, or throw a publisher's records out, for a missing comma.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._rules: list[tuple[str, list[str]]] = []

    def refresh(self) -> None:
        """Reads the file again if it changed; once a batch.

        Raises:
            SourcesError: the file is missing or is not what it must be, and never was.
        """
        if self._path is None:
            return
        try:
            status = self._path.stat()
            if (stamp := (status.st_mtime_ns, status.st_size)) == self._stamp:
                return
            self._rules = _rules(self._path)
            self._stamp = stamp
        except (OSError, ValueError, RecursionError) as error:
            if self._stamp is None:
                raise SourcesError(f"RECOUVRA_SOURCES_FILE: {error}") from error
            log.error("RECOUVRA_SOURCES_FILE: %s; les règles d'avant restent / the rules read before stay", error)

    def check(self, received: Received) -> None:
        """Lets an event pass, or raises the refusal `unauthorised-source`; our own services' facts always pass."""
        if self._path is None or received.record.topic not in INBOUND:
            return
        payer_id = getattr(received.event, "payer_id", None)
        source = received.envelope.source
        globs: list[str] = next((globs for prefix, globs in self._rules if source.startswith(prefix)), [])
        allowed = any(fnmatchcase(payer_id, g) for g in globs) if payer_id is not None else bool(globs)
        if not allowed:
            raise Refusal(
                Reason.UNAUTHORISED_SOURCE,
                reason_message(Reason.UNAUTHORISED_SOURCE),
                source=source,
                event_id=received.envelope.event_id,
            )


def _rules(path: Path) -> list[tuple[str, list[str]]]:
    """The file's rules, the longest prefix first."""
    rules = json.loads(path.read_text("utf-8"))
    if not isinstance(rules, dict) or not all(
        isinstance(globs, list) and all(isinstance(g, str) for g in globs) for globs in rules.values()
    ):
        raise ValueError('{"préfixe / prefix": ["motif / glob", …]} attendu / expected')
    return sorted(rules.items(), key=lambda rule: -len(rule[0]))
