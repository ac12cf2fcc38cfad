"""Money and reversals read: what they claim, what they undo, and what they wait for."""

from dataclasses import dataclass

from recouvra.chassis.outcome import SetAside
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.reading import Received
from services.contributions.domain.account import Account
from services.contributions.domain.changes import Changes
from services.contributions.domain.effect import Effect, conflict, repeat
from services.contributions.domain.payment import Payment, PaymentKey, WaitingReversal

Accounts = dict[str, Account]
Payments = dict[PaymentKey, Payment]
Reversals = dict[PaymentKey, dict[PaymentKey, WaitingReversal]]


@dataclass(slots=True)
class Till:
    """Where money is taken in: views of the Book's own accounts, payments, waiting reversals and changes."""

    accounts: Accounts
    payments: Payments
    reversals: Reversals
    changes: Changes

    def take_in(self, event: PaymentReported, received: Received) -> Effect:
        """Takes in money, or the reversal of money. Source: DEF-026, DEF-027."""
        payment = Payment.reported(event, received.envelope.source, received.content)
        known = self.payments.get(payment.key)
        if known is not None:
            return repeat(received, known.content)
        target = payment.target
        money = None if target is None else self.payments.get(target)
        if target == payment.key or (money is not None and not payment.agrees_with(money)):
            return conflict(received)
        self._claim(payment)
        account = self.accounts[payment.record_key]
        effect = Effect(touched=[account])
        if target is None:
            account.payments.add(payment.key)
            account.stirred.add(payment.key)
        elif money is not None:
            effect.touched += self._undo(money, payment)
        else:
            waiting = WaitingReversal(payment, received.envelope.event_id, received.record)
            self.reversals.setdefault(target, {})[payment.key] = waiting
            self.changes.waiting.add((target, payment.key))
        if payment.key in self.reversals:
            effect.set_aside += self._meet_waiting(payment)
        return effect

    def _claim(self, payment: Payment) -> None:
        self.payments[payment.key] = payment
        self.changes.payments.add(payment.key)

    def _undo(self, money: Payment, reversal: Payment) -> list[Account]:
        """Marks money as reversed; a second reversal that agrees has no effect. Returns the account it touched."""
        if money.reversed_by is None:
            money.reversed_by = reversal.key[1]
            self.changes.payments.add(money.key)
        account = self.accounts[money.account_key]
        account.stirred.add(money.key)
        return [account]

    def _meet_waiting(self, payment: Payment) -> list[SetAside]:
        """Ends the wait of the reversals that named this payment: they undo it, or are set aside.

        In the order of their identities, so that how they were loaded plays no part. One that is set aside claims its
        identities no more. Source: DEF-026, DEF-027.
        """
        set_aside: list[SetAside] = []
        for key, waiting in sorted(self.reversals.pop(payment.key).items()):
            self.changes.waiting.add((payment.key, key))
            if waiting.reversal.agrees_with(payment):
                self._undo(payment, waiting.reversal)
                continue
            self.payments.pop(key, None)
            self.changes.payments.add(key)
            set_aside.append(SetAside(waiting.record, key[0], waiting.event_id, claimed=True))
        return set_aside
