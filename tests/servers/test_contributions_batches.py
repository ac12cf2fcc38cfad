"""Contributions' batches on a real database: two workers that meet on an account, on a payment, on a whole country."""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from recouvra.chassis.batch import Reading
from recouvra.chassis.database import WRITER, connect
from recouvra.chassis.migrate import migrate
from recouvra.chassis.outcome import Retry
from recouvra.chassis.positions import Place
from recouvra.chassis.sources import Sources
from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.record import Record
from recouvra.contracts.topics import EVENTS, READS
from services.contributions.doors.events import QUICKLY, EventDoor
from tests.builders import Draft, country, declaration, interleave, payment, repeated, reversal
from tests.oracle import PublishedRecord, conservation, differences, fold, recompute
from tests.servers.conftest import CreateDatabase
from tests.servers.contributions_desk import MIGRATIONS, Desk, affiliated, person
from tests.servers.meeting import blocked, met
from tests.unit.whole.fund import Fund

OpenDesk = Callable[..., Awaitable[Desk]]


@pytest_asyncio.fixture
async def open_desk(postgres: CreateDatabase) -> AsyncIterator[OpenDesk]:
    """Opens workers on one new database, or on another."""
    urls: dict[str, str] = {}
    desks: list[Desk] = []

    async def opened(partition: int = 0, database: str = "one") -> Desk:
        if database not in urls:
            urls[database] = await postgres(f"contributions_{uuid4().hex[:12]}")
        desks.append(await Desk.opened(urls[database], partition))
        return desks[-1]

    yield opened
    for desk in desks:
        await desk.connection.close()


# V0 leaves 504 of what January owes: whatever comes next shares it.
PAID = payment("P1", 5_000, payment_id="V0")
STANDING = [
    affiliated("P1"),
    declaration("P1", lines=[("000000000001", 73_000)]),
    PAID,
    payment("P9", 70, payment_id="V9"),
]
PAYS, PAYS_MORE = payment("P1", 900, payment_id="V1"), payment("P1", 40, payment_id="V2", paid_on="2026-02-01")
DECLARES = declaration("P1", "2026-02", lines=[("000000000001", 50_000)])
REPLACES = declaration("P1", lines=[("000000000001", 20_000)], declaration_id="D2", replaces="D-2026-01")
REPLACES_TOO = declaration("P1", lines=[("000000000001", 30_000)], declaration_id="D3", replaces="D-2026-01")
MEETINGS = {
    "two payments": (PAYS, PAYS_MORE),
    "a payment and a declaration": (PAYS, DECLARES),
    "a declaration and a payment": (DECLARES, PAYS),
    "a payment and its reversal": (PAYS, reversal(PAYS)),
    "two reversals of one payment": (reversal(PAID), reversal(PAID, payment_id="V0-S")),
    "two replacements of one declaration": (REPLACES, REPLACES_TOO),
    "an affiliation and a payment": (affiliated("P9"), payment("P9", 5, payment_id="V8")),
    "a declaration and an affiliation": (declaration("P9", lines=[("000000000009", 1)]), affiliated("P9")),
    "a payment said twice": (PAYS, PAYS.again(event_id="other")),
}


@pytest.mark.parametrize("meeting", MEETINGS)
async def test_who_comes_second_to_an_account_waits_and_goes_by_what_the_first_has_left(
    open_desk: OpenDesk, meeting: str
) -> None:
    first, second, holder, alone = [await open_desk(number) for number in range(3)] + [await open_desk(0, "another")]
    earlier, later = MEETINGS[meeting]
    await first.take(*STANDING)
    await met(
        (first.connection, first.take(earlier)), (second.connection, second.take(later)), holder.connection, "account"
    )
    for drafts in (STANDING, [earlier], [later]):
        await alone.take(*drafts)
    assert await first.facts() == await alone.facts()
    assert await _money(first) == await _money(alone)


async def _money(desk: Desk) -> list[tuple[object, ...]]:
    """Where all money stands, and what is due, as the tables keep it."""
    rows = await desk.connection.fetch(
        "select account_key, source, payment_id, period, received_xof from placement union all "
        "select account_key, source, payment_id, held_as, held_xof from hold union all "
        "select payer_id, payer_kind, period, '', insured_share_xof + payer_share_xof from pair order by 1, 2, 3, 4"
    )
    return [tuple(row) for row in rows]


