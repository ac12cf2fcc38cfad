"""The words of the oracle: a record as it stood on a topic, and the state that records or facts add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Key = tuple[str, str]  # (payer, period), (payer, declaration), (payer, request) or (source, payment)
Place = tuple[str, int, int]  # (topic, partition, offset)


class PublishedRecord(NamedTuple):
    """One record as any Kafka client reads it back."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Anomaly(NamedTuple):
    """One anomaly of an answer, without its sentences."""

    line_no: int | None
    code: str
    field: str
    received: Any
    expected: Any


@dataclass(frozen=True)
class Answer:
    """What a payroll system was last told about a declaration.

    `open_lines`, of the oracle only: by number the lines of which the order decides whether their person is known and
    employed here, each with its number and the codes (None: no code) of which some order gives one.
    """

    outcome: str
    period: str
    lines_received: int
    lines_accepted: int
    lines_rejected: int
    assessed_xof: int
    due_on: str | None
    anomalies: tuple[Anomaly, ...]
    anomalies_left: int = 0
    open_lines: Mapping[int, tuple[str, frozenset[str | None]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Assessment:
    """The one `contribution-assessed` of a declaration that was accepted; amounts are signed differences."""

    period: str
    basis: str
    assessed_xof: int
    insured_share_xof: int
    payer_share_xof: int
    line_count: int
    filed_on: str
    due_on: str


@dataclass
class Pair:
    """A (payer, period): under what it stands, what is due and what came in. `filed_on` is the earliest."""

    payer_kind: str
    territory_code: str
    due_on: str | None
    filed_on: str | None = None
    assessed_xof: int = 0
    insured_share_xof: int = 0
    payer_share_xof: int = 0
    line_count: int = 0
    received_xof: int = 0


@dataclass(frozen=True)
class Payment:
    """A payment that was read; reversed whole or not at all."""

    amount_xof: int
    payer_id: str | None
    paid_on: str
    channel: str
    period: str | None
    reversed: bool = False


@dataclass
class Placement:
    """Where the francs of one payment stand; `received` by (payer, period), zeros left out."""

    paid_on: str
    channel: str
    received: dict[Key, int] = field(default_factory=dict)
    credit: dict[str, int] = field(default_factory=dict)  # by payer
    suspense_xof: int = 0
    sent_as: tuple[str, str | None] | None = None  # the record's key and payer, which facts in suspense repeat


@dataclass(frozen=True)
class Request:
    """What a personnel system was last told about a hire."""

    outcome: str
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True)
class Person:
    """An insured person as last told: whose they are, under what."""

    payer_id: str | None
    payer_kind: str | None
    territory_code: str
    category: str
    birth_year: int
    sex: str


@dataclass(frozen=True)
class Form:
    """One adjudication of a care form."""

    insured_number: str
    payer_id: str | None
    provider_id: str
    provider_kind: str
    care_kind: str
    care_on: str
    submitted_on: str
    claimed_xof: int
    accepted_xof: int
    fund_share_xof: int
    co_payment_xof: int
    outcome: str
    reasons: tuple[str, ...]
    review_flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeadLetter:
    """A record set aside; `source` and `event_id` are None where the expectation says nothing about them."""

    service: str
    reason: str
    source: str | None = None
    event_id: str | None = None


Pending = dict[tuple[str, Key], Answer | Request]


@dataclass
class State:
    """What every order must end in. The oracle fills it from the inbound records, `fold` from the facts."""

    affiliations: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: dict[Key, Request] = field(default_factory=dict)
    persons: dict[frozenset[Key], Person] = field(default_factory=dict)  # by the hires that are theirs
    pairs: dict[Key, Pair] = field(default_factory=dict)
    assessments: dict[Key, Assessment] = field(default_factory=dict)
    answers: dict[Key, Answer] = field(default_factory=dict)
    placements: dict[Key, Placement] = field(default_factory=dict)
    forms: dict[str, tuple[Form, ...]] = field(default_factory=dict)  # by serial; of one serial in no order
    dead_letters: dict[Place, DeadLetter] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)  # what no order allows
    pending: Pending = field(default_factory=dict)  # by topic: what was told, or may be
    # Of the oracle only:
    payments: dict[Key, Payment] = field(default_factory=dict)
    waiting: dict[Key, list[int]] = field(default_factory=dict)  # declarations that want parts, and those read
    doubled: set[tuple[str, str, str]] = field(default_factory=set)  # payer, two in force that share workers
    waiting_reversals: set[tuple[str, str, str]] = field(default_factory=set)  # source, payment, what it reverses
    waiting_forms: Counter[Key] = field(default_factory=Counter)  # serial, insured number
    letters_now: dict[Place, str] = field(default_factory=dict)  # replayed ones: "replayed", or the new reason
    either: list[frozenset[Place]] = field(default_factory=list)  # one of each is set aside at least, whichever

    @property
    def people(self) -> int:
        """How many persons are registered."""
        return len(self.persons)
