"""A file of a payroll system → the `payroll-declared` values that it holds, and every fault with its place.

JSON (one value, or one a line; each the event's value or a structured CloudEvent), CSV or XLSX with a line of headings.
What a file is, its first bytes say.
"""

from recouvra.contracts.codes import Reason
from recouvra.vendor.faults import Fault, Filing, Place, wanted
from recouvra.vendor.headings import Said
from recouvra.vendor.json_values import read_json
from recouvra.vendor.parts import MOST_LINES
from recouvra.vendor.rows import BrokenTable, csv_rows, decoded, xlsx_rows
from recouvra.vendor.table import read_table

_UTF_8_BOM = b"\xef\xbb\xbf"
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
FORMS = ("json", "csv", "xlsx")

NOTHING_SAID = Said()


def form_of(content: bytes, name: str = "") -> str:
    """`json`, `csv` or `xlsx`: as the bytes begin; what is no workbook is what `.json`, `.jsonl` or `.csv` says."""
    suffix = name.lower().rpartition(".")[2]
    if content.startswith((_ZIP, _OLD_EXCEL)):
        return "xlsx"
    if suffix in ("json", "jsonl", "ndjson"):
        return "json"
    if suffix == "csv":
        return "csv"
    return "json" if content.removeprefix(_UTF_8_BOM).lstrip()[:1] in (b"{", b"[") else "csv"


def read_filing(
    content: bytes,
    form: str,
    said: Said = NOTHING_SAID,
    *,
    sheet: str | None = None,
    long: bool = False,
    most_lines: int = MOST_LINES,
    most_faults: int | None = None,
) -> Filing:
    """Everything that a file holds. Nothing is raised, whatever the bytes: what is wrong is told as faults.

    Args:
        form: as `form_of` tells it.
        said: what a table has no columns for.
        sheet: the worksheet to read; the first one otherwise.
        long: a JSON value that says it has one part may hold all lines of the declaration, and is cut into parts, as
            tables always are; otherwise 1,001 lines are a fault, as they are on Kafka.
        most_lines: how many rows of a table are read; one more is a fault.
        most_faults: how many faults of a declaration's lines are told one by one; all of them otherwise.
    """
    if form == "json":
        return read_json(content.removeprefix(_UTF_8_BOM), long=long)
    if content.startswith(_OLD_EXCEL):
        return Filing("xlsx", [], [_OLD], [])
    if form == "xlsx":
        return read_table("xlsx", xlsx_rows(content, sheet), said, (), most_lines, most_faults)
    try:
        text, notes = decoded(content)
    except BrokenTable as broken:
        return Filing("csv", [], [Fault(Place(broken.row), Reason.SCHEMA_MISMATCH, broken.expected)], [])
    return read_table("csv", csv_rows(text), said, notes, most_lines, most_faults)


_OLD = Fault(
    Place(),
    Reason.SCHEMA_MISMATCH,
    wanted(
        "un classeur .xlsx ou du CSV : enregistrez-le ainsi (ce fichier est d'un ancien format, ou protégé)",
        "an .xlsx workbook or CSV: save it as such (this file is of an old format, or protected)",
    ),
)
