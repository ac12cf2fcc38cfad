"""An operator's act: money in suspense given to a payer, and taken back from it."""

from services.contributions.domain.account import Account
from services.contributions.domain.changes import Changes
from services.contributions.domain.effect import Effect
from services.contributions.domain.payment import Payment


class NotInSuspense(Exception):
    """The payment is placed, in credit, reversed, or no payment at all."""


class PayerNotAffiliated(Exception):
    """Money can be assigned to an affiliated payer only."""


class NotAssigned(Exception):
    """No operator assigned the payment, so no assignment can be withdrawn."""


def assign(payment: Payment, origin: Account, payer: Account, changes: Changes) -> Effect:
    """Gives money in suspense under `origin` to `payer`. Raises NotInSuspense, PayerNotAffiliated. Source: DEF-026."""
    hold = origin.held.get(payment.key)
    if hold is None or hold.held_as != "suspense":
        raise NotInSuspense(payment.key)
    if payer.affiliation is None:
        raise PayerNotAffiliated(payer.key)
    return _move(payment, origin, payer, payer.key, changes)


def withdraw(payment: Payment, payer: Account, origin: Account, changes: Changes) -> Effect:
    """Takes an assignment back: the money returns to where its record came in. Raises NotAssigned. Source: DEF-026."""
    if payment.assigned_to is None:
        raise NotAssigned(payment.key)
    return _move(payment, payer, origin, None, changes)


def _move(payment: Payment, before: Account, after: Account, assigned_to: str | None, changes: Changes) -> Effect:
    payment.assigned_to = assigned_to
    before.payments.discard(payment.key)
    after.payments.add(payment.key)
    before.stirred.add(payment.key)
    after.stirred.add(payment.key)
    changes.payments.add(payment.key)
    return Effect(touched=[before, after])
