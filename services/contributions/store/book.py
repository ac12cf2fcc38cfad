"""The Book of a batch: the accounts that its events can touch, locked first; then all about them, loaded in sets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from recouvra.chassis.database import Connection
from recouvra.chassis.outcome import Retry
from recouvra.contracts.declared_lines import DeclaredLines
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.reading import Received
from services.contributions.domain.book import Book
from services.contributions.domain.declaration import Declaration, State
from services.contributions.domain.payment import Payment, PaymentKey
from services.contributions.store import accounts, declarations, insured, parts, payments, standing
from services.contributions.store.parts import DeclarationKey
from services.contributions.store.payments import LoadedPayments
from services.contributions.store.rosters import Rosters


@dataclass(slots=True)
class Named:
    """What a batch's events name, before anything is read; `sent` are the lines of their parts.

    `money` is, by payer and in order, what may be no more than one payment beside others; `moved` are the keys of
    accounts to which anything else comes that may move money, but a declaration that replaces nothing.
    """

    keys: set[str] = field(default_factory=set)
    affiliated: set[str] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)
    identities: set[PaymentKey] = field(default_factory=set)
    targets: set[PaymentKey] = field(default_factory=set)
    declarations: set[DeclarationKey] = field(default_factory=set)
    periods: set[tuple[str, str]] = field(default_factory=set)
    replaced: set[DeclarationKey] = field(default_factory=set)
    sent: dict[DeclarationKey, dict[int, list[DeclaredLines]]] = field(default_factory=dict)
    money: dict[str, list[Payment]] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)

    @classmethod
    def by(cls, events: Sequence[Received]) -> Named:
        """Collects it; `events` in any order, repeats allowed."""
        named = cls()
        for received in events:
            event, source = received.event, received.envelope.source
            if type(event) is PayrollDeclared:  # `isinstance` of a model takes longer to say no than all else here
                named._add_declared(event)
            elif type(event) is PaymentReported:
                named.keys.add(event.key)
                named.identities.add((source, event.payment_id))
                if event.reverses is not None:
                    named.targets.add((source, event.reverses))
                if event.reverses is None and event.payer_id is not None:
                    payment = Payment.reported(event, source, received.content)
                    named.money.setdefault(event.payer_id, []).append(payment)
                else:
                    named.moved.add(event.key)
            elif type(event) is PayerAffiliated:
                named.keys.add(event.payer_id)
                named.affiliated.add(event.payer_id)
            elif type(event) is PersonRegistered:
                named.persons.add(event.insured_number)
        return named

    @classmethod
    def by_declared(cls, event: PayrollDeclared) -> Named:
        """Collects what one declaration names."""
        named = cls()
        named._add_declared(event)
        return named

    def _add_declared(self, event: PayrollDeclared) -> None:
        self.keys.add(event.payer_id)
        self.declarations.add((event.payer_id, event.declaration_id))
        self.periods.add((event.payer_id, event.period))
        if event.replaces is not None:
            self.moved.add(event.payer_id)
            self.replaced.add((event.payer_id, event.replaces))
        # Of a part that comes twice, both: which of them takes effect is judged later.
        parts_sent = self.sent.setdefault((event.payer_id, event.declaration_id), {})
        parts_sent.setdefault(event.part, []).append(event.lines)


@dataclass(slots=True)
class OpenBook:
    """A Book with what its store has to remember to save it."""

    book: Book
    loaded: LoadedPayments
    known: set[PaymentKey]

    async def save(self, connection: Connection) -> None:
        """Writes every change; raises `Retry` where another transaction claimed a payment's identity meanwhile."""
        await accounts.save(connection, self.book)
        await declarations.save(connection, self.book)
        await parts.save(connection, self.book)
        await payments.save(connection, self.book, self.loaded, self.known)
        await insured.save(connection, self.book)


