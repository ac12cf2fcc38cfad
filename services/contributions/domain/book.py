"""All that a batch of records can touch, and the single entry by which a record takes effect on it."""

from dataclasses import dataclass, field
from datetime import datetime

from recouvra.chassis.outcome import Fact, Outcome
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.reading import Received
from services.contributions.domain import assigning
from services.contributions.domain.account import Account, Affiliation
from services.contributions.domain.changes import Changes
from services.contributions.domain.declaring import Desk
from services.contributions.domain.effect import Effect
from services.contributions.domain.employment import Employment
from services.contributions.domain.paying import Till
from services.contributions.domain.payment import Payment, PaymentKey, WaitingReversal
from services.contributions.domain.placement import republish


@dataclass(slots=True)
class Book:
    """What the store loaded for a batch; `apply` changes it in memory, record after record, and notes what changed.

    If `apply` raises, the Book is spoiled: load it again and go on without that record.

    Attributes:
        accounts: by key, of every record key in the batch, and of every account under which a payment that is named
            in `reverses` stands; perhaps blank. Of each, everything but the declarations, of which there must be:
            those that the batch names (as itself or in `replaces`); those in force for the periods of the parts and
            of the declarations that may be completed; where the batch may bring the payer's affiliation, all of the
            payer's. Each with all its parts; the findings of its answer may be left out. Of an account with a
            `standing`, only what the batch brings and what is said there.
        payments: every identity, and every `reverses` target, of the batch; and of the accounts that are affiliated,
            or may be by this batch, all money that stands there, unless they have a `standing`.
        reversals: waiting ones by the payment that they wait for, then by their own key, for every identity in the
            batch.
        employment: of every line that may be judged, whose its number is; and of the persons in the batch.
        changes: the keys of what changed since it was loaded.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    payments: dict[PaymentKey, Payment] = field(default_factory=dict)
    reversals: dict[PaymentKey, dict[PaymentKey, WaitingReversal]] = field(default_factory=dict)
    employment: Employment = field(default_factory=Employment)
    changes: Changes = field(default_factory=Changes)

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Takes one record in, whose event id is new, when the clock says `reading`.

        Returns its facts in the order in which they are to be published, all of one knowledge time (DEF-015); or a
        repeat without effect; or the records to set aside, this one or a reversal that waited until now. Raises
        LookupError for an event that contributions does not read.
        """
        event = received.event
        if type(event) is PayrollDeclared:  # `isinstance` of a model takes long to say no
            effect = self._desk(event.payer_id).take_in(event, received)
        elif type(event) is PaymentReported:
            effect = Till(self.accounts, self.payments, self.reversals, self.changes).take_in(event, received)
        elif type(event) is PayerAffiliated:
            effect = self._affiliate(event, received.envelope.time)
        elif type(event) is PersonRegistered:
            effect = self._register(event, received.envelope.time)
        else:
            raise LookupError(f"contributions does not read {event.topic}")
        return self._publish(effect, reading)

    def assign(self, key: PaymentKey, payer_id: str, reading: datetime) -> Outcome:
        """An operator gives money in suspense to an affiliated payer.

        Raises assigning.NotInSuspense, assigning.PayerNotAffiliated. Source: DEF-026.
        """
        payment = self.payments.get(key)
        if payment is None:
            raise assigning.NotInSuspense(key)
        origin, payer = self.accounts[payment.account_key], self.accounts[payer_id]
        return self._publish(assigning.assign(payment, origin, payer, self.changes), reading)

    def withdraw(self, key: PaymentKey, reading: datetime) -> Outcome:
        """An operator takes an assignment back. Raises assigning.NotAssigned. Source: DEF-026."""
        payment = self.payments.get(key)
        if payment is None:
            raise assigning.NotAssigned(key)
        payer, origin = self.accounts[payment.account_key], self.accounts[payment.record_key]
        return self._publish(assigning.withdraw(payment, payer, origin, self.changes), reading)

    def _desk(self, payer_id: str) -> Desk:
        return Desk(self.accounts[payer_id], self.employment.by(payer_id), self.changes)

    def _affiliate(self, event: PayerAffiliated, told_at: datetime) -> Effect:
        """Keeps what registration told last, and brings to effect what waited for it. Source: DEF-023, DEF-033."""
        account = self.accounts[event.payer_id]
        if account.affiliation_at is not None and told_at < account.affiliation_at:
            return Effect()
        account.affiliation = Affiliation(event.payer_kind, event.territory_code, event.filing_frequency)
        account.affiliation_at = told_at
        self.changes.affiliated.add(account.key)
        return Effect(facts=self._desk(event.payer_id).resume(), touched=[account])

    def _register(self, event: PersonRegistered, told_at: datetime) -> Effect:
        """Keeps to whom a person belongs, as registration told last; it changes no answer given. Source: DEF-022."""
        known_at = self.employment.told_at.get(event.insured_number)
        if known_at is None or told_at >= known_at:
            self.employment.told[event.insured_number] = event.payer_id
            self.employment.told_at[event.insured_number] = told_at
            self.changes.insured.add(event.insured_number)
        return Effect()

    def _publish(self, effect: Effect, reading: datetime) -> Outcome:
        """Gives one knowledge time to the facts and the accounts that a cause touched. Source: DEF-005, DEF-015."""
        touched: dict[str, Account] = {account.key: account for account in effect.touched}
        known_at, facts = reading, list(effect.facts)
        for account in touched.values():
            if account.known_at is not None and account.known_at > known_at:
                known_at = account.known_at
        for account in touched.values():
            account.known_at = known_at
            self.changes.accounts.add(account.key)
            facts += republish(account, self.payments, self.changes)
        return Outcome([Fact(event, known_at, key) for key, event in facts], effect.set_aside, effect.duplicate)
