"""What is written beside the code: documents that point somewhere, decisions that are short, locks without hosts."""

import re
from collections.abc import Iterable, Iterator

import pytest

from recouvra.contracts.topics import EVENTS, FACTS, MARKS, READS, WRITES
from tests.house.tree import ROOT, Check, Source, faults, sources

_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
_HOST = re.compile(r"://|--(?:extra-)?index-url|--find-links|--trusted-host|\b(?:[a-z0-9-]+\.)+(?:org|com|io|net)\b/")
_MACHINE_PATH = re.compile(r"(?<![\w.$}/])/(?:work|root|home|Users|tmp)/\w")
_TABLE = re.compile(r"^create table (\w+) \(", re.MULTILINE)
_DROPPED = re.compile(r"^drop table (\w+);", re.MULTILINE)
_PATH = re.compile(r'"(/v1/[^"]+)"')
_DECISION_LINES = 40


def dead_links(source: Source) -> Iterator[str]:
    """Links to files that are not there."""
    for number, line in enumerate(source.text.splitlines(), 1):
        for target in _LINK.findall(line):
            if "://" not in target and not (ROOT / source.path).parent.joinpath(target).exists():
                yield source.fault(number, f"no file {target}")


def named_hosts(source: Source) -> Iterator[str]:
    """Lines of a lock that say where to fetch from: that is the business of the machine that fetches."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if _HOST.search(line):
            yield source.fault(number, "a host")


def machine_paths(source: Source) -> Iterator[str]:
    """Paths that only one machine has."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := _MACHINE_PATH.search(line):
            yield source.fault(number, f"a path of one machine: {found[0]}")


def long_decision(source: Source) -> Iterator[str]:
    """An ADR that nobody reads to its end."""
    count = len(source.text.splitlines())
    if count > _DECISION_LINES:
        yield source.fault(count, f"{count} lines, {_DECISION_LINES} are allowed")


def untold(service: str, canvas: str, code: Iterable[Source]) -> list[str]:
    """What the one-page canvas of a service leaves out of its topics, its tables and its endpoints."""
    words, dropped = {*READS.get(service, ()), *WRITES.get(service, ())}, set[str]()
    for source in code:
        words |= set(_TABLE.findall(source.text)) if source.path.endswith(".sql") else set(_PATH.findall(source.text))
        dropped |= set(_DROPPED.findall(source.text))
    return sorted(word for word in words - dropped if not re.search(rf"(?<![\w/-]){re.escape(word)}(?![\w/-])", canvas))


def test_every_service_tells_its_topics_tables_and_endpoints() -> None:
    for folder in (ROOT / "services").glob("*/app.py"):
        service = folder.parent.name
        code = [one for one in sources(".py", ".sql") if one.within(f"services/{service}")]
        canvas = (folder.parent / "README.md").read_text("utf-8")
        assert untold(service, canvas, code) == [], service


def test_a_canvas_that_leaves_something_out_is_caught() -> None:
    table = Source("services/a/migrations/0001_x.sql", "create table debt (\n")
    door = Source("services/a/doors/http.py", '@app.get("/v1/debts/{debt_id}")')
    assert untold("reporting", "`/v1/debts`, `debts`", [table, door]) == sorted(["/v1/debts/{debt_id}", "debt", *FACTS])


def test_every_link_leads_somewhere() -> None:
    assert faults(dead_links, *sources(".md")) == []


def test_every_topic_is_told_of_in_the_documents() -> None:
    told = "".join(source.text for source in sources(".md") if source.within("docs"))
    assert [topic for topic in (*EVENTS, MARKS) if f"`{topic}`" not in told] == []


def test_the_locks_name_no_host() -> None:
    locks = sources(".lock")
    assert {lock.path for lock in locks} >= {"requirements.lock", "recouvra/local/kafka.lock"}
    assert faults(named_hosts, *locks) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    files = [one for one in sources(".py", ".sql", ".md", ".toml", ".lock", "Makefile") if not one.within("tests")]
    assert faults(machine_paths, *files) == []


def test_decisions_are_short_and_numbered_without_gaps() -> None:
    decisions = [source for source in sources(".md") if source.within("docs/decisions")]
    assert [int(one.path.rpartition("/")[2][:4]) for one in decisions] == list(range(1, len(decisions) + 1))
    assert faults(long_decision, *decisions) == []


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (dead_links, "See [the guide](guides/nobody.md#first)."),
        (named_hosts, "--index-url https://example.invalid/simple"),
        (named_hosts, "aiokafka @ git+ssh://example.invalid/aiokafka"),
        (named_hosts, "# from mirror.example.org/simple"),
        (machine_paths, 'cache = "/home/ana/cache"'),
        (long_decision, "a line\n" * 41),
    ],
)
def test_a_wrong_document_is_caught(check: Check, text: str) -> None:
    assert len(faults(check, Source("docs/a.md", text))) == 1
