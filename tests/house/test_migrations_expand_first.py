"""A migration is safe beside the previous version's workers: it expands, or it says what it takes from whom.

While an upgrade goes on, workers of the version before read and write the tables that are already the new ones. So a
migration that is newer than the last release may only add what they need not know; what they no longer use is taken
away one release later, by a file that says in its first line whose it was (docs/guides/developer.md).
"""

import re
from collections.abc import Iterator

import pytest

from tests.house.tree import Source, faults, sources

# The last migration of each room in the last version that runs anywhere; moved up by each release.
RELEASED = {
    "recouvra/chassis": 2,
    "services/contributions": 2,
    "services/liquidation": 1,
    "services/registration": 2,
    "services/reporting": 3,
}
CONTRACTS = re.compile(r"-- contracts what version \d+\.\d+\.\d+ stopped using: \S.*")

_QUOTED_OR_COMMENT = re.compile(r"('(?:[^']|'')*'|\$\$.*?\$\$)|--[^\n]*", re.DOTALL)
_NAME = r"(?:if not exists )?(?:only )?\"?(?P<table>[a-z_]+)\"?"
_CREATED = re.compile(rf"create (?:unlogged )?table {_NAME}")
_ADDED = re.compile(r"add (?:column )?(?:if not exists )?(?P<column>[a-z_]+) (?P<said>.*)")
_EMPTIED = re.compile(r"(?:truncate|analyze|drop table) (?P<tables>[a-z_]+(?:, [a-z_]+)*)$")
_ON = re.compile(r"create (?P<unique>unique )?index .*? ?on (?:only )?(?P<table>[a-z_]+) .*?\((?P<columns>.*)")
# What changes neither what a statement of the version before may say nor what it finds.
_HARMLESS = re.compile(
    r"(create (unlogged |temporary )?table|create sequence|create type|create function|comment on|insert into|update"
    r"|grant|drop index"
    r"|create trigger \S+ after .* for each statement"  # it sees what was written, and turns nothing away
    r"|alter table \S+ (validate constraint|set \(|reset \()"
    r"|alter table \S+ alter (column )?\S+ (drop not null|set (storage|statistics|compression|default)))\b"
)


def breaking(source: Source) -> Iterator[str]:
    """Statements that the previous version's workers might not survive, unless the file says that they contract.

    Tables that this file or another of its room creates since the last release are unknown to them.
    """
    if CONTRACTS.fullmatch(source.text.partition("\n")[0]):
        return
    statements = list(_statements(source.text))
    created = _creates(source).union(
        *(_creates(one) for one in _migrations() if _newer(one) and _room(one) == _room(source))
    )
    added: set[str] = set()
    for line, text in statements:
        if why := _against(text, created, added):
            yield source.fault(line, why)


def _creates(source: Source) -> set[str]:
    return {found["table"] for _, text in _statements(source.text) if (found := _CREATED.match(text))}


