"""The data folder of one stack: who holds it, its ports, its secrets, and what runs on it."""

import fcntl
import json
import os
import secrets
import subprocess
import time
from pathlib import Path
from typing import Any

from recouvra.local.errors import LocalError
from recouvra.local.ports import FIRST, Ports

_GRACE_SECONDS = 1.0
_PATIENCE_SECONDS = 10.0


class DataFolder:
    """A folder that one stack holds at a time; everything in it survives a stop, a kill and a power cut.

    The lock is inherited by every child, so it is free only when nothing of an earlier stack runs any more: files
    that name a dead process (PostgreSQL's `postmaster.pid`) can then be removed without looking who has its number.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"
        self.stack_file = self.path / "stack.json"
        self._lock: int | None = None
        self._sweeper: subprocess.Popen[bytes] | None = None

    @property
    def is_used(self) -> bool:
        """Whether a stack was ever started here."""
        return (self.path / "secrets.json").exists()

    @property
    def lock(self) -> int:
        """The descriptor of the held lock, for children to inherit."""
        if self._lock is None:
            raise RuntimeError("the data folder is not held")
        return self._lock

    def hold(self) -> None:
        """Make the folder and take its lock; LocalError when it cannot be written or another stack holds it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LocalError(
                f"Impossible d'écrire dans le dossier {self.path} ({error.strerror}) : choisissez-en un autre avec "
                "--data.",
                f"The folder {self.path} cannot be written ({error.strerror}): choose another one with --data.",
            ) from error
        try:
            self._take(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._lock = descriptor
        self.withdraw()

    def _take(self, descriptor: int) -> None:
        began = time.monotonic()
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = os.pread(descriptor, 20, 0).decode().strip()
                # A stack that was killed counts as alive for an instant, and its children need a moment to follow it.
                patience = _GRACE_SECONDS if _is_alive(holder) else _PATIENCE_SECONDS
                if time.monotonic() - began > patience:
                    raise LocalError(
                        f"Le dossier {self.path} est déjà utilisé (processus {holder}) : arrêtez-le, ou choisissez un "
                        "autre dossier avec --data.",
                        f"The folder {self.path} is in use (process {holder}): stop it, or choose another folder "
                        "with --data.",
                    ) from None
                time.sleep(0.05)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give the folder up; safe to call twice."""
        self.withdraw()
        if self._sweeper is not None and self._sweeper.stdin is not None:
            self._sweeper.stdin.close()
            self._sweeper.wait()
            self._sweeper = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def ports(self, first: int | None) -> Ports:
        """The ports that the folder's stack uses: those asked for, else those of the last time, else the usual."""
        if first is None:
            first = int(_read_json(self.path / "ports.json").get("first", FIRST))
        return Ports(first)

    def remember(self, ports: Ports) -> None:
        """Keep the ports for the next time."""
        _write_json(self.path / "ports.json", {"first": ports.first})

    def secret(self, name: str) -> str:
        """The generated password of that name, the same for ever; kept in a file that only its owner can read."""
        path = self.path / "secrets.json"
        known = _read_json(path)
        if name not in known:
            known[name] = secrets.token_urlsafe(24)
            _write_json(path, known)
        return str(known[name])

    def announce(self, stack: dict[str, Any]) -> None:
        """Say in `stack.json`, whole or not at all, that the stack is ready and what runs where."""
        _write_json(self.stack_file, stack)
        if self._sweeper is None:
            # Reads until we are gone, however we went: a SIGKILL leaves no page that names dead processes.
            self._sweeper = subprocess.Popen(
                ["/bin/sh", "-c", 'read -r _; rm -f "$1"', "sweeper", str(self.stack_file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(self.lock,),
                start_new_session=True,
            )

    def withdraw(self) -> None:
        """Remove `stack.json`: the stack is not, or no longer, ready. Another holder's is left alone."""
        if self._lock is not None:
            self.stack_file.unlink(missing_ok=True)


def running_stack(path: Path) -> dict[str, Any] | None:
    """What `stack.json` of a data folder says, or None when no stack is ready there."""
    return _read_json(path / "stack.json") or None


def _is_alive(pid: str) -> bool:
    """Whether a process still runs; one that ended and was not reaped, as under a container's first process, is not."""
    try:
        state = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError, IndexError):
        return False
    return pid.isdigit() and state not in ("Z", "X")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace the file by one that is whole and on the disk; for its owner's eyes."""
    arriving = path.with_name(f".{path.name}.new")
    with open(arriving, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    arriving.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make a rename in the folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
