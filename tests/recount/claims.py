"""Identities (DEF-027): who named what first, within one service."""

from __future__ import annotations

from collections.abc import Hashable

from tests.recount.reading import Reading


class Claims:
    """What one service remembers of events and of their subjects; a dead letter claims nothing."""

    def __init__(self) -> None:
        self._contents: dict[tuple[Hashable, ...], str] = {}

    @staticmethod
    def _names(reading: Reading, identity: tuple[Hashable, ...]) -> list[tuple[Hashable, ...]]:
        return [("event", reading.envelope.source, reading.envelope.event_id), identity]

    def meet(self, reading: Reading, identity: tuple[Hashable, ...]) -> str:
        """Return `new`, `repeated` (same content) or `conflicting` (other content under a known name)."""
        known = [self._contents.get(name) for name in self._names(reading, identity)]
        if any(content is not None and content != reading.content for content in known):
            return "conflicting"
        return "repeated" if any(known) else "new"

    def claim(self, reading: Reading, identity: tuple[Hashable, ...]) -> None:
        """Keep both names of a reading that took effect, waits or was answered."""
        for name in self._names(reading, identity):
            self._contents[name] = reading.content

    def release(self, reading: Reading, identity: tuple[Hashable, ...]) -> None:
        """Forget both names of a reading that became a dead letter after it had waited."""
        for name in self._names(reading, identity):
            self._contents.pop(name, None)
