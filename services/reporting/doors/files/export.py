"""An answer as a file: written whole to a temporary one, then sent.

So a report's session is free as soon as its last row is read, however slowly, or never, the file is taken; and whatever
goes wrong meanwhile is still told by a status.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import BinaryIO, Protocol

from fastapi.responses import StreamingResponse

from services.reporting.doors.files.csv import CsvFile
from services.reporting.doors.files.parquet import ParquetFile
from services.reporting.doors.files.xlsx import XlsxFile
from services.reporting.doors.formats import TYPES
from services.reporting.reports.plan import Cell, Kind

_BYTES_A_CHUNK = 1 << 16
_FOLDER = "recouvra-table-"
_ABANDONED_S = 24 * 3600  # no table takes a day


class TableFile(Protocol):
    """A form of a file, row by row."""

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Writes some more rows, in order; raises a problem where the form cannot hold them."""
        ...

    def close(self) -> None:
        """Completes the file."""
        ...


class Export:
    """A file that is being written, alone in a folder of its own, which goes when the file is sent or dropped."""

    def __init__(self, form: str, name: str, table: Mapping[str, Kind], delimiter: str) -> None:
        _sweep()
        self._folder = TemporaryDirectory(prefix=_FOLDER, ignore_cleanup_errors=True)
        self._form, self._name = form, name
        self._path = Path(self._folder.name) / f"{name}.{form}"
        self._file = self._opened(table, delimiter)

    def _opened(self, table: Mapping[str, Kind], delimiter: str) -> TableFile:
        match self._form:
            case "xlsx":
                return XlsxFile(self._path, table, self._name)
            case "parquet":
                return ParquetFile(self._path, table)
        return CsvFile(self._path, table, delimiter)

    async def fill(self, batches: AsyncIterator[Sequence[Sequence[Cell]]]) -> None:
        """Writes every batch of rows, beside the event loop; where it fails, nothing is left of the file."""
        try:
            async for rows in batches:
                await asyncio.to_thread(self._file.add, rows)
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Leaves nothing of the file."""
        self._folder.cleanup()

    async def sent(self, headers: Mapping[str, str]) -> StreamingResponse:
        """The complete file as an answer; on the disk it has no name any more, and goes with whoever reads it."""
        file = await asyncio.to_thread(self._completed)
        told = dict(headers) | {
            "Content-Disposition": f'attachment; filename="{self._name}.{self._form}"',
            "Content-Length": str(os.fstat(file.fileno()).st_size),
        }
        charset = "; charset=utf-8" if self._form == "csv" else ""
        return StreamingResponse(_chunks(file), headers=told, media_type=TYPES[self._form] + charset)

    def _completed(self) -> BinaryIO:
        with self._folder:
            self._file.close()
            return self._path.open("rb")


def _sweep() -> None:
    """Takes away what a process that was killed left of its files; on a disk they would stay for ever."""
    for folder in Path(gettempdir()).glob(f"{_FOLDER}*"):
        with suppress(OSError):  # it may be complete and gone by now, or another user's
            if folder.stat().st_mtime < time.time() - _ABANDONED_S:
                shutil.rmtree(folder)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_BYTES_A_CHUNK):
            yield chunk