async def open_book(connection: Connection, named: Named, rosters: Rosters | None = None) -> OpenBook:
    """Locks accounts in key order, employment after them; then loads.

    Without `rosters`, each number that is declared is looked up by itself.

    Raises:
        Retry: a payment that the batch names stands under an account that was not locked yet.
    """
    identities, beyond = named.identities | named.targets, set[str]()
    is_known = are_there = False
    if named.keys:
        is_known, are_there = await payments.known(connection, identities, named.keys)
    if is_known:
        beyond = await payments.accounts_beyond(connection, named.identities, named.targets)
    keys = named.keys | beyond
    book = Book(accounts=await accounts.lock(connection, keys, are_there) if keys else {})
    # Of identities that nobody knew there is none to lock. One that comes meanwhile refuses the row of its own that
    # each that has an effect is given here, and then the batch is taken again.
    there = await payments.lock_identities(connection, identities) if is_known else {}
    if there:
        beyond |= await payments.accounts_beyond(connection, named.identities, named.targets)
        if beyond - keys:
            raise Retry("a payment came under another account meanwhile")
    if named.persons or named.declarations or named.affiliated:
        await insured.lock(connection, changes=bool(named.persons))
    await _load_declarations(connection, book, named, rosters)
    await _load_standing(connection, book, named, beyond, there)
    # Of an account that is not affiliated, and is not about to be, only the money that the batch names can move.
    whole = [
        key
        for key, a in book.accounts.items()
        if a.standing is None and (a.affiliation is not None or key in named.affiliated)
    ]
    await accounts.load_dues(connection, book.accounts, whole)
    await accounts.load_placements(connection, book.accounts, whole, there)
    loaded = await payments.load(connection, whole, there)
    book.payments, book.reversals = loaded.payments, loaded.reversals
    for key, payment in loaded.payments.items():
        if payment.reverses is None and payment.account_key in book.accounts:
            book.accounts[payment.account_key].payments.add(key)
    waiting = {key for reversals in loaded.reversals.values() for key in reversals}
    return OpenBook(book, loaded, waiting.union(loaded.payments))


async def _load_standing(
    connection: Connection, book: Book, named: Named, beyond: Collection[str], there: dict[PaymentKey, bool]
) -> None:
    """Finds the accounts on which the batch goes on from what stands, and loads that of them. Source: DEF-004.

    Args:
        beyond: accounts that are touched by what is undone.
        there: the identities that exist, and whether they are money; that again has no effect.
    """
    declared: dict[str, set[str]] = {}
    for payer_id, period in named.periods:
        declared.setdefault(payer_id, set()).add(period)
    coming: dict[str, list[Payment]] = {}
    assessed: dict[str, set[str]] = {}
    for key, account in book.accounts.items():
        if account.affiliation is None or key in named.moved or key in named.affiliated or key in beyond:
            continue
        if key in named.money and key not in declared:
            money = [payment for payment in named.money[key] if not there.get(payment.key)]
            if not any(payment.key in there or payment.key in named.targets for payment in money):
                coming[key] = money
        elif key in declared and key not in named.money:
            waiting = [one for one in account.declarations.values() if one.state in (State.INCOMPLETE, State.PENDING)]
            if all(one.replaces is None for one in waiting):
                assessed[key] = declared[key].union(one.period for one in waiting)
    await standing.load_for_payments(connection, book.accounts, coming)
    await accounts.load_pairs(connection, book.accounts, [(k, p) for k, periods in assessed.items() for p in periods])
    await standing.load_for_declarations(connection, book.accounts, assessed)


async def peek_book(connection: Connection, named: Named) -> Book:
    """Accounts with their dues and declarations as one snapshot shows them, to say what would be; never to be saved.

    Nothing is locked or written, and their money is left out. The declarations that are named have their findings.
    """
    book = Book(accounts=await accounts.peek(connection, named.keys))
    await accounts.load_dues(connection, book.accounts, named.keys)
    await _load_declarations(connection, book, named)
    await declarations.load_findings(connection, book.accounts, named.declarations | named.replaced)
    return book


async def _load_declarations(connection: Connection, book: Book, named: Named, rosters: Rosters | None = None) -> None:
    """Loads the declarations, with the lines of those that may be judged or counted; and whom those lines name."""
    found: dict[DeclarationKey, Declaration] = {}
    if named.declarations or named.affiliated:
        keys = named.declarations | named.replaced
        found = await declarations.load(connection, book.accounts, keys, named.periods, named.affiliated)
        # A declaration stands for the period of its first-read part, which may not be that of the part in hand.
        if others := {(key[0], found[key].period) for key in found} - named.periods:
            found |= await declarations.load(connection, book.accounts, (), others, ())
    await parts.load(connection, found, named.sent, named.replaced)
    lines = [(key[0], one) for key, parts_sent in named.sent.items() for sent in parts_sent.values() for one in sent]
    for (payer_id, _), declaration in found.items():
        if declaration.state in ("incomplete", "pending"):
            lines += [(payer_id, part.lines) for part in declaration.parts.values() if part.lines is not None]
    if rosters is not None:
        book.employment.rosters = await rosters.of(connection, {payer_id for payer_id, _ in lines})
    await insured.load(connection, book, named.persons | book.employment.beyond_rosters(lines))
