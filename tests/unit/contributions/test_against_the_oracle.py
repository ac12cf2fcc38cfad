"""A small country read straight into a Book, without a server, ends as the independent recomputation says."""

from __future__ import annotations

import random
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.event import Event
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.reading import Received, Refusal, read
from recouvra.contracts.record import Record
from recouvra.contracts.registration_requested import RegistrationRequested
from services.contributions.domain.account import Account
from services.contributions.domain.book import Book
from tests import oracle
from tests.builders import Draft, as_published, country, interleave, repeated
from tests.unit.contributions.scene import person

START = datetime(2026, 7, 1, tzinfo=UTC)
READ = ("payroll-declared", "payment-reported")
TABLES = ("pairs", "assessments", "answers", "placements")


class Fund:
    """Contributions beside a register that tells every affiliation at once and knows everyone from the start."""

    def __init__(self) -> None:
        self.book = Book()
        self.now = START
        self.facts: list[oracle.PublishedRecord] = []
        self.dead_letters: list[tuple[str, int, int]] = []
        self._seen: dict[tuple[str, str], bytes] = {}
        self._holding: dict[str, tuple[datetime, str, str]] = {}

    def take(self, published: oracle.PublishedRecord) -> None:
        """Takes one record of the broker in, as the chassis would."""
        self.now += timedelta(seconds=1)
        topic, partition, offset, key, value, headers = published
        try:
            received = read(Record(topic, partition, offset, key, value, tuple(headers)))
        except Refusal:
            self._set_aside(published)
            return
        if isinstance(received.event, AffiliationRequested):
            self._affiliate(received, received.event)
        elif topic != "registration-requested":
            self._contribute(published, received)

    def publish(self, event: Event, key: str, known_at: datetime) -> None:
        """Puts a fact on its topic."""
        envelope = Envelope(f"f{len(self.facts)}", "/fund", event.event_type(), known_at)
        self.facts.append(
            oracle.PublishedRecord(
                event.topic, 0, len(self.facts), key.encode(), event.to_json(), binary_headers(envelope)
            )
        )

    def tell(self, event: Event) -> None:
        """Tells contributions a fact of registration."""
        self.publish(event, event.key, self.now)
        envelope = Envelope("fact", "/registration", event.event_type(), self.now)
        self._apply(Received(Record(event.topic, 0, 0, None, None, ()), envelope, event, event.content()))

    def _affiliate(self, received: Received, asked: AffiliationRequested) -> None:
        said = (received.envelope.time, received.envelope.source, received.envelope.event_id)
        if said < self._holding.get(asked.payer_id, said):
            return
        self._holding[asked.payer_id] = said
        known = asked.model_dump(exclude={"request_id"})
        self.tell(PayerAffiliated(**known))

    def _contribute(self, published: oracle.PublishedRecord, received: Received) -> None:
        name = (received.envelope.source, received.envelope.event_id)
        if name in self._seen:
            if self._seen[name] != received.content:
                self._set_aside(published)
            return
        self._apply(received)

    def _apply(self, received: Received) -> None:
        self.book.accounts.setdefault(received.event.key, Account(received.event.key))
        outcome = self.book.apply(received, self.now)
        for fact in outcome.facts:
            self.publish(fact.event, fact.key or "", fact.known_at)
        gone = [letter.record for letter in outcome.set_aside]
        if received.record not in gone and not outcome.duplicate:
            self._seen[received.envelope.source, received.envelope.event_id] = received.content
        for letter in outcome.set_aside:
            if letter.claimed:
                del self._seen[letter.source, letter.event_id]
            record = letter.record
            self.dead_letters.append((record.topic, record.partition, record.offset))

    def _set_aside(self, published: oracle.PublishedRecord) -> None:
        if published.topic in READ:
            self.dead_letters.append(published[:3])


@pytest.mark.parametrize("seed", range(6))
def test_a_country_read_in_a_random_order_ends_as_the_oracle_says(seed: int) -> None:
    made = country(seed, payers=20, numbers=_number)
    drafts = repeated(interleave(made.drafts, seed), seed)
    records = as_published(drafts)
    fund = Fund()
    for hired in _hired(made.hires):
        fund.tell(person(_number(hired.payer_id, hired.request_id), hired.payer_id))
    for record in _polled(records, seed):
        fund.take(record)
    expected = oracle.recompute(records, fund.facts)
    found = oracle.differences(expected, oracle.fold(fund.facts))
    assert [line for line in found if line.startswith(TABLES)] == []
    # Whether a repeat of a refused reversal meets the first still waiting is a matter of order: it counts once.
    values = {record[:3]: record.value for record in records}
    wanted = {values[place] for place in expected.dead_letters if place[0] in READ}
    assert {values[place] for place in fund.dead_letters} == wanted
    assert len(expected.assessments) > 40
    assert oracle.conservation(fund.facts, expected.payments) == []


def _number(payer_id: str, request_id: str) -> str:
    """An insured number for a request, with its check key. Source: DEF-014."""
    drawn = zlib.crc32(f"{payer_id} {request_id}".encode())
    return f"{drawn:010}{97 - drawn % 97:02}"


def _hired(drafts: Iterable[Draft]) -> Iterator[RegistrationRequested]:
    """The hires that can be read."""
    for draft in drafts:
        try:
            event = read(Record(draft.topic, 0, 0, draft.key, draft.value, draft.headers)).event
        except Refusal:
            continue
        if isinstance(event, RegistrationRequested):
            yield event


def _polled(records: list[oracle.PublishedRecord], seed: int) -> list[oracle.PublishedRecord]:
    """The records as a reader meets them: each partition in its order, the partitions mixed at random."""
    dice = random.Random(f"polled {seed}")
    partitions: dict[tuple[str, int], list[oracle.PublishedRecord]] = defaultdict(list)
    for record in records:
        partitions[record[:2]].append(record)
    queues = [sorted(queue, key=lambda record: -record.offset) for queue in partitions.values()]
    order = []
    while queues:
        queue = dice.choice(queues)
        order.append(queue.pop())
        queues = [queue for queue in queues if queue]
    return order