LOST = payment(None, 600, payment_id="X", reference="VIR 1")
BOUNCED, BOUNCED_TOO = (reversal(LOST, payment_id=f"X-{name}", reference=f"VIR {name}") for name in ("R", "S"))
TOGETHER = [(LOST, BOUNCED), (BOUNCED, LOST), (BOUNCED, BOUNCED_TOO), (BOUNCED_TOO, LOST)]


@pytest.mark.parametrize("known", ["nothing", "another reversal"])
@pytest.mark.parametrize(("earlier", "later"), TOGETHER)
async def test_a_payment_and_its_reversals_that_come_under_different_keys_at_once_all_meet(
    open_desk: OpenDesk, earlier: Draft, later: Draft, known: str
) -> None:
    first, second = await open_desk(0), await open_desk(1)
    if known != "nothing":
        await first.take(reversal(LOST, payment_id="X-Q", reference="VIR Q"))
    async with first.connection.transaction():
        await first.take(earlier)
        waiting = asyncio.create_task(second.take(later))
        await blocked(second.connection, first.connection)
    await waiting
    await first.take(*({LOST.body["payment_id"]: LOST, "X-R": BOUNCED, "X-S": BOUNCED_TOO}.values()))
    assert await first.connection.fetchval("select count(*) from waiting_reversal") == 0
    assert await first.connection.fetchval("select count(*) from hold") == 0
    assert sum((await first.stands()).values()) == 0


async def test_a_reversal_set_aside_by_the_batch_that_brought_it_takes_no_other_of_its_name_along(
    open_desk: OpenDesk,
) -> None:
    first, second = await open_desk(0), await open_desk(1)
    other = payment(None, 600, payment_id="Y", reference="VIR 2")
    async with first.connection.transaction():
        await first.take(reversal(other, payment_id="X-R", reference="VIR R"))
        waiting = asyncio.create_task(second.take(BOUNCED.again(event_id="wrong", amount_xof=1), LOST))
        await blocked(second.connection, first.connection)
    assert (await waiting).dead_letters == {"conflicting-duplicate": 1}
    await first.take(other)
    assert await first.stands() == {("/treasury", "X"): 600}  # and of the other, undone when it came, nothing


@pytest.mark.parametrize("latest_first", [True, False])
async def test_of_two_facts_of_a_person_that_are_read_at_once_the_latest_holds(
    open_desk: OpenDesk, latest_first: bool
) -> None:
    first, second = await open_desk(0), await open_desk(1)
    told = [
        person("000000000001", payer, at)
        for payer, at in (("P2", "2026-02-01T00:00:00Z"), ("P1", "2026-01-01T00:00:00Z"))
    ]
    earlier, later = told if latest_first else reversed(told)
    async with first.connection.transaction():
        await first.take(earlier)
        waiting = asyncio.create_task(second.take(later))
        await blocked(second.connection, first.connection)
    await waiting
    assert await first.connection.fetchval("select payer_id from insured") == "P2"


