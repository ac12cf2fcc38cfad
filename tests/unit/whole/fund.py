"""The rules of the three services that decide, in memory and without a server: fast, for many seeds.

Each service reads its partitions in their order, all of them mixed at random, facts of the others with a delay; what
the chassis does around the rules (inbox, dead letters) is done here by the chassis's own inbox.
"""

from __future__ import annotations

import random
import zlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from recouvra.chassis.inbox import Inbox, Verdict
from recouvra.chassis.outcome import Fact, Outcome
from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.codes import Reason, reason_message
from recouvra.contracts.envelope import Envelope, binary_headers
from recouvra.contracts.event import Event
from recouvra.contracts.reading import Received, Refusal, read
from recouvra.contracts.record import Record
from recouvra.contracts.record_refused import RecordRefused
from recouvra.law.insured_number import FIRST_DIGITS, insured_number
from services.contributions.domain.account import Account
from services.contributions.domain.book import Book
from services.liquidation.domain.caseload import Caseload, Patient, Readings
from services.registration.acts.read_batch import BatchWork
from services.registration.domain.affiliation import Affiliation
from services.registration.domain.register import Payer, Register
from tests.builders import Draft
from tests.oracle import PublishedRecord
from tests.recount.acts import Rules, allowed
from tests.recount.reading import Refused
from tests.recount.reading import read as read_by_oracle

V = TypeVar("V")
START = datetime(2026, 7, 1, tzinfo=UTC)
PARTITIONS = 3
TOPICS = {
    "registration": ("affiliation-requested", "registration-requested"),
    "contributions": ("payer-affiliated", "person-registered", "payroll-declared", "payment-reported"),
    "liquidation": ("person-registered", "care-form-submitted"),
}


class Blanks(dict[str, V]):
    """Gives a blank row for a key that was never read, as the stores do."""

    def __init__(self, blank: Callable[[str], V]) -> None:
        self._blank = blank

    def __missing__(self, key: str) -> V:
        self[key] = self._blank(key)
        return self[key]


