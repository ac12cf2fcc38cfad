"""A file of settings that people edit while services run: read again when it changes, never guessed at."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")


class WatchedFileError(RuntimeError):
    """The file is missing, or is not what it must be, and never was: nothing is decided until it is mended."""


class WatchedFile(Generic[T]):
    """What a file says now, by `parse`, which raises ValueError where the text is not what it must be.

    A file broken by an edit leaves what was read before in force: guessing would let strangers in, or throw a
    publisher's records out, for a missing comma.
    """

    def __init__(self, variable: str, path: Path, parse: Callable[[str], T]) -> None:
        self._variable, self._path, self._parse = variable, path, parse
        self._stamp: tuple[int, int, int] | None = None
        self._said: list[T] = []

    def now(self) -> T:
        """What holds; the file is read only where its stamp has changed.

        Raises:
            WatchedFileError: it could never be read yet.
        """
        try:
            status = self._path.stat()
            if (stamp := (status.st_ino, status.st_mtime_ns, status.st_size)) != self._stamp:
                self._said = [self._parse(self._path.read_text("utf-8"))]
                self._stamp = stamp
        except (OSError, ValueError, RecursionError) as error:
            if not self._said:
                raise WatchedFileError(f"{self._variable}: {error}") from error
            log.error("%s: %s; ce qui valait avant reste / what held before stays", self._variable, error)
        return self._said[0]
