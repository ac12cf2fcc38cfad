"""What is given on the command line, read: a file's bytes, an instant; what cannot be read is wrong use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from recouvra.cli.terminal import wrong_use


def content_of(file: Path) -> bytes:
    """The whole of a file; LocalError (wrong use) where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise wrong_use(
            f"{file} ne peut pas être lu ({error.strerror}).", f"{file} cannot be read ({error.strerror})."
        ) from error


def time_of(text: str | None) -> datetime:
    """The instant that `--time` says, in UTC; now where it says nothing; LocalError (wrong use) without a zone."""
    if text is None:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = datetime.min
    if instant.tzinfo is None:
        raise wrong_use(
            f"--time {text} : il faut un instant avec fuseau, comme 2026-03-31T12:00:00Z.",
            f"--time {text}: an instant with its zone is needed, as 2026-03-31T12:00:00Z.",
        )
    return instant.astimezone(UTC)