def _room(source: Source) -> str:
    return source.path.partition("/migrations/")[0]


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement on one line and in lower case, without comments and quoted text, and the line where it starts."""
    bare = _QUOTED_OR_COMMENT.sub(lambda found: "''" + "\n" * found[0].count("\n") if found[1] else "", text)
    line = 1
    for part in bare.split(";"):
        start = line + part[: len(part) - len(part.lstrip())].count("\n")
        line += part.count("\n")
        if part.strip():
            yield start, " ".join(part.lower().split())


def _against(text: str, created: set[str], added: set[str]) -> str | None:
    """Why one statement is refused. `added` collects the columns that are null in whatever the old version writes."""
    if found := _ON.match(text):
        free = found["table"] in created or added & set(re.findall(r"[a-z_]+", found["columns"]))
        return None if free or not found["unique"] else f"a unique index on {found['table']}, which others write"
    if (found := _EMPTIED.match(text)) and created.issuperset(found["tables"].split(", ")):
        return None
    if not (found := re.match(rf"alter table {_NAME} (?P<action>.*)", text)):
        return None if _HARMLESS.match(text) else f"nobody said that this is safe: {text[:60]}"
    if found["table"] in created or _HARMLESS.match(text):
        return None
    for action in re.split(r", (?=add |drop |alter |rename )", found["action"]):
        if re.match(r"add (constraint|check|foreign|unique|primary|exclude)\b", action):
            if not action.endswith("not valid"):
                return f"a constraint on {found['table']} that is not `not valid`"
        elif column := _ADDED.match(action):
            if re.search(r"\b(unique|primary key)\b", column["said"]):
                return f"a unique column of {found['table']}, which others write"
            if "default" not in column["said"] and "generated" not in column["said"]:
                if "not null" in column["said"]:
                    return f"{column['column']}, not null without a default: others do not write it"
                added.add(column["column"])
        elif not _HARMLESS.match(f"alter table {found['table']} {action}"):
            return f"nobody said that this is safe: {action[:60]}"
    return None


def _newer(source: Source) -> bool:
    return int(source.path.partition("/migrations/")[2][:4]) > RELEASED.get(_room(source), 0)


def _migrations() -> list[Source]:
    return [one for one in sources(".sql") if one.within("recouvra/*/migrations", "services/*/migrations")]


def test_migrations_newer_than_the_last_release_expand_first() -> None:
    assert faults(breaking, *(one for one in _migrations() if _newer(one))) == []


def test_every_room_with_migrations_tells_its_last_released_one() -> None:
    numbers = {room: 0 for room in RELEASED}
    for one in _migrations():
        room, _, name = one.path.partition("/migrations/")
        numbers[room] = max(numbers.get(room, 0), int(name[:4]))
    assert numbers.keys() == RELEASED.keys()
    assert all(numbers[room] >= last for room, last in RELEASED.items())


BREAKING = (
    "drop table insured;",
    "drop view v;",
    "truncate insured;",
    "delete from insured;",
    "alter table insured rename to person;",
    "alter table insured rename column payer_id to payer;",
    "alter table insured drop column payer_id;",
    "alter table insured add column a int,\n  drop column payer_id;",
    "alter table insured alter column payer_id type int;",
    "alter table insured alter payer_id set data type int;",
    "alter table insured alter column payer_id set not null;",
    "alter table insured alter column payer_id drop default;",
    "alter table insured add column a int not null;",
    "alter table insured add a int not null;",
    "alter table insured add column a int unique;",
    "alter table insured add constraint positive check (n > 0);",
    "alter table insured add unique (payer_id);",
    "create unique index insured_of on insured (payer_id);",
    "alter table insured add column a int default 1; create unique index insured_a on insured (a);",
    "create trigger t before insert on insured for each row execute function f();",
    "lock table insured;",
    "-- contracts\ndrop table insured;",
    "insert into a values ('; --'); drop table insured;",
)


@pytest.mark.parametrize("text", BREAKING)
def test_what_would_break_the_version_before_is_caught(text: str) -> None:
    assert len(faults(breaking, Source("services/a/migrations/0009_x.sql", text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "create table a (n int not null unique); alter table a add check (n > 0); create unique index a_n on a (n);",
        "-- why\nalter table insured add column a int;",
        "alter table insured add column a int not null default 0, add column b text;",
        "alter table insured add column total bigint generated always as (a + b) stored not null;",
        "alter table insured add column cause uuid; create unique index u on insured (cause) where cause is not null;",
        "alter table insured add constraint positive check (n > 0) not valid;",
        "alter table insured validate constraint positive;",
        "alter table insured alter column note set storage external;",
        "create function f() returns trigger language plpgsql as $$ begin drop table a; end $$;\n"
        "create trigger t after insert on insured referencing new table as n for each statement execute function f();",
        "alter table insured alter column note drop not null;",
        "alter table insured set (fillfactor = 50);",
        "create index insured_of on insured (payer_id);",
        "create table a (n int); truncate a; drop table a;",
        "create temporary table before on commit drop as select * from insured;",
        "update insured set a = 0 where a is null; insert into a values ('drop table insured;');",
        "-- contracts what version 0.1.0 stopped using: insured, which nothing reads any more\ndrop table insured;",
    ],
)
def test_what_only_adds_passes_and_so_does_what_says_that_it_contracts(text: str) -> None:
    assert faults(breaking, Source("services/a/migrations/0009_x.sql", text)) == []
