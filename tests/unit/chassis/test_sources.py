"""Who may publish for whom: the longest prefix decides, an edit takes effect, a broken one changes nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from recouvra.chassis.sources import Sources
from recouvra.chassis.watched import WatchedFileError
from recouvra.contracts.reading import Refusal, read
from recouvra.contracts.record import Record
from tests.builders import Draft, affiliation, declaration, payment


def _may(sources: Sources, draft: Draft, topic: str | None = None) -> bool:
    sources.refresh()
    received = read(Record(draft.topic, 0, 0, draft.key, draft.value, draft.headers))
    if topic is not None:
        received = type(received)(
            Record(topic, 0, 0, draft.key, draft.value, draft.headers),
            received.envelope,
            received.event,
            received.content,
        )
    try:
        sources.check(received)
    except Refusal as refusal:
        return (refusal.reason, refusal.source, refusal.event_id) != (
            "unauthorised-source",
            draft.envelope.source,
            draft.envelope.event_id,
        )
    return True


def _written(path: Path, text: str) -> None:
    """Replaces the file; the time of its change is later than the last, whatever the file system's grain."""
    path.write_text(text)
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + status.st_size * 1_000_000))


RULES = {
    "/payroll/": ["A*"],
    "/payroll/sage": ["B-?", "C-[12]"],
    "/payroll/sage/old": [],
    "/treasury": ["*"],
}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "sources.json"
    _written(path, json.dumps(RULES))
    return path


@pytest.mark.parametrize(
    ("source", "payer_id", "allowed"),
    [
        ("/payroll/ciel", "A1", True),
        ("/payroll/ciel", "B-1", False),
        ("/payroll/ciel", "a1", False),
        ("/payroll/sage", "B-1", True),
        ("/payroll/sage/2", "B-1", True),
        ("/payroll/sage", "B-12", False),
        ("/payroll/sage", "C-2", True),
        ("/payroll/sage", "C-3", False),
        ("/payroll/sage", "A1", False),
        ("/payroll/sage/old", "B-1", False),
        ("/payroll", "A1", False),
        ("/treasury", "Z", True),
        ("/unknown", "A1", False),
    ],
)
def test_the_longest_prefix_that_a_source_begins_with_decides_by_its_globs(
    rules: Path, source: str, payer_id: str, allowed: bool
) -> None:
    assert _may(Sources(rules), declaration(payer_id, source=source)) is allowed


def test_money_of_an_unknown_payer_may_be_reported_by_whoever_may_report_at_all(rules: Path) -> None:
    assert _may(Sources(rules), payment(None, source="/treasury"))
    assert _may(Sources(rules), payment(None, source="/payroll/sage"))
    assert not _may(Sources(rules), payment(None, source="/payroll/sage/old"))
    assert not _may(Sources(rules), payment(None, source="/unknown"))


def test_without_a_file_everyone_may_publish_for_everyone() -> None:
    assert _may(Sources(None), affiliation("A1", source="/unknown"))


def test_facts_of_our_own_services_pass_whatever_the_rules(rules: Path) -> None:
    assert _may(Sources(rules), affiliation("A1", source="/unknown"), topic="payer-affiliated")


def test_an_edit_takes_effect(rules: Path) -> None:
    sources, stranger = Sources(rules), affiliation("A1", source="/unknown")
    assert not _may(sources, stranger)
    _written(rules, '{"/unknown": ["A1"]}')
    assert _may(sources, stranger)
    _written(rules, "{}")
    assert not _may(sources, stranger)


BROKEN = ['{"/treasury": ["*"]', "[]", '{"/treasury": "*"}', '{"/treasury": [1]}', "\xff", "", "[" * 100_000]


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:20])
def test_a_broken_edit_leaves_the_rules_read_before_and_the_mended_one_counts(rules: Path, text: str) -> None:
    sources, known, stranger = Sources(rules), payment("Z"), payment("Z", source="/unknown")
    assert _may(sources, known)
    rules.write_bytes(text.encode("latin-1"))
    assert _may(sources, known)
    assert not _may(sources, stranger)
    _written(rules, '{"/unknown": ["*"]}')
    assert _may(sources, stranger)
    assert not _may(sources, known)


def test_a_file_that_disappears_leaves_the_rules_read_before(rules: Path) -> None:
    sources = Sources(rules)
    assert _may(sources, payment("Z"))
    rules.unlink()
    assert _may(sources, payment("Z"))


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:20])
def test_a_file_broken_from_the_start_judges_nobody(rules: Path, text: str) -> None:
    rules.write_bytes(text.encode("latin-1"))
    with pytest.raises(WatchedFileError):
        Sources(rules).refresh()


def test_a_file_missing_from_the_start_judges_nobody(tmp_path: Path) -> None:
    with pytest.raises(WatchedFileError):
        Sources(tmp_path / "none.json").refresh()
