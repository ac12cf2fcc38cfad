"""Child processes that die with their parent, even by SIGKILL, and write to a file of their own. Linux only."""

import asyncio
import ctypes
import os
import pwd
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recouvra.local.errors import LocalError

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 4
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522

# Loaded before any fork: a lookup of symbols after it may deadlock.
_libc = ctypes.CDLL(None, use_errno=True)
_prctl = _libc.prctl
_prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
_capset = _libc.capset
_capset.argtypes = [ctypes.c_char_p, ctypes.c_char_p]


@dataclass(frozen=True)
class Account:
    """The operating system's account that a child runs as."""

    uid: int
    gid: int


def account_for(folder: Path) -> Account | None:
    """Who runs what refuses to run as root: `folder`'s owner, else nobody; None when we are not root."""
    if os.geteuid() != 0:
        return None
    owner = folder.stat() if folder.exists() else None
    if owner is not None and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _before_exec(account: Account | None, death_signal: int) -> Callable[[], None]:
    parent = os.getpid()
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    only_dac_override = struct.pack("6I", *[1 << _CAP_DAC_OVERRIDE] * 3, 0, 0, 0)

    def prepare() -> None:
        if account is not None:
            _prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
            # Without it access(2), by which initdb looks for its neighbour, takes no notice of capabilities.
            _prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            # A checkout may lie where only root may go (/root, a 0700 folder): the account keeps the right to
            # pass there, nothing else of root's. Where even that is withheld, ordinary folders still work.
            _capset(header, only_dac_override)
            _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)
        # After setuid, which clears it.
        _prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


@dataclass
class Child:
    """One program as a child: started, awaited, stopped; it may be started again after it ended.

    `keep_open` are descriptors that it inherits: the data folder's lock lasts as long as the last child. What it
    prints is appended to `log`, or goes where ours goes. `death_signal` is sent by the kernel when the parent ends,
    however it ends.
    """

    name: str
    command: Sequence[str | Path]
    log: Path | None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    account: Account | None = None
    death_signal: int = signal.SIGKILL
    keep_open: Sequence[int] = ()
    _running: subprocess.Popen[bytes] | None = None
    _log_starts_at: int = 0

    @property
    def pid(self) -> int:
        """The process id of the last start."""
        if self._running is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._running.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._running is not None and self._running.poll() is None

    def start(self) -> None:
        """Fork and exec; from the main thread only, because the death signal follows the thread that forked."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("children are started from the main thread")
        if self.log is None:
            self._running = self._spawn(None)
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._log_starts_at = log.seek(0, os.SEEK_END)
            self._running = self._spawn(log.fileno())

    def _spawn(self, output: int | None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(word) for word in self.command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            env=dict(self.environment),
            pass_fds=tuple(self.keep_open),
            # Ctrl-C reaches the parent alone, which then stops its children in order.
            start_new_session=True,
            preexec_fn=_before_exec(self.account, self.death_signal),
        )

    async def ended(self) -> int:
        """Wait until it ends; its exit code (negative: the signal)."""
        running = self._running
        if running is None:
            raise RuntimeError(f"{self.name} was not started")
        if running.poll() is None:
            loop = asyncio.get_running_loop()
            gone = asyncio.Event()
            handle = os.pidfd_open(running.pid)
            loop.add_reader(handle, gone.set)
            try:
                await gone.wait()
            finally:
                loop.remove_reader(handle)
                os.close(handle)
        return running.wait()

    async def stop(self, *, by: int = signal.SIGTERM, within: float = 4.0) -> None:
        """Ask it to end by a signal, and kill it after `within` seconds. Safe to call twice."""
        if not self.is_running:
            return
        self.send(by)
        # A stopped process (SIGSTOP) would keep the signal pending for ever.
        self.send(signal.SIGCONT)
        try:
            await asyncio.wait_for(self.ended(), within)
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.ended()

    def send(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self._running is not None:
            self._running.send_signal(number)

    async def run(self, within: float) -> None:
        """Start it and wait for its end; LocalError when that is no success, or takes longer than `within` seconds."""
        self.start()
        try:
            code = await asyncio.wait_for(self.ended(), within)
        except TimeoutError as error:
            raise LocalError(
                f"{self.name} n'a pas fini en {within:.0f} s (journal : {self.log})",
                f"{self.name} was not done within {within:.0f} s (log: {self.log})",
            ) from error
        finally:
            if self.is_running:
                self.send(signal.SIGKILL)
                await self.ended()
        if code != 0:
            raise self.died(code)

    def last_words(self) -> str:
        """The line of its log that most likely says why it ended: the last that names an error, else the last."""
        if self.log is None:
            return ""
        try:
            with self.log.open("rb") as log:
                log.seek(max(self._log_starts_at, log.seek(0, os.SEEK_END) - 16_384))
                lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        except OSError:
            return ""
        telling = [line for line in lines if any(word in line for word in ("ERROR", "FATAL", "Error", "error:"))]
        return (telling or lines or [""])[-1][:300]

    def died(self, code: int) -> LocalError:
        """The sentence for a child that ended although it should run."""
        words = self.last_words()
        return LocalError(
            f"{self.name} s'est arrêté (code {code})" + (f" : {words} (journal : {self.log})" if self.log else "."),
            f"{self.name} stopped (code {code})" + (f": {words} (log: {self.log})" if self.log else "."),
        )


class Deadline:
    """A moment in the future after which waiting makes no sense."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def is_past(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._at
