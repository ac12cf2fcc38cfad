"""Liquidation's batches on a real database: waiting, duplicates, repeats, and two workers at once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.builders import Draft
from tests.servers.conftest import CreateDatabase
from tests.servers.liquidation_window import Window, form, person, rights, same_event
from tests.servers.meeting import met

BLOCKED = "select exists (select from pg_locks where not granted)"
OpenWindow = Callable[..., Awaitable[Window]]


@pytest_asyncio.fixture
async def open_window(postgres: CreateDatabase) -> AsyncIterator[OpenWindow]:
    """Opens workers on one new database."""
    url = await postgres(f"liquidation_{uuid4().hex[:12]}")
    windows: list[Window] = []

    async def opened(partition: int = 0, clock: str = "event") -> Window:
        windows.append(await Window.opened(url, partition, clock))
        return windows[-1]

    yield opened
    for window in windows:
        await window.connection.close()


@pytest_asyncio.fixture
async def window(open_window: OpenWindow) -> Window:
    """One worker on a new database."""
    return await open_window()


async def waiting(window: Window) -> int:
    """How many forms wait."""
    count: int = await window.connection.fetchval("select count(*) from form where outcome is null")
    return count


async def _blocked(window: Window) -> None:
    """Waits until somebody waits for a lock."""
    async with asyncio.timeout(10):
        while not await window.connection.fetchval(BLOCKED):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_forms_wait_over_batches_and_are_liquidated_in_the_order_of_reading(window: Window) -> None:
    await window.take(form("S3"), form("S1"))
    await window.take(form("S2", "N2"), form("S2", lines=[(0, 5)]))
    assert (await window.facts(), await waiting(window)) == ([], 4)
    await window.take(form("S4"), person(), form("S5"))
    assert await window.verdicts() == [
        ("S3", "P1", "accepted", []),
        ("S1", "P1", "accepted", []),
        ("S2", "P1", "rejected", ["duplicate-form"]),
        ("S4", "P1", "accepted", []),
        ("S5", "P1", "accepted", []),
    ]
    await window.take(person("N2", None))
    assert (await window.verdicts())[-1] == ("S2", None, "accepted", [])
    assert await waiting(window) == 0


async def test_a_content_said_again_in_a_later_batch_has_no_effect_and_claims_nothing(window: Window) -> None:
    await window.take(person(), form("S1"), form("S1", lines=[(2, 7)]))
    tally = await window.take(form("S1", lines=[(2, 7)]), form("S1"))
    assert (tally.duplicates, tally.effects, tally.dead_letters) == (2, 0, {})
    other = form("S1")
    await window.take(other)
    # No effect claims no event id: another content may come under it.
    assert (await window.take(same_event(other, form("S2")))).effects == 1
    assert Counter(serial for serial, *_ in await window.verdicts()) == {"S1": 2, "S2": 1}


async def test_an_event_id_said_otherwise_is_set_aside_and_its_serial_stays_free(window: Window) -> None:
    first = form("S1")
    tally = await window.take(person(), first, same_event(first, form("S2")))
    assert tally.dead_letters == {"conflicting-duplicate": 1}
    await window.take(form("S2", lines=[(1, 3)]))
    assert [verdict[2:] for verdict in await window.verdicts()] == [("accepted", []), ("accepted", [])]


async def test_a_change_of_rights_is_taken_in_without_effect(window: Window) -> None:
    tally = await window.take(person(), rights(), form("S1"))
    assert (tally.effects, tally.dead_letters) == (3, {})
    assert await window.verdicts() == [("S1", "P1", "accepted", [])]


async def test_a_transfer_decides_for_the_forms_after_it_whatever_was_told_late(window: Window) -> None:
    await window.take(person(at="2026-04-01T00:00:00Z"), person(payer_id="P2", at="2026-04-03T00:00:00Z"))
    await window.take(person(payer_id="P0", at="2026-04-02T00:00:00Z"), form("S1", at="2026-04-01T12:00:00Z"))
    fact = (await window.facts("form-liquidated"))[0]
    assert (fact["payer_id"], fact["liquidated_on"]) == ("P2", "2026-04-03")


async def test_a_form_that_waited_is_dated_by_the_later_of_itself_and_its_person(window: Window) -> None:
    await window.take(form("S1", at="2026-04-09T12:00:00Z"), form("S2", at="2026-04-01T12:00:00Z"))
    await window.take(person(at="2026-04-03T00:00:00Z"))
    rows = await window.connection.fetch("select distinct known_at::text from outbox")
    assert [row[0] for row in rows] == ["2026-04-09 12:00:00+00"]
    assert {fact["liquidated_on"] for fact in await window.facts("form-liquidated")} == {"2026-04-09"}


async def test_a_record_key_that_is_not_the_insured_number_is_a_dead_letter(window: Window) -> None:
    tally = await window.take(person(), form("S1").broken("", key=b"N2"))
    assert tally.dead_letters == {"schema-mismatch": 1}


async def test_one_serial_read_by_two_workers_at_once_has_one_first_form(open_window: OpenWindow) -> None:
    first, second = await open_window(0), await open_window(1)
    await first.take(person("N1", "P1"), person("N2", "P2"))
    for turn in range(20):
        await asyncio.gather(first.take(form(f"S{turn}", "N1")), second.take(form(f"S{turn}", "N2")))
    ended = Counter((serial, outcome) for serial, _, outcome, _ in await first.verdicts())
    assert ended == {(f"S{turn}", outcome): 1 for turn in range(20) for outcome in ("accepted", "rejected")}


async def test_one_form_read_by_two_workers_at_once_counts_once(open_window: OpenWindow) -> None:
    first, second = await open_window(0), await open_window(1)
    await first.take(person())
    for turn in range(20):
        await asyncio.gather(first.take(form(f"S{turn}")), second.take(form(f"S{turn}")))
    assert sorted(await first.verdicts()) == sorted((f"S{turn}", "P1", "accepted", []) for turn in range(20))


@pytest.mark.parametrize("named_before", [False, True])
async def test_a_form_and_its_person_read_at_once_miss_each_other_never(
    open_window: OpenWindow, named_before: bool
) -> None:
    first, second = await open_window(0), await open_window(1)
    earlier = [form(f"E{turn}", f"N{turn}") for turn in range(20)] if named_before else []
    await first.take(*earlier)
    for turn in range(20):
        await asyncio.gather(first.take(person(f"N{turn}")), second.take(form(f"S{turn}", f"N{turn}")))
    assert (len(await first.verdicts()), await waiting(first)) == (20 + len(earlier), 0)


async def test_who_was_registered_while_a_batch_waited_is_known_to_it(open_window: OpenWindow) -> None:
    first, second = await open_window(0), await open_window(1)
    await first.take(form("S1"))
    async with first.connection.transaction():
        await first.take(person())
        late = asyncio.create_task(second.take(form("S2")))
        await _blocked(first)
    await late
    assert [serial for serial, *_ in await first.verdicts()] == ["S1", "S2"]


@pytest.mark.parametrize("number", ["N1", "N2"])
async def test_what_was_read_while_a_batch_waited_is_seen_by_it(open_window: OpenWindow, number: str) -> None:
    first, second = await open_window(0), await open_window(1)
    await first.take(person("N1"), person("N2"))
    async with first.connection.transaction():
        await first.take(form("S1", "N1"))
        late = asyncio.create_task(second.take(form("S1", number, [(1, 2)])))
        await _blocked(first)
    await late
    assert [verdict[2:] for verdict in await first.verdicts()] == [
        ("accepted", []),
        ("rejected", ["duplicate-form"]),
    ]
    assert second.retries == 0


async def test_batches_that_name_the_same_numbers_and_serials_in_opposite_order_never_block_each_other(
    open_window: OpenWindow,
) -> None:
    first, second = await open_window(0), await open_window(1)
    for turn in range(10):
        one = [form(f"S{turn}-{n}", f"N{n % 7}") for n in range(40)]
        other = [form(f"S{turn}-{n}", f"N{(n + 3) % 7}") for n in reversed(range(40))]
        await asyncio.gather(first.take(*one), second.take(*other))
    assert (
        await first.connection.fetchval("select deadlocks from pg_stat_database where datname = current_database()")
        == 0
    )
    assert await waiting(first) == 10 * 40 * 2


async def test_many_forms_that_wait_for_one_person_are_all_liquidated_at_once(window: Window) -> None:
    for batch in range(3):
        await window.take(*(form(f"S{batch}-{n:03}") for n in range(500)))
    await window.take(person())
    told = [serial for serial, *_ in await window.verdicts()]
    assert told == [f"S{batch}-{n:03}" for batch in range(3) for n in range(500)]


async def test_a_batch_of_500_forms_is_a_handful_of_statements(window: Window) -> None:
    await window.take(*(person(f"N{n}") for n in range(0, 500, 2)))
    statements: list[str] = []
    window.connection.add_query_logger(lambda query: statements.append(query.query))
    await window.take(*(form(f"S{n}", f"N{n}") for n in range(400)), *(person(f"N{n}") for n in range(1, 200, 2)))
    assert len(statements) < 25, statements


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_order_and_the_workers_each_content_is_told_once(open_window: OpenWindow, seed: int) -> None:
    chance = random.Random(seed)
    windows = [await open_window(0), await open_window(1)]
    forms = [
        form(f"S{chance.randrange(60)}", f"N{chance.randrange(12)}", [(chance.randrange(-1, 3), 10)])
        for _ in range(300)
    ]
    people = [person(f"N{n}", f"P{n}") for n in range(10)]  # N10 and N11 stay unknown
    drafts: list[Draft] = [*forms, *chance.sample(forms, 60), *people]
    chance.shuffle(drafts)
    for start in range(0, len(drafts), 40):
        wave = drafts[start : start + 40]
        await asyncio.gather(windows[0].take(*wave[::2]), windows[1].take(*wave[1::2]))
    contents = {(d.body["form_serial"], d.body["insured_number"], str(d.body["lines"])) for d in forms}
    unknown = {content for content in contents if content[1] in ("N10", "N11")}
    assert await waiting(windows[0]) == len(unknown)
    facts = await windows[0].facts("form-liquidated")
    assert Counter((fact["form_serial"], fact["insured_number"]) for fact in facts) == Counter(
        content[:2] for content in contents - unknown
    )
    assert all(fact["payer_id"] == fact["insured_number"].replace("N", "P") for fact in facts)
    standing = Counter(fact["form_serial"] for fact in facts if fact["reasons"] != ["duplicate-form"])
    firsts = await windows[0].connection.fetch("select form_serial from form where reading_no = 1 and outcome is null")
    assert standing == dict.fromkeys({content[0] for content in contents} - {row[0] for row in firsts}, 1)


MEETINGS = {
    "a person and a form": (person(), form("S1")),
    "a form and a person": (form("S1"), person()),
    "a person told of later": (person(), person(payer_id="P2", at="2031-01-01T00:00:00Z")),
    "a person told of earlier": (person(payer_id="P2", at="2031-01-01T00:00:00Z"), person()),
    "a form said twice": (form("S1"), form("S1")),
}


@pytest.mark.parametrize("meeting", MEETINGS)
async def test_who_comes_second_to_a_number_waits_and_goes_by_what_the_first_has_left(
    open_window: OpenWindow, postgres: CreateDatabase, meeting: str
) -> None:
    first, second, holder = [await open_window(number) for number in range(3)]
    alone = await Window.opened(await postgres(f"liquidation_{uuid4().hex[:12]}"), 0, "event")
    earlier, later = MEETINGS[meeting]
    await first.take(form("S0"))
    await met(
        (first.connection, first.take(earlier)), (second.connection, second.take(later)), holder.connection, "patient"
    )
    for draft in (form("S0"), earlier, later, form("S2")):
        await alone.take(draft)
    await second.take(form("S2"))
    assert await first.verdicts() == await alone.verdicts()
    assert await waiting(first) == await waiting(alone)
    await alone.connection.close()
