"""Parquet: typed columns, a row group for each batch of rows, Zstandard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from recouvra.chassis.problems import Problem
from recouvra.contracts.codes import Message
from services.reporting.reports.plan import Cell, Kind

# A rate is exact, as in JSON: a decimal of four places.
_TYPES = {Kind.TEXT: pa.string(), Kind.COUNT: pa.int64(), Kind.FRANCS: pa.int64(), Kind.RATE: pa.decimal128(38, 4)}


class ParquetFile:
    """A table as it is written. Texts are strings, amounts and counts int64, rates decimal128(38, 4)."""

    def __init__(self, path: Path, table: Mapping[str, Kind]) -> None:
        self._schema = pa.schema([pa.field(name, _TYPES[kind]) for name, kind in table.items()])
        self._kinds = list(table.values())
        self._writer = ParquetWriter(str(path), self._schema, compression="zstd")

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Writes some more rows, in order, as a row group; raises a 422 problem for a sum beyond 64 bits."""
        columns = zip(*rows, strict=True)
        try:
            arrays = [
                pa.array([_exact(cell) for cell in column] if kind is Kind.RATE else column, field.type)
                for column, kind, field in zip(columns, self._kinds, self._schema, strict=True)
            ]
        except (OverflowError, pa.ArrowInvalid) as error:
            raise _too_wide() from error
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))

    def close(self) -> None:
        """Completes the file."""
        self._writer.close()


def _exact(cell: Cell) -> Decimal | None:
    return None if cell is None else Decimal(cell)


def _too_wide() -> Problem:
    message = Message(
        fr="Un nombre dépasse ce que Parquet peut contenir (64 bits) : demandez CSV ou JSON.",
        en="A number is beyond what Parquet can hold (64 bits): ask for CSV or JSON.",
    )
    fault = Message(fr="nombre trop grand pour cette forme", en="a number too large for this form")
    return Problem(422, "too-large-for-form", message, [("/query/format", fault)])
