"""A backup's folder: never over another, never half, nobody else's to read; and what is refused at once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recouvra.cli.main import app
from recouvra.local.backups import read_backup, write_backup
from recouvra.local.databases import told_by_environment
from recouvra.local.errors import LocalError
from recouvra.local.roles import SERVICES


@pytest.fixture(autouse=True)
def _in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en")


def _nothing(_service: str, _table: str, _count: int) -> None:
    """Whoever does not care how far it is."""


def _backup(folder: Path, **other: Any) -> Path:
    """A backup of nothing, whole by its digest, with something of the manifest otherwise."""
    folder.mkdir()
    manifest = {"format": 1, "made_by": "0", "made_at": "2026-01-01T00:00:00Z", "databases": {}} | other
    _manifest(folder, json.dumps(manifest))
    return folder


def _manifest(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.json.sha256").write_text(f"{digest}  manifest.json\n")


def test_a_whole_backup_of_nothing_is_read(tmp_path: Path) -> None:
    written = asyncio.run(write_backup(tmp_path / "b", {}, _nothing))
    assert read_backup(tmp_path / "b", [], _nothing) == written
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "b").iterdir()} == {0o600}
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_folder_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(LocalError) as refused:
        asyncio.run(write_backup(tmp_path / "b", {}, _nothing))
    assert refused.value.exit_code == 2
    assert list((tmp_path / "b").iterdir()) == []


def test_what_a_killed_backup_left_is_no_backup_and_in_nobodys_way(tmp_path: Path) -> None:
    left = tmp_path / ".b.unfinished" / "registration"
    left.mkdir(parents=True)
    (left / "hire.gz").write_bytes(b"half")
    asyncio.run(write_backup(tmp_path / "b", {}, _nothing))
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert not (tmp_path / "b" / "registration").exists()


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    nowhere = {"registration": "postgresql://registration:x@127.0.0.1:1/registration"}
    with pytest.raises(LocalError, match="registration"):
        asyncio.run(write_backup(tmp_path / "b", nowhere, _nothing))
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_that_was_touched_is_refused(tmp_path: Path) -> None:
    manifest = _backup(tmp_path / "b") / "manifest.json"
    manifest.write_text(manifest.read_text().replace("2026", "2027"))
    with pytest.raises(LocalError, match="no whole backup"):
        read_backup(tmp_path / "b", [], _nothing)


@pytest.mark.parametrize("other", [{"format": 2}, {"more": 1}, {"databases": {"registration": {}}}])
def test_a_manifest_that_says_what_we_do_not_know_is_of_a_newer_version(tmp_path: Path, other: dict[str, Any]) -> None:
    with pytest.raises(LocalError, match="newer version"):
        read_backup(_backup(tmp_path / "b", **other), [], _nothing)


def test_a_service_that_is_not_in_the_backup_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="has no reporting"):
        read_backup(_backup(tmp_path / "b"), ["reporting"], _nothing)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["backup", "{}/b", "--data", "{}/none"], 2),
        (["restore", "{}/none"], 1),
        (["restore", "{}/none", "--service", "payroll"], 2),
    ],
)
def test_a_wrong_use_is_refused_in_a_sentence(tmp_path: Path, words: list[str], code: int) -> None:
    done = CliRunner().invoke(app, [word.format(tmp_path) for word in words])
    assert isinstance(done.exception, LocalError)
    assert done.exception.exit_code == code
    assert list(tmp_path.iterdir()) == []


def test_addresses_are_told_of_all_services_or_of_none() -> None:
    told = {f"RECOUVRA_{name.upper()}_DATABASE_URL": f"postgresql://{name}" for name in SERVICES}
    assert told_by_environment(SERVICES, {}) is None
    assert told_by_environment(SERVICES, told) == {name: f"postgresql://{name}" for name in SERVICES}
    del told["RECOUVRA_REPORTING_DATABASE_URL"]
    with pytest.raises(LocalError, match="RECOUVRA_REPORTING_DATABASE_URL"):
        told_by_environment(SERVICES, told)
    assert told_by_environment(("registration",), told) == {"registration": "postgresql://registration"}
