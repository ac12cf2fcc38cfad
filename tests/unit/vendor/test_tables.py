"""A table says what JSON would say, however a payroll writes it; what a spreadsheet spoiled is told, never guessed."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.vendor.files import form_of, read_filing
from recouvra.vendor.headings import Said
from recouvra.vendor.parts import split
from tests.unit.vendor.files import FIELDS, OF_THE_WHOLE, as_csv, as_xlsx, rows_of

IDENTIFIERS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z")
AMOUNTS = st.integers(-(10**12), 10**12)


@st.composite
def values(draw: st.DrawFn) -> dict[str, Any]:
    """A `payroll-declared` value of one part that a reader takes, whatever the rules make of it."""
    line: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {"line_no": st.integers(1, 2**31 - 1), "insured_number": IDENTIFIERS, "base_xof": AMOUNTS}
    )
    lines = draw(st.lists(line, min_size=0, max_size=4))
    exact = {"lines": len(lines), "base_xof": sum(one["base_xof"] for one in lines)}
    other = st.fixed_dictionaries({"lines": st.integers(1, 10**15), "base_xof": st.integers(-(10**15), 10**15)})
    return {
        "declaration_id": draw(IDENTIFIERS),
        "payer_id": draw(IDENTIFIERS),
        "period": f"{draw(st.integers(1, 9999)):04}-{draw(st.integers(1, 12)):02}",
        "part": 1,
        "parts": 1,
        "replaces": draw(st.none() | IDENTIFIERS),
        "totals": draw(st.just(exact) | other) if lines else exact,
        "lines": lines,
    }


def events(content: bytes, name: str = "", said: Said | None = None, *, long: bool = False) -> list[PayrollDeclared]:
    """What a file holds, which must be without a fault."""
    filing = read_filing(content, form_of(content, name), said or Said(), long=long)
    assert [(fault.place, fault.expected) for fault in filing.faults] == []
    return [filed.event for filed in filing.parts]


@given(values(), st.sampled_from(";,\t"), st.sampled_from(["utf-8", "utf-8-sig"]))
@settings(max_examples=100)
def test_a_csv_is_the_event_that_the_json_is(value: dict[str, Any], separator: str, encoding: str) -> None:
    expected = events(json.dumps(value).encode())
    assert events(as_csv(rows_of(value), separator, encoding), "x.csv") == expected


@given(values())
@settings(max_examples=40, deadline=None)
def test_a_workbook_is_the_event_that_the_json_is(value: dict[str, Any]) -> None:
    assert events(as_xlsx(rows_of(value))) == events(json.dumps(value).encode())


@given(values())
@settings(max_examples=50)
def test_what_is_said_beside_the_table_is_as_if_it_stood_in_it(value: dict[str, Any]) -> None:
    beside = {name: value[name] for name in OF_THE_WHOLE}
    said = Said(**beside, total_lines=value["totals"]["lines"], total_base_xof=value["totals"]["base_xof"])
    rows = rows_of(value, ("line_no", "insured_number", "base_xof"))
    content = as_csv(rows if value["lines"] else rows[:1])
    assert events(content, "x.csv", said) == events(json.dumps(value).encode())


@given(st.binary(max_size=200), st.sampled_from(["", "a.csv", "a.json", "a.jsonl"]), st.booleans())
@settings(max_examples=150)
def test_whatever_the_bytes_something_is_read_or_a_fault_is_told(content: bytes, name: str, long: bool) -> None:
    filing = read_filing(content, form_of(content, name), Said(), long=long)
    assert filing.parts or filing.faults


@given(st.text('P1D;,\t"\n\r=0-.E+ é\u00a0', max_size=60), st.sampled_from(";,\t"))
@settings(max_examples=150)
def test_whatever_the_cells_each_row_is_a_line_or_a_fault(cells: str, separator: str) -> None:
    heading = separator.join(("insured_number", "base_xof"))
    filing = read_filing(f"{heading}\n{cells}".encode(), "csv", Said("D", "P", "2026-01"))
    assert filing.parts or filing.faults


def test_headings_are_known_by_their_french_names_and_what_else_stands_there_is_told() -> None:
    content = (
        "\ufeffCotisant;Déclaration;PÉRIODE;Nom;Numéro assuré;Assiette;;\n"
        "P1;D1;2026-01;Awa;000000000001;125 000;;\n\n"
        "P1;D1;2026-01;Bah;000000000002;38\u202f000,00;;\n"
    ).encode()
    filing = read_filing(content, form_of(content), Said())
    (part,) = filing.parts
    assert [(line.line_no, line.insured_number, line.base_xof) for line in part.event.lines] == [
        (1, "000000000001", 125_000),
        (2, "000000000002", 38_000),
    ]
    assert (part.rows, part.event.totals.lines, part.event.totals.base_xof) == ([2, 4], 2, 163_000)
    assert [note.fr for note in filing.notes] == ["Colonnes ignorées\u00a0: Nom."]


def test_a_french_excels_file_is_read_and_said_to_be_one() -> None:
    content = "Période;Numéro assuré;Assiette\n2026-01;1;5\n".encode("cp1252")
    filing = read_filing(content, "csv", Said("D", "P"))
    assert ([filed.event.period for filed in filing.parts], len(filing.notes)) == (["2026-01"], 1)


def test_a_utf_16_file_is_told_how_to_be_saved() -> None:
    filing = read_filing("insured_number;base_xof\n1;5\n".encode("utf-16"), "csv", Said("D", "P", "2026-01"))
    assert ["UTF-8" in fault.expected.fr for fault in filing.faults if fault.expected] == [True]


@pytest.mark.parametrize(
    ("cell", "base_xof"),
    [
        ("125000", 125_000), ("125 000", 125_000), ("1\u00a0125\u202f000", 1_125_000), ("-7", -7), ("0", 0),
        ("125000,00", 125_000), ("125000.0", 125_000), (" 12 ", 12), (125_000.0, 125_000), (12, 12),
        ("007", 7), ("-1 000", -1_000), ("0" * 19 + "98000", 98_000), ("000 000 000 000 000 000 040 000", 40_000),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_a_clerk_writes_it(cell: Any, base_xof: int) -> None:
    rows: list[list[Any]] = [["insured_number", "base_xof"], ["1", cell]]
    said = Said("D", "P", "2026-01")
    for content in (as_csv(rows), as_xlsx(rows)):
        ((line,),) = [event.lines for event in events(content, "x.csv", said)]
        assert line.base_xof == base_xof


@pytest.mark.parametrize(
    "cell",
    ["125.000", "125,000", "12,5", 12.5, "1 00", "12 5000", "125000 F", "1,25E+05", "(7)", "+7", "٣", "--1", True,
     datetime(2026, 1, 1), "#REF!", "1" * 30, 10**13, "-"],
)  # fmt: skip
def test_an_amount_that_may_be_read_otherwise_is_a_fault_at_its_cell(cell: Any) -> None:
    rows: list[list[Any]] = [["insured_number", "base_xof"], ["1", 5], ["2", cell]]
    for content in (as_csv(rows), as_xlsx(rows)):
        filing = read_filing(content, form_of(content, "x.csv"), Said("D", "P", "2026-01"))
        assert [(fault.place.line, fault.place.column, fault.place.field) for fault in filing.faults] == [
            (3, "base_xof", "/base_xof")
        ]
        assert filing.parts == []


@pytest.mark.parametrize(
    "cell", ["1.2E+11", "1,23457E+11", "1E+11", 12345678901, 123456789012.0, date(2026, 1, 1), True]
)
def test_an_identifier_that_a_spreadsheet_made_a_number_of_is_a_fault_in_words(cell: Any) -> None:
    rows: list[list[Any]] = [["insured_number", "base_xof"], [cell, 5]]
    content = as_csv(rows) if isinstance(cell, str) else as_xlsx(rows)
    filing = read_filing(content, form_of(content, "x.csv"), Said("D", "P", "2026-01"))
    (fault,) = filing.faults
    assert (fault.place.line, fault.place.field) == (2, "/insured_number")
    assert "Texte" in fault.message.fr
    assert "Text" in fault.message.en


def test_identifiers_that_an_export_protects_are_read() -> None:
    content = b'insured_number;base_xof\n="000000000001";5\n'
    ((line,),) = [event.lines for event in events(content, "x.csv", Said("D", "P", "2026-01"))]
    assert line.insured_number == "000000000001"


def test_a_month_that_a_spreadsheet_made_a_date_of_is_that_month() -> None:
    rows: list[list[Any]] = [["period", "insured_number", "base_xof"], [datetime(2026, 3, 1), "1", 5]]
    assert [event.period for event in events(as_xlsx(rows), said=Said("D", "P"))] == ["2026-03"]
    rows[1][0] = datetime(2026, 3, 2)
    filing = read_filing(as_xlsx(rows), "xlsx", Said("D", "P"))
    assert [fault.place.field for fault in filing.faults] == ["/period"]


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 1_001, 2_500])
def test_a_long_declaration_is_cut_alike_from_json_and_from_a_table(count: int) -> None:
    lines = [{"line_no": n, "insured_number": f"{n:012}", "base_xof": n} for n in range(1, count + 1)]
    totals = {"lines": count, "base_xof": sum(range(count + 1))}
    value = {"declaration_id": "D", "payer_id": "P", "period": "2026-01", "part": 1, "parts": 1, "totals": totals,
             "lines": lines}  # fmt: skip
    cut = events(json.dumps(value).encode(), long=True)
    assert [len(part.lines) for part in cut] == [min(1_000, count - n) for n in range(0, count, 1_000)] or count == 0
    assert {(part.parts, part.totals.lines) for part in cut} == {(len(cut), count)}
    assert [part.part for part in cut] == list(range(1, len(cut) + 1))
    assert [line.line_no for part in cut for line in part.lines] == list(range(1, count + 1))
    assert events(as_csv(rows_of(value)), "x.csv") == cut
    assert [again for part in cut for again in split(part)] == cut


def test_several_declarations_of_several_payers_stand_in_one_table() -> None:
    rows: list[list[Any]] = [["payer_id", "declaration_id", "period", "insured_number", "base_xof"],
            ["P1", "D1", "2026-01", "1", 5], ["P2", "D1", "2026-01", "1", 6], ["P1", "D1", "2026-01", "2", 7],
            ["P1", "D2", "2026-02", "1", 8]]  # fmt: skip
    found = [
        (e.payer_id, e.declaration_id, [(x.line_no, x.base_xof) for x in e.lines])
        for e in events(as_csv(rows), "x.csv")
    ]
    assert found == [("P1", "D1", [(1, 5), (2, 7)]), ("P2", "D1", [(1, 6)]), ("P1", "D2", [(1, 8)])]


@pytest.mark.parametrize(
    ("text", "said", "faults"),
    [
        ("insured_number;base_xof\n1;5", Said(), [(1, "/declaration_id"), (1, "/payer_id"), (1, "/period")]),
        ("payer_id;base_xof\n1;5", Said("D", None, "2026-01"), [(1, "/insured_number")]),
        ("insured_number;base_xof;assiette\n1;5;6", Said("D", "P", "2026-01"), [(1, "/base_xof")]),
        ("payer_id;insured_number;base_xof\nP;1;6", Said("D", "P", "2026-01"), [(1, "/payer_id")]),
        ("insured_number;base_xof\n1;5;6", Said("D", "P", "2026-01"), [(2, "")]),
        ("insured_number;base_xof\n1;5\n;\n2;\"6", Said("D", "P", "2026-01"), [(4, "")]),
        ("insured_number;base_xof\n1", Said("D", "P", "2026-01"), [(2, "/base_xof")]),
        ("insured_number;base_xof\n1;5", Said("a b", "P", "2026-13"), [(2, "/declaration_id"), (2, "/period")]),
        ("payer_id;insured_number;base_xof\n", Said("D", None, "2026-01"), [(1, "")]),
        ("payer_id;total_lines;insured_number;base_xof\nP;0;;\nP;0;1;5", Said("D", None, "2026-01"), [(2, "")]),
        ("total_lines;insured_number;base_xof\n2;1;5\n3;2;5", Said("D", "P", "2026-01"), [(3, "/total_lines")]),
        ("replaces;insured_number;base_xof\nX;1;5\n;2;5", Said("D", "P", "2026-01"), [(3, "/replaces")]),
    ],
)  # fmt: skip
def test_what_a_table_lacks_or_says_twice_is_told_where(text: str, said: Said, faults: list[tuple[int, str]]) -> None:
    filing = read_filing(text.encode(), "csv", said)
    assert [(fault.place.line, fault.place.field) for fault in filing.faults] == faults
    assert filing.parts == []


def test_another_sheet_is_read_where_it_is_named() -> None:
    content = as_xlsx([["insured_number", "base_xof"], ["1", 5]])
    assert len(read_filing(content, "xlsx", Said("D", "P", "2026-01"), sheet="Sheet").parts) == 1
    for sheet in ("Autre", "Nulle part"):
        assert read_filing(content, "xlsx", Said("D", "P", "2026-01"), sheet=sheet).faults


def test_a_broken_workbook_is_told_as_one() -> None:
    whole = as_xlsx([[*FIELDS]] * 50)
    for content in (whole[: len(whole) // 2], b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        filing = read_filing(content, form_of(content), Said())
        assert [".xlsx" in fault.message.fr for fault in filing.faults] == [True]


def test_a_value_laid_out_over_lines_is_one_value_wherever_it_breaks() -> None:
    line = '{"line_no":1,"insured_number":"X","base_xof":5}'
    head = (
        '{"declaration_id":"D","payer_id":"P","period":"2026-01","part":1,"parts":1,"totals":{"lines":1,"base_xof":5},'
    )
    filing = read_filing(f'{head}"lines":[\n{line}]}}'.encode(), "json")
    assert (len(filing.parts), filing.faults) == (1, [])


def test_an_export_without_lines_is_nil_only_where_that_is_said() -> None:
    named = Said("D", "P", "2026-01", None, None, None)
    assert len(read_filing(b"insured_number;base_xof\n", "csv", named).faults) == 1
    (nil,) = read_filing(b"insured_number;base_xof\n", "csv", Said("D", "P", "2026-01", None, 0, 0)).parts
    assert nil.event.totals.lines == 0


@pytest.mark.parametrize("line", [";;x", ";;5"], ids=["no amount", "no number"])
def test_where_so_many_faults_are_told_no_more_are_looked_for(line: str) -> None:
    table = "line_no;insured_number;base_xof\n" + f"{line}\n" * 500
    told = read_filing(table.encode(), "csv", Said("D", "P", "2026-01", None, None, None), most_faults=20).faults
    assert 20 <= len(told) <= 22
    assert len(read_filing(table.encode(), "csv", Said("D", "P", "2026-01", None, None, None)).faults) >= 500