class Work(Protocol):
    """The rules of one service over all that it ever read."""

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Takes one event in."""


def numbers() -> Iterator[str]:
    """Yields insured numbers that nobody could guess from their order."""
    for place in range(10**6):
        yield insured_number(FIRST_DIGITS + place * 6_700_417 % (9 * 10**9))


@dataclass
class Fund:
    """The services, the topics between them, and what each has still to read."""

    seed: int
    clock: str = "system"
    rules: Rules | None = None
    log: list[PublishedRecord] = field(default_factory=list)
    facts: list[PublishedRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(f"fund {self.seed}")
        self.now = START
        drawn = numbers()
        self.register = Register(lambda _: next(drawn), Blanks(Payer))
        self.book = Book(accounts=Blanks(Account))
        self.caseload = Caseload(Blanks(Patient), Blanks(lambda _: Readings()))
        self._works: dict[str, Work] = {
            "registration": BatchWork(self.register),
            "contributions": self.book,
            "liquidation": self.caseload,
        }
        self._inboxes = {service: Inbox({}) for service in TOPICS}
        self._offsets: dict[tuple[str, int], int] = defaultdict(int)
        self._queues: dict[tuple[str, str, int], deque[PublishedRecord]] = defaultdict(deque)
        self._by_place: dict[tuple[str, int, int], PublishedRecord] = {}

    def publish(self, *drafts: Draft) -> None:
        """Puts drafts on their topics."""
        self.log += [self._put(draft.topic, draft.key, draft.value, draft.headers) for draft in drafts]

    def _put(self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[Any]) -> PublishedRecord:
        partition = zlib.crc32(key or b"") % PARTITIONS
        offset = self._offsets[(topic, partition)]
        self._offsets[(topic, partition)] += 1
        record = PublishedRecord(topic, partition, offset, key, value, tuple(headers))
        self._by_place[record[:3]] = record
        for service, topics in TOPICS.items():
            if topic in topics:
                self._queues[(service, topic, partition)].append(record)
        return record

    def work(self, most: int = 10**9) -> None:
        """Reads so many records, or all that there is, each from a partition chosen at random."""
        for _ in range(most):
            waiting = [name for name, queue in self._queues.items() if queue]
            if not waiting:
                return
            name = self.dice.choice(waiting)
            self._take(name[0], self._queues[name].popleft())

    def next_of(self, topic: str, partition: int) -> int:
        """The offset at which a partition is read on by its inbound reader."""
        service = next(name for name, topics in TOPICS.items() if topic in topics)
        queue = self._queues[(service, topic, partition)]
        return queue[0].offset if queue else self._offsets[(topic, partition)]

    def replay(self, place: tuple[str, int, int]) -> None:
        """Reads a dead letter again, now."""
        service = next(name for name, topics in TOPICS.items() if place[0] in topics)
        self._take(service, self._by_place[place], again=True)

    def post_payer(self, body: dict[str, Any]) -> datetime:
        """Affiliates a payer as `POST /v1/payers` does; the instant that it has."""
        self._tick()
        request = AffiliationRequested.model_validate(body)
        assert self.register.claim(request, request.content()) == "new"
        said = Affiliation.of(request, self.now, "/registration/http", f"posted-{self.now}")
        self._publish("registration", self.register.affiliate(request, said, request.content(), self.now))
        return self.now

    def assign(self, name: tuple[str, str], payer_id: str) -> None:
        """Gives money in suspense to a payer."""
        self._tick()
        self._publish("contributions", self.book.assign(name, payer_id, self.now).facts)

    def withdraw(self, name: tuple[str, str]) -> None:
        """Takes an assignment back."""
        self._tick()
        self._publish("contributions", self.book.withdraw(name, self.now).facts)

    def _tick(self) -> None:
        self.now += timedelta(seconds=1)

    def _take(self, service: str, published: PublishedRecord, *, again: bool = False) -> None:
        self._tick()
        record = Record(*published[:5], tuple(published.headers))
        try:
            received = read(record)
            self._check(published)
        except Refusal as why:
            self._set_aside(service, record, why.reason, why.source, why.event_id, again)
            return
        inbox, at = self._inboxes[service], received.envelope.time if self.clock == "event" else self.now
        verdict = inbox.judge(received)
        if verdict is Verdict.CONFLICTING:
            named = received.envelope.source, received.envelope.event_id
            self._set_aside(service, record, Reason.CONFLICTING_DUPLICATE, *named, again)
            return
        outcome = Outcome(duplicate=True) if verdict is Verdict.REPEATED else self._works[service].apply(received, at)
        if not outcome.duplicate and not any(aside.record is record for aside in outcome.set_aside):
            inbox.claim(received)
        for aside in outcome.set_aside:
            if aside.claimed:
                inbox.release((aside.source, aside.event_id))
            named = aside.source, aside.event_id
            self._set_aside(
                service, aside.record, Reason.CONFLICTING_DUPLICATE, *named, again and aside.record is record
            )
        self._publish(service, outcome.facts)

    def _check(self, published: PublishedRecord) -> None:
        """Who may publish for whom, by the oracle's own reading of the rules."""
        if self.rules is None or not published.topic.endswith(("-requested", "-declared", "-reported", "-submitted")):
            return
        try:
            allowed(read_by_oracle(published), self.rules)
        except Refused as refused:
            reason = Reason.UNAUTHORISED_SOURCE
            raise Refusal(reason, reason_message(reason), source=refused.source, event_id=refused.event_id) from refused

    def _set_aside(
        self, service: str, record: Record, reason: Reason, source: str | None, event_id: str | None, again: bool
    ) -> None:
        """Tells of a dead letter, once: a replay that is refused again tells nothing."""
        if again:
            return
        refused = RecordRefused(
            service=service,
            refused_topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            source=source,
            event_id=event_id,
            reason=reason,
            message=reason_message(reason),
        )
        self._tell(service, refused, record.key, self.now)

    def _publish(self, service: str, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._tell(service, fact.event, None if fact.key is None else fact.key.encode(), fact.known_at)

    def _tell(self, service: str, event: Event, key: bytes | None, known_at: datetime) -> None:
        """Puts a fact on its topic; one in twenty twice, as a relay does that was killed."""
        envelope = Envelope(f"{service}-{len(self.facts)}", f"/{service}", event.event_type(), known_at)
        for _ in range(2 if self.dice.random() < 0.05 else 1):
            self.facts.append(self._put(event.topic, key, event.to_json(), binary_headers(envelope)))
