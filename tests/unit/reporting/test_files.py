"""Tables as files: what a cell becomes in each form; what a form cannot hold is refused, with what to ask instead."""

from __future__ import annotations

import csv
import os
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from pyarrow import decimal128, int64, string
from pyarrow.parquet import ParquetFile as Reader
from pyarrow.parquet import read_table

from recouvra.chassis.problems import Problem
from services.reporting.doors.files.csv import CsvFile, harmless
from services.reporting.doors.files.export import Export
from services.reporting.doors.files.parquet import ParquetFile
from services.reporting.doors.files.xlsx import XlsxFile
from services.reporting.reports.plan import Cell, Kind

TABLE = {"name": Kind.TEXT, "payers": Kind.COUNT, "assessed_xof": Kind.FRANCS, "collection_rate": Kind.RATE}
ROWS: list[list[Cell]] = [
    ["Mairie de Kayes", 3, 1_234_567_890, "0.8123"],
    ["=cmd|'/c calc'!A1", 0, -5, "-0.0001"],
    ["0012", 1, 0, None],
    [None, None, 999_999_999_999_999, "1.0000"],
]
LIVE = ["=1+1", "+A1", "-2+3", "@sum(A1)", "\t=1", "\r=1"]


@pytest.mark.parametrize("cell", LIVE)
def test_a_cell_that_a_spreadsheet_would_compute_is_made_a_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-0.1234", "0.5000", "2026-01", "Mairie = Kayes", 5, -5])
def test_numbers_and_plain_texts_stay_as_they_are(cell: int | str) -> None:
    assert harmless(cell) == cell


def test_a_csv_has_a_mark_a_header_and_nothing_for_null(tmp_path: Path) -> None:
    file = CsvFile(path := tmp_path / "a.csv", TABLE, ";")
    file.add(ROWS[:1])
    file.add(ROWS[1:])
    file.close()
    assert path.read_bytes().startswith(b"\xef\xbb\xbfname;payers;assessed_xof;collection_rate\r\n")
    with path.open(encoding="utf-8-sig", newline="") as opened:
        assert list(csv.reader(opened, delimiter=";"))[1:] == [
            ["Mairie de Kayes", "3", "1234567890", "0.8123"],
            ["'=cmd|'/c calc'!A1", "0", "-5", "-0.0001"],
            ["0012", "1", "0", ""],
            ["", "", "999999999999999", "1.0000"],
        ]


def test_a_csv_without_rows_still_has_its_header(tmp_path: Path) -> None:
    CsvFile(path := tmp_path / "a.csv", {"a": Kind.TEXT, "b": Kind.COUNT}, ",").close()
    assert path.read_text("utf-8-sig") == "a,b\n"


def test_a_sheet_has_a_frozen_header_and_cells_of_their_own_type(tmp_path: Path) -> None:
    file = XlsxFile(path := tmp_path / "a.xlsx", TABLE, "payers")
    file.add(ROWS[:3])
    file.add(ROWS[3:])
    file.close()
    book = load_workbook(path)
    sheet = book.active
    assert (book.sheetnames, sheet.freeze_panes, sheet.auto_filter.ref) == (["payers"], "A2", "A1:D5")
    header, *rows = sheet.iter_rows()
    assert [cell.value for cell in header] == list(TABLE)
    assert all(cell.font.bold for cell in header)
    assert [[cell.value for cell in row] for row in rows] == [
        ["Mairie de Kayes", 3, 1_234_567_890, 0.8123],
        ["=cmd|'/c calc'!A1", 0, -5, -0.0001],
        ["0012", 1, 0, None],
        [None, None, 999_999_999_999_999, 1],
    ]
    assert [cell.number_format for cell in rows[0]] == ["@", "#,##0", "#,##0", "0.00%"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]


@pytest.mark.parametrize(
    "text", [*LIVE, "http://a.example", "{=A1}", "a\x01b_x0041_\x0b<&>\"'", "'", "é\u202f%", "TRUE"]
)
def test_no_text_of_a_sheet_is_computed_linked_or_changed(tmp_path: Path, text: str) -> None:
    file = XlsxFile(path := tmp_path / "a.xlsx", {"name": Kind.TEXT}, "a")
    file.add([[text]])
    file.close()
    cell = load_workbook(path).active["A2"]
    assert (cell.data_type in ("s", "inlineStr"), cell.hyperlink, unescape(cell.value)) == (True, None, text)


def test_a_number_that_a_sheet_would_round_is_a_text(tmp_path: Path) -> None:
    file = XlsxFile(path := tmp_path / "a.xlsx", {"assessed_xof": Kind.FRANCS}, "a")
    file.add([[10**15 - 1], [10**15 + 1], [-(10**18)], [-(10**15 - 1)]])
    file.close()
    values = [row[0].value for row in load_workbook(path).active.iter_rows(min_row=2)]
    assert values == [10**15 - 1, "1000000000000001", "-1000000000000000000", -(10**15 - 1)]


def test_a_sheet_holds_so_many_rows_and_says_what_to_ask_beyond(tmp_path: Path) -> None:
    file = XlsxFile(tmp_path / "a.xlsx", {"name": Kind.TEXT}, "a", most_rows=2)
    file.add([["a"], ["b"]])
    with pytest.raises(Problem) as refused:
        file.add([["c"]])
    assert (refused.value.status, refused.value.code) == (422, "too-large-for-form")
    assert "CSV" in refused.value.message.en


def test_a_sheet_of_more_than_200_000_rows_is_refused_in_both_languages(tmp_path: Path) -> None:
    file = XlsxFile(tmp_path / "a.xlsx", {"name": Kind.TEXT}, "a")
    with pytest.raises(Problem) as refused:
        file.add([["a"]] * 200_001)
    assert "200\u202f000 lignes" in refused.value.message.fr
    assert "200,000 rows" in refused.value.message.en


def test_parquet_is_typed_exact_and_in_row_groups(tmp_path: Path) -> None:
    file = ParquetFile(path := tmp_path / "a.parquet", TABLE)
    file.add(ROWS[:3])
    file.add(ROWS[3:])
    file.close()
    assert Reader(path).num_row_groups == 2
    table = read_table(path)
    assert table.schema.names == list(TABLE)
    assert table.schema.types == [string(), int64(), int64(), decimal128(38, 4)]
    exact = [[*row[:3], None if row[3] is None else Decimal(row[3])] for row in ROWS]
    assert [list(row.values()) for row in table.to_pylist()] == exact


def test_parquet_without_rows_still_has_its_columns(tmp_path: Path) -> None:
    ParquetFile(path := tmp_path / "a.parquet", TABLE).close()
    table = read_table(path)
    assert (table.schema.names, table.num_rows) == (list(TABLE), 0)


def test_a_sum_beyond_64_bits_is_refused_by_parquet_and_never_rounded(tmp_path: Path) -> None:
    file = ParquetFile(tmp_path / "a.parquet", {"assessed_xof": Kind.FRANCS})
    file.add([[2**63 - 1]])
    with pytest.raises(Problem) as refused:
        file.add([[2**63]])
    assert refused.value.status == 422


def test_what_a_killed_process_left_goes_after_a_day_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("recouvra-table-left", "recouvra-table-young", "recouvra-other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "payers.csv").touch()
    for name in ("recouvra-table-left", "recouvra-other"):
        os.utime(tmp_path / name, (0, 0))
    Export("csv", "payers", TABLE, ",").drop()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recouvra-other", "recouvra-table-young"]
