"""The jars of Apache Kafka: fetched by coordinate, each checked against `kafka.lock`; no Java and no Maven needed.

Every jar is asked for alone, without its dependencies: a resolver that follows them may choose other versions than
the broker was built with, and a mismatch of the repository's own checksum is only a warning to it.
"""

import asyncio
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from recouvra.local.errors import LocalError

KAFKA_VERSION = "4.3.1"
LOCK = Path(__file__).with_name("kafka.lock")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Jar:
    """One locked jar: its coordinate and the sha256 that its bytes must have."""

    sha256: str
    group: str
    artifact: str
    version: str

    @property
    def name(self) -> str:
        """The file's name in the folder of jars."""
        return f"{self.artifact}-{self.version}.jar"


def locked_jars(lock: Path = LOCK) -> tuple[Jar, ...]:
    """The jars of a lock file, in its order, which is the class path's."""
    rows = (line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#"))
    return tuple(Jar(sha256, *coordinate.split(":")) for sha256, coordinate in rows)


def cache_folder() -> Path:
    """Where jars are kept between checkouts: RECOUVRA_CACHE, else the user's cache folder."""
    if named := os.environ.get("RECOUVRA_CACHE"):
        return Path(named).absolute() / f"kafka-{KAFKA_VERSION}"
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(caches).absolute() / "recouvra" / f"kafka-{KAFKA_VERSION}"


def kafka_jars(fallback: Path, progress: Progress | None = None, lock: Path = LOCK) -> tuple[Path, ...]:
    """Every jar of the lock, present and right, as the class path wants them; blocks while it fetches.

    `fallback` is the folder taken when the cache can neither serve nor be written. `progress(done, of)` is called
    from threads. Raises LocalError when a jar cannot be had, or is not the locked one even when fetched anew.
    """
    jars = locked_jars(lock)
    cache = cache_folder()
    if not _missing(cache, jars):
        return tuple(cache / jar.name for jar in jars)
    folder = cache if _is_writable(cache) else fallback
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        missing = _missing(folder, jars)
        if missing:
            _fetch(folder, missing, progress)
    return tuple(folder / jar.name for jar in jars)


async def kafka_jars_aside(fallback: Path, progress: Progress | None = None) -> tuple[Path, ...]:
    """The same without blocking; when it is cancelled nobody waits for a download under way."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[tuple[Path, ...]] = loop.create_future()

    def hand_over(jars: tuple[Path, ...] | None, error: Exception | None) -> None:
        if found.done():
            return
        if jars is None:
            found.set_exception(error or RuntimeError("no jars"))
        else:
            found.set_result(jars)

    def work() -> None:
        jars, failed = None, None
        try:
            jars = kafka_jars(fallback, progress)
        except Exception as error:
            failed = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(hand_over, jars, failed)

    Thread(target=work, daemon=True).start()
    return await found


def _missing(folder: Path, jars: tuple[Jar, ...]) -> tuple[Jar, ...]:
    return tuple(jar for jar in jars if _sha256(folder / jar.name) != jar.sha256)


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two stacks started at once on a new machine fetch once: the second waits, and finds the jars."""
    with (folder / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(folder: Path, jars: tuple[Jar, ...], progress: Progress | None) -> None:
    for leftover in folder.glob(".fetching-*"):  # of a fetch that was killed: we hold the lock, so nobody uses it
        shutil.rmtree(leftover, ignore_errors=True)
    wanted: SimpleQueue[Jar] = SimpleQueue()
    outcomes: SimpleQueue[Exception | None] = SimpleQueue()
    for jar in jars:
        wanted.put(jar)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-", ignore_cleanup_errors=True) as work:
        for _ in range(8):
            # Daemons: whoever interrupts a slow download does not wait for it.
            Thread(target=_fetch_all, args=(folder, Path(work), wanted, outcomes), daemon=True).start()
        for done in range(1, len(jars) + 1):
            if error := outcomes.get():
                _drain(wanted)
                raise error
            if progress:
                progress(done, len(jars))


def _fetch_all(folder: Path, work: Path, wanted: SimpleQueue[Jar], outcomes: SimpleQueue[Exception | None]) -> None:
    while True:
        try:
            jar = wanted.get_nowait()
        except Empty:
            return
        try:
            _fetch_one(folder, jar, work)
            outcomes.put(None)
        except Exception as error:
            outcomes.put(error)


def _drain(wanted: SimpleQueue[Jar]) -> None:
    with suppress(Empty):
        while True:
            wanted.get_nowait()


def _fetch_one(folder: Path, jar: Jar, work: Path) -> None:
    from jgo.maven import MavenContext, PythonResolver

    coordinate = f"{jar.group}:{jar.artifact}:{jar.version}"
    # A repository of its own for each: the user's ~/.m2 is neither read nor written.
    context = MavenContext(repo_cache=work / jar.name, local_repos=[], resolver=PythonResolver(), timeout=60)
    try:
        fetched = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except Exception as error:
        raise LocalError(
            f"Le fichier {coordinate} d'Apache Kafka n'a pas pu être téléchargé : vérifiez le réseau, puis relancez.",
            f"The jar {coordinate} of Apache Kafka could not be fetched: check the network, then start again.",
        ) from error
    if (sha256 := _sha256(fetched)) != jar.sha256:
        raise LocalError(
            f"Le fichier {coordinate} téléchargé n'est pas celui de kafka.lock (sha256 {sha256}) : rien n'est lancé.",
            f"The fetched jar {coordinate} is not the one in kafka.lock (sha256 {sha256}): nothing is started.",
        )
    # Readers see the old file or the whole new one, never a part.
    arriving = work / f"{jar.name}.checked"
    shutil.move(fetched, arriving)
    arriving.replace(folder / jar.name)
