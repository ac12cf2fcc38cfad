"""A backup: one folder with a copy of each service's database, whole or not there at all.

`manifest.json` tells what is in it; its digest stands beside it, as `sha256sum --check` reads it. What travels is not
in it: the topics keep that, and a restored service catches up with them.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import asyncpg
from pydantic import BaseModel, ConfigDict, ValidationError

from recouvra.chassis import backup, restore
from recouvra.chassis.backup import BackupError, DatabaseCopy, flush, owners_only
from recouvra.contracts.topics import WRITES
from recouvra.local.errors import LocalError
from recouvra.local.roles import SERVICES

Progress = Callable[[str, str, int], None]
"""Told of a service, a table of it, and the bytes of its file that were worked through since it was told last."""

_MANIFEST = "manifest.json"
_DIGEST = "manifest.json.sha256"


class Manifest(BaseModel):
    """What a backup holds, by service; `made_by` is the version that made it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    made_by: str
    made_at: datetime
    databases: Mapping[str, DatabaseCopy]


async def write_backup(folder: Path, urls: Mapping[str, str], progress: Progress) -> Manifest:
    """Copies databases, given by service, into a folder that is not there yet; it appears once all is on the disk.

    Each is as of an instant of its own: a service that is ahead of another is what every day brings.

    Raises:
        LocalError: the folder is there, or cannot be made, or another backup is writing it; or a database refuses.
    """
    with _appearing(folder) as arriving:
        copies = {}
        for service, url in urls.items():
            async with _said_of(service):
                copies[service] = await backup.write(url, arriving / service, _of(progress, service))
        manifest = Manifest(made_by=version("recouvra"), made_at=datetime.now(UTC), databases=copies)
        _write(arriving / _MANIFEST, text := manifest.model_dump_json(indent=2) + "\n")
        _write(arriving / _DIGEST, f"{hashlib.sha256(text.encode()).hexdigest()}  {_MANIFEST}\n")
    return manifest


def read_backup(folder: Path, services: Sequence[str], progress: Progress) -> Manifest:
    """What a backup holds, once every file of these services was read and found whole; nothing else is touched.

    Raises:
        LocalError: it is no backup, or damaged, or made by a version that knows more than this one.
    """
    try:
        text = (folder / _MANIFEST).read_bytes()
        digest = (folder / _DIGEST).read_text("ascii").split()[0]
        if hashlib.sha256(text).hexdigest() != digest:
            raise ValueError(_MANIFEST)
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise LocalError(
            f"{folder} vient d'une version plus récente : mettez le logiciel à jour d'abord.",
            f"{folder} was made by a newer version: upgrade first.",
        ) from error
    except (OSError, ValueError, IndexError) as error:
        raise LocalError(
            f"{folder} n'est pas une sauvegarde entière ({_MANIFEST}).", f"{folder} is no whole backup ({_MANIFEST})."
        ) from error
    for service in services:
        if service not in manifest.databases:
            raise LocalError(f"{folder} n'a pas {service}.", f"{folder} has no {service}.", exit_code=2)
        try:
            restore.check(manifest.databases[service], folder / service, _migrations(service), _of(progress, service))
        except BackupError as error:
            raise _of_service(service, error) from error
    return manifest


async def restore_backup(folder: Path, manifest: Manifest, urls: Mapping[str, str], progress: Progress) -> None:
    """Replaces databases, given by service, by a backup that was read: each in one step, one after the other.

    Killed in between, some are the old ones still and the others new; doing it again ends where it would have ended.

    Raises:
        LocalError: a database refuses, or is in use; it is then what it was.
    """
    for service, url in urls.items():
        async with _said_of(service):
            await restore.put_back(
                url,
                manifest.databases[service],
                folder / service,
                _migrations(service),
                _of(progress, service),
                publishes=bool(WRITES[service]),
            )


def _migrations(service: str) -> Path:
    """Where what makes a service's tables is written; it is found beside us, and nothing of it is imported."""
    found = find_spec("services")
    if service not in SERVICES or found is None or not found.submodule_search_locations:
        raise LocalError(f"Il n'y a pas de service {service} ici.", f"There is no service {service} here.", exit_code=2)
    return Path(found.submodule_search_locations[0], service, "migrations")


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A new folder beside the one that appears, whole and on the disk, when the block ends well.

    What a killed backup left there is removed first. A lock on it ends with whoever holds it, so that two backups of
    one name never write one folder.
    """
    folder = folder.absolute()
    arriving = folder.with_name(f".{folder.name}.unfinished")
    if folder.exists():
        raise LocalError(
            f"{folder} existe déjà : donnez le nom d'un dossier qui n'existe pas.",
            f"{folder} is there already: give the name of a folder that is not.",
            exit_code=2,
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        arriving.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(arriving, os.O_RDONLY)
    except OSError as error:
        raise LocalError(
            f"Impossible d'écrire dans {folder.parent} ({error.strerror}).",
            f"{folder.parent} cannot be written ({error.strerror}).",
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalError(
                f"Une autre sauvegarde écrit déjà {folder}.", f"Another backup is writing {folder} already."
            ) from None
        for left in arriving.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            yield arriving
            flush(arriving)
            arriving.rename(folder)
            flush(folder.parent)
        except BaseException:
            shutil.rmtree(arriving, ignore_errors=True)
            raise
    finally:
        os.close(lock)


def _write(path: Path, text: str) -> None:
    with open(path, "x", encoding="utf-8", opener=owners_only) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


@asynccontextmanager
async def _said_of(service: str) -> AsyncIterator[None]:
    """Says what a database refuses in a sentence that names its service."""
    try:
        yield
    except BackupError as error:
        raise _of_service(service, error) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError, TimeoutError) as error:
        said = str(error) or type(error).__name__
        raise LocalError(f"{service} : {said}", f"{service}: {said}") from error


def _of_service(service: str, error: BackupError) -> LocalError:
    return LocalError(f"{service} : {error.fr}", f"{service}: {error.en}")


def _of(progress: Progress, service: str) -> Callable[[str, int], None]:
    return lambda table, count: progress(service, table, count)