async def test_a_reversal_that_waited_and_is_set_aside_gives_its_names_back(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    wrong = reversal(LOST, amount_xof=1)
    await desk.take(wrong)
    assert (await desk.take(LOST)).dead_letters == {"conflicting-duplicate": 1}
    mended = reversal(LOST).again(event_id=wrong.envelope.event_id)
    assert (await desk.take(mended)).effects == 1
    assert await desk.stands() == {("/treasury", "X"): 0}


OTHER = payment(None, 700, payment_id="Y", reference="VIR 2")


async def test_a_name_that_comes_again_once_its_reversal_was_set_aside_is_given_back_twice(open_desk: OpenDesk) -> None:
    desk = await open_desk(0)
    await desk.take(BOUNCED.again(event_id="wrong", amount_xof=1))
    again = reversal(OTHER, payment_id="X-R", reference="VIR R").again(event_id="wrong too", amount_xof=2)
    assert (await desk.take(LOST, again, OTHER)).dead_letters == {"conflicting-duplicate": 2}
    assert await _kept(desk) == (["X", "Y"], [])
    assert (await desk.take(BOUNCED)).effects == 1  # the name is free


async def test_an_awaited_reversal_that_is_set_aside_in_the_batch_that_brought_it_leaves_nothing(
    open_desk: OpenDesk,
) -> None:
    desk = await open_desk(0)
    await desk.take(reversal(payment(None, 600, payment_id="X-R", reference="VIR R"), payment_id="X-R-R"))
    assert await _kept(desk) == (["X-R", "X-R-R"], ["X-R-R"])
    batch = BOUNCED.again(event_id="wrong", amount_xof=1), LOST
    assert (await desk.take(*batch)).dead_letters == {"conflicting-duplicate": 2}
    assert await _kept(desk) == (["X"], [])


async def _kept(desk: Desk) -> tuple[list[str], list[str]]:
    """What is kept by its name: payments, reversals and what they await; and what waits."""
    tables = ("payment", "waiting_reversal")
    payments, waiting = [await desk.connection.fetch(f"select payment_id from {one} order by 1") for one in tables]  # noqa: S608
    return [row[0] for row in payments], [row[0] for row in waiting]


def inputs(seed: int) -> tuple[Fund, list[list[PublishedRecord]], list[PublishedRecord]]:
    """A country read by the rules of registration in memory: the facts, two stretches to read, what was known before.

    Persons and payers are known before anybody declares, as the oracle is told.
    """
    fund = Fund(seed, "event")
    fund.publish(*repeated(interleave(country(seed).people_first, seed), seed))
    fund.work()
    first = list(fund.facts)
    bodies = [json.loads(fact.value or b"") for fact in first if fact.topic == "registration-answered"]
    numbers = {(b["payer_id"], b["request_id"]): b["insured_number"] for b in bodies if b["insured_number"]}
    rest = [draft for draft in country(seed, numbers=numbers).rest if draft.topic != "care-form-submitted"]
    fund.publish(*repeated(interleave(rest, seed), seed))
    fund.work()
    fund.facts = [fact for fact in fund.facts if dict(fact.headers)["ce_source"] == b"/registration"]
    later = [fact for fact in fund.facts if fact not in first]
    topics = READS["contributions"]
    stretches = [[one for one in some if one.topic in topics] for some in (first, [*fund.log, *later])]
    return fund, stretches, first


class Worker:
    """One of two: every other partition of each topic is its own, so that a payer's records come to both."""

    def __init__(self, connection: asyncpg.Connection, number: int) -> None:
        self.connection, self._number = connection, number
        self._reading = Reading("contributions", EventDoor(), "event", Sources(None), quickly=QUICKLY)
        self._queues: dict[Place, deque[Record]] = defaultdict(deque)

    def find(self, records: Sequence[PublishedRecord]) -> None:
        """Has those of its partitions before it, to be read."""
        topics = sorted(READS["contributions"])
        for one in records:
            if (topics.index(one.topic) + one.partition) % 2 == self._number:
                self._queues[Place(one.topic, one.partition)].append(Record(*one[:5], tuple(one.headers)))

    @property
    def is_done(self) -> bool:
        """Whether it has read everything."""
        return not any(self._queues.values())

    async def read(self, dice: random.Random) -> None:
        """Takes the next of some partitions in, as often as it takes."""
        batch, moves = [], {}
        for place, queue in self._queues.items():
            taken = [queue.popleft() for _ in range(min(len(queue), dice.randrange(12)))]
            if taken:
                moves[place] = taken[0].offset, taken[-1].offset + 1
                batch += taken
        while batch:
            try:
                await self._reading.take(self.connection, moves, batch)
                return
            except Retry:
                continue


async def published(connection: asyncpg.Connection) -> list[PublishedRecord]:
    """The outbox as the relay would publish it, on a partition of nobody else's."""
    return [
        PublishedRecord(
            row["topic"],
            99,
            row["id"],
            row["key"],
            row["value"],
            binary_headers(
                Envelope(str(row["event_id"]), "/contributions", EVENTS[row["topic"]].event_type(), row["known_at"])
            ),
        )
        for row in await connection.fetch("select * from outbox order by id")
    ]


@pytest.mark.parametrize("seed", [3, 4])
async def test_a_country_that_two_workers_read_at_once_ends_as_the_oracle_says(
    postgres: CreateDatabase, seed: int
) -> None:
    fund, stretches, known_first = inputs(seed)
    url = await postgres(f"contributions_{uuid4().hex[:12]}")
    await migrate(url, MIGRATIONS)
    workers = [Worker(await connect(url, WRITER), number) for number in (0, 1)]
    dice = random.Random(seed)
    for stretch in stretches:
        for worker in workers:
            worker.find(stretch)
        while not all(worker.is_done for worker in workers):
            await asyncio.gather(*(worker.read(dice) for worker in workers))
    facts = [*fund.facts, *await published(workers[0].connection)]
    for worker in workers:
        await worker.connection.close()
    expected = recompute(fund.log, facts, known_first=known_first)
    assert differences(expected, fold(facts)) == []
    assert conservation(facts, expected.payments) == []
    assert len(expected.pairs) > 40
