"""Registration's batches on a real database: repeats, conflicts, waiting, transfers, and two workers at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.builders import affiliation, country, hire, in_waves, interleave, repeated
from tests.oracle import differences, fold, recompute
from tests.servers.conftest import CreateDatabase
from tests.servers.meeting import met
from tests.servers.registration_desk import Desk

NINA = "12345678901234A"
BLOCKED = "select exists (select from pg_locks where not granted)"
OpenDesk = Callable[..., Awaitable[Desk]]


@pytest_asyncio.fixture
async def open_desk(postgres: CreateDatabase) -> AsyncIterator[OpenDesk]:
    """Opens workers on one new database."""
    url = await postgres(f"registration_{uuid4().hex[:12]}")
    desks: list[Desk] = []

    async def opened(partition: int = 0, clock: str = "event") -> Desk:
        desks.append(await Desk.opened(url, partition, clock))
        return desks[-1]

    yield opened
    for desk in desks:
        await desk.connection.close()


@pytest_asyncio.fixture
async def desk(open_desk: OpenDesk) -> Desk:
    """One worker on a new database."""
    return await open_desk()


async def test_a_request_said_again_in_another_batch_under_another_event_id_counts_once(desk: Desk) -> None:
    said, asked = affiliation("P1"), hire("P1", nina=NINA)
    await desk.take(said, asked)
    before = await desk.facts()
    tally = await desk.take(said, asked, said.again(event_id="other-1"), asked.again(event_id="other-2"))
    assert (tally.duplicates, tally.effects, tally.dead_letters) == (4, 0, {})
    assert await desk.facts() == before


async def test_a_request_said_otherwise_is_set_aside_and_claims_nothing(desk: Desk) -> None:
    asked = hire("P1", nina=NINA)
    await desk.take(affiliation("P1"), asked)
    other = asked.again(event_id="other", category="voluntary")
    tally = await desk.take(asked.again(category="voluntary"), other, affiliation("P1", name="Autre"))
    assert tally.dead_letters == {"conflicting-duplicate": 3}
    assert (tally.effects, len(await desk.facts("payer-affiliated"))) == (0, 1)
    mended = await desk.take(other.again(event_id="other", request_id="H2"))
    assert mended.effects == 1
    assert [person["category"] for person in await desk.facts("person-registered")] == ["worker", "voluntary"]


async def test_hires_wait_over_batches_and_are_decided_in_the_order_in_which_they_came(desk: Desk) -> None:
    await desk.take(hire("P1", "H3"), hire("P1", "H1", nina=NINA, given_names="Bintou"))
    await desk.take(hire("P1", "H2"), hire("P2", "H1", nina=NINA))
    assert list((await desk.answers()).values()) == [("pending", ["unknown-payer"])] * 4
    await desk.take(hire("P1", "H4", hired_on="2031-01-01"), affiliation("P1"), hire("P1", "H5", nina=NINA))
    assert await desk.answers() == {
        ("P1", "H3"): ("registered", []),
        ("P1", "H1"): ("registered", []),
        ("P1", "H2"): ("registered", ["possible-duplicate"]),
        ("P1", "H4"): ("rejected", ["hire-in-future"]),
        ("P1", "H5"): ("already_registered", []),
        ("P2", "H1"): ("pending", ["unknown-payer"]),
    }
    await desk.take(affiliation("P2"))
    assert (await desk.answers())["P2", "H1"] == ("transferred", [])
    assert await desk.connection.fetchval("select count(*) from hire where outcome = 'pending'") == 0


async def test_an_earlier_hire_that_comes_later_leaves_the_person_where_they_are(desk: Desk) -> None:
    await desk.take(affiliation("P1"), affiliation("P2"), hire("P1", nina=NINA, hired_on="2020-01-05"))
    await desk.take(hire("P2", nina=NINA, hired_on="2019-01-05"))
    await desk.take(hire("P2", "H2", nina=NINA, hired_on="2020-01-10", at="2020-01-11T00:00:00Z"))
    answers = await desk.answers()
    assert answers["P2", "H1"] == ("already_registered", [])
    assert answers["P2", "H2"] == ("transferred", [])
    people = await desk.facts("person-registered")
    assert [person["payer_id"] for person in people] == ["P1", "P2"]
    assert len({(person["insured_number"], person["registered_on"]) for person in people}) == 1


async def test_two_workers_that_meet_one_nina_at_once_register_one_person(open_desk: OpenDesk) -> None:
    first, second = await open_desk(0), await open_desk(1)
    await first.take(*(affiliation(payer_id) for payer_id in ("P1", "P2")))
    for turn in range(10):
        nina = f"{turn:014d}Z"
        born = f"19{50 + turn}-01-01"
        await asyncio.gather(
            first.take(hire("P1", f"H{turn}", nina=nina, birth_date=born)),
            second.take(hire("P2", f"H{turn}", nina=nina, birth_date=born, hired_on="2020-01-02")),
        )
    people = await first.connection.fetch("select payer_id, insured_number from person")
    assert [person["payer_id"] for person in people] == ["P2"] * 10
    told = {fact["insured_number"] for fact in await first.facts("registration-answered")}
    assert told == {person["insured_number"] for person in people}


@pytest.mark.parametrize("given_names", ["Awa", "Bintou"])
async def test_who_was_registered_while_a_batch_waited_is_met_by_it(open_desk: OpenDesk, given_names: str) -> None:
    first, second = await open_desk(0), await open_desk(1)
    await first.take(affiliation("P1"), affiliation("P2"))
    async with first.connection.transaction():
        await first.take(hire("P1", nina=NINA))
        waiting = asyncio.create_task(second.take(hire("P2", nina=NINA, given_names=given_names)))
        async with asyncio.timeout(10):
            while not await first.connection.fetchval(BLOCKED):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    await waiting
    assert second.retries == 1
    assert (await first.answers())["P2", "H1"] == ("transferred", [])


async def test_two_workers_that_register_one_person_without_nina_at_once_list_them(open_desk: OpenDesk) -> None:
    first, second = await open_desk(0), await open_desk(1)
    await first.take(affiliation("P1"), affiliation("P2"))
    for turn in range(10):
        born = f"19{50 + turn}-01-01"
        await asyncio.gather(
            first.take(hire("P1", f"H{turn}", birth_date=born)), second.take(hire("P2", f"H{turn}", birth_date=born))
        )
    codes = [codes for _, codes in (await first.answers()).values()]
    assert sorted(codes) == [[]] * 10 + [["possible-duplicate"]] * 10
    assert await first.connection.fetchval("select count(*) from possible_duplicate") == 10


async def test_a_hire_and_its_affiliation_read_at_once_miss_each_other_never(open_desk: OpenDesk) -> None:
    first, second = await open_desk(0), await open_desk(1)
    for turn in range(20):
        await asyncio.gather(first.take(affiliation(f"P{turn}")), second.take(hire(f"P{turn}", nina=f"{turn:014d}Z")))
    assert {outcome for outcome, _ in (await first.answers()).values()} == {"registered"}


async def test_more_hires_than_locks_wait_for_one_payer_and_are_all_decided(desk: Desk) -> None:
    for batch in range(3):
        await desk.take(*(hire("P1", f"H{batch}-{n}", family_name=f"Nom{batch}x{n}") for n in range(400)))
    await desk.take(affiliation("P1"))
    assert {outcome for outcome, _ in (await desk.answers()).values()} == {"registered"}
    assert await desk.connection.fetchval("select count(distinct insured_number) from hire") == 1200


async def test_a_batch_of_500_hires_is_a_handful_of_statements(desk: Desk) -> None:
    await desk.take(affiliation("P1"))
    statements: list[str] = []
    desk.connection.add_query_logger(lambda query: statements.append(query.query))
    await desk.take(*(hire("P1", f"H{n}", nina=f"{n:014d}Z", family_name=f"Nom{n}") for n in range(500)))
    assert len(statements) < 25, statements


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_order_and_the_batches_the_end_is_what_the_oracle_recomputes(desk: Desk, seed: int) -> None:
    made = country(seed, payers=25)
    poison = [bad for bad in made.poison if bad.topic.endswith("-requested")]
    drafts = repeated([*made.affiliations, *made.changes, *made.hires, *poison], seed)
    ordered = interleave(drafts, seed)
    for wave in in_waves(ordered, 12, seed):
        await desk.take(*wave)
    facts = await desk.published()
    assert differences(recompute(desk.read, facts), fold(facts)) == []


HIRED = hire("P1", "H1", nina=NINA)
AFFILIATED, AFFILIATED_LATER = (
    affiliation("P1"),
    affiliation("P1", request_id="A2", name="Nouveau nom", at="2031-01-01T00:00:00Z"),
)
MEETINGS = {
    "an affiliation and a hire": (AFFILIATED, HIRED),
    "a hire and an affiliation": (HIRED, AFFILIATED),
    "an affiliation and one said later": (AFFILIATED, AFFILIATED_LATER),
    "an affiliation and one said earlier": (AFFILIATED_LATER, AFFILIATED),
    "a hire said twice": (HIRED, HIRED.again(event_id="other")),
    "a hire said otherwise": (HIRED, HIRED.again(event_id="other", category="voluntary")),
}


@pytest.mark.parametrize("meeting", MEETINGS)
async def test_who_comes_second_to_a_payer_waits_and_goes_by_what_the_first_has_left(
    open_desk: OpenDesk, postgres: CreateDatabase, meeting: str
) -> None:
    first, second, holder = [await open_desk(number) for number in range(3)]
    alone = await Desk.opened(await postgres(f"registration_{uuid4().hex[:12]}"))
    earlier, later = MEETINGS[meeting]
    await first.take(hire("P1", "H0"))
    await met(
        (first.connection, first.take(earlier)), (second.connection, second.take(later)), holder.connection, "payer"
    )
    for draft in (hire("P1", "H0"), earlier, later):
        await alone.take(draft)
    assert await first.answers() == await alone.answers()
    assert await first.facts("payer-affiliated") == await alone.facts("payer-affiliated")
    await alone.connection.close()
