"""Records made by hand and read into a Book that holds everything, with what must hold after every single one."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from recouvra.chassis.outcome import Fact, Outcome
from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.declaration_answered import DeclarationAnswered
from recouvra.contracts.declared_lines import DeclaredLine, DeclaredLines
from recouvra.contracts.envelope import Envelope
from recouvra.contracts.event import Event, PayerKind
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.payment_held import PaymentHeld
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.payroll_declared import PayrollDeclared, Totals
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.reading import Received
from recouvra.contracts.record import Record
from services.contributions.domain.account import Account
from services.contributions.domain.book import Book

E = TypeVar("E", bound=Event)
START = datetime(2026, 4, 1, tzinfo=UTC)
Line = tuple[int, str, int]


def affiliated(payer_id: str = "P", kind: PayerKind = "local_authority", **said: Any) -> PayerAffiliated:
    """A monthly payer of region 01, unless it is said otherwise."""
    usual: dict[str, Any] = {
        "payer_id": payer_id,
        "payer_kind": kind,
        "name": "Mairie",
        "territory_code": "01",
        "filing_frequency": "monthly",
        "affiliated_on": date(2011, 1, 1),
        "closed_on": None,
    }
    return PayerAffiliated(**(usual | said))


def person(insured_number: str, payer_id: str | None = "P") -> PersonRegistered:
    """A person who belongs to that payer."""
    return PersonRegistered(
        insured_number=insured_number,
        role="insured",
        principal_number=None,
        payer_id=payer_id,
        payer_kind=None,
        territory_code="01",
        category="civil_servant",
        birth_year=1980,
        sex="F",
        registered_on=date(2020, 1, 1),
        relationship=None,
    )


def declared(declaration_id: str, *lines: Line, period: str = "2026-01", **said: Any) -> PayrollDeclared:
    """A declaration of payer P in one part with true totals, unless it is said otherwise."""
    totals = said.pop("totals", (len(lines), sum(base for _, _, base in lines)))
    usual: dict[str, Any] = {"payer_id": "P", "part": 1, "parts": 1, "replaces": None}
    return PayrollDeclared(
        declaration_id=declaration_id,
        period=period,
        totals=Totals(lines=totals[0], base_xof=totals[1]),
        lines=DeclaredLines.of(
            [DeclaredLine(line_no=no, insured_number=number, base_xof=base) for no, number, base in lines]
        ),
        **(usual | said),
    )


def in_parts(declaration_id: str, parts: int, *lines: Line, **said: Any) -> list[PayrollDeclared]:
    """A declaration with true totals whose lines are dealt out to so many parts."""
    totals = (len(lines), sum(base for _, _, base in lines))
    return [
        declared(declaration_id, *lines[part - 1 :: parts], part=part, parts=parts, totals=totals, **said)
        for part in range(1, parts + 1)
    ]


def paid(payment_id: str, amount_xof: int, paid_on: str = "2026-03-10", **said: Any) -> PaymentReported:
    """Money of payer P by the treasury, unless it is said otherwise."""
    usual: dict[str, Any] = {"payer_id": "P", "reference": None, "channel": "treasury", "period": None}
    return PaymentReported(
        payment_id=payment_id, amount_xof=amount_xof, paid_on=date.fromisoformat(paid_on), **(usual | said)
    )


def bounced(reversal_id: str, payment_id: str, amount_xof: int, **said: Any) -> PaymentReported:
    """The reversal of a payment; its own day, period and channel mean nothing."""
    return paid(reversal_id, amount_xof, "2026-12-31", reverses=payment_id, channel="cash", period="2020-01", **said)


def fits(fact: Event) -> None:
    """Checks that a fact is what its contract makes of its values, also where it was made without asking it."""
    validated = type(fact).model_validate_json(fact.to_json())
    assert (validated, validated.to_json(), validated.content()) == (fact, fact.to_json(), fact.content())
    assert fact.model_fields_set == set(type(fact).model_fields)


def received(event: Event, offset: int = 0, event_id: str = "e", source: str = "/s", at: datetime = START) -> Received:
    """An event as it was read."""
    record = Record(event.topic, 0, offset, event.key.encode(), event.to_json(), ())
    return Received(record, Envelope(event_id, source, event.event_type(), at), event, event.content())


@dataclass
class Scene:
    """A Book to which every key that a record names is given before the record is read, and all it ever published."""

    book: Book = field(default_factory=Book)
    facts: list[Fact] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    read_count: int = 0

    def read(self, *events: Event, source: str = "/s", at: datetime | None = None, event_id: str = "") -> Outcome:
        """Reads events one after the other, each by an event id of its own; returns the last outcome."""
        outcome = Outcome()
        for event in events:
            self.read_count += 1
            name = event_id or f"e{self.read_count}"
            reading = START + timedelta(seconds=self.read_count)
            self._lay_out(event)
            outcome = self.book.apply(received(event, self.read_count, name, source, at or reading), reading)
            self.take(outcome)
        return outcome

    def take(self, outcome: Outcome) -> None:
        """Keeps what was published and set aside, and checks what must hold now."""
        self.facts += outcome.facts
        self.set_aside += [gone.event_id for gone in outcome.set_aside]
        assert len({fact.known_at for fact in outcome.facts}) <= 1
        for event, _, _ in outcome.facts:
            fits(event)
        self.check_conservation()
        self.check_published()

    def _lay_out(self, event: Event) -> None:
        if not isinstance(event, PersonRegistered):
            self.book.accounts.setdefault(event.key, Account(event.key))

    def account(self, key: str = "P") -> Account:
        """The account of a key."""
        return self.book.accounts[key]

    def of(self, kind: type[E]) -> list[E]:
        """All facts of one kind, in the order in which they were published."""
        return [fact.event for fact in self.facts if isinstance(fact.event, kind)]

    def last_answer(self, declaration_id: str) -> DeclarationAnswered:
        """The answer that stands for a declaration of payer P."""
        return [answer for answer in self.of(DeclarationAnswered) if answer.declaration_id == declaration_id][-1]

    def check_conservation(self) -> None:
        """Σ received + Σ held of each payment is its amount, or 0 once it is reversed. Source: DEF-005."""
        sums: Counter[tuple[str, str]] = Counter()
        for received in self.of(ContributionReceived):
            sums[received.payment_source, received.payment_id] += received.received_xof
        for held in self.of(PaymentHeld):
            sums[held.payment_source, held.payment_id] += held.held_xof
        for key, payment in self.book.payments.items():
            gone = payment.reverses is not None or payment.reversed_by is not None
            assert sums[key] == (0 if gone else payment.amount_xof), key

    def check_published(self) -> None:
        """What was published sums to what the accounts hold, and no period has received more than is due."""
        assert self.state() == self.published()
        for account in self.book.accounts.values():
            for period, pair in account.pairs.items():
                received = sum(xof for (_, placed_on), xof in account.placed.items() if placed_on == period)
                assert 0 <= received <= pair.due_xof

    def state(self) -> dict[str, Any]:
        """Dues, placements and holds as the accounts have them."""
        accounts = self.book.accounts.values()
        return {
            "dues": {
                (account.key, pair.period): (pair.due_xof, pair.insured_share_xof, pair.line_count)
                for account in accounts
                for pair in account.pairs.values()
            },
            "placed": {
                (account.key, *key, period): xof
                for account in accounts
                for (key, period), xof in account.placed.items()
            },
            "held": {(key, hold.held_as): hold.held_xof for account in accounts for key, hold in account.held.items()},
        }

    def published(self) -> dict[str, Any]:
        """Dues, placements and holds as a reader adds them up from the facts."""
        dues: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        for assessed in self.of(ContributionAssessed):
            due = dues[assessed.payer_id, assessed.period]
            due[0] += assessed.assessed_xof
            due[1] += assessed.insured_share_xof
            due[2] += assessed.line_count
        placed: Counter[tuple[str, ...]] = Counter()
        for received in self.of(ContributionReceived):
            key = (received.payer_id, received.payment_source, received.payment_id, received.period)
            placed[key] += received.received_xof
        held: Counter[tuple[tuple[str, str], str]] = Counter()
        for hold in self.of(PaymentHeld):
            held[(hold.payment_source, hold.payment_id), hold.held_as] += hold.held_xof
        return {
            "dues": {key: tuple(due) for key, due in dues.items()},
            "placed": {key: xof for key, xof in placed.items() if xof},
            "held": {key: xof for key, xof in held.items() if xof},
        }
