"""What a declaration would be answered if it were read now: the very rules, on an account that nobody saves."""

from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import Received
from services.contributions.domain.account import Account
from services.contributions.domain.answers import FullAnswer, answered_in_full
from services.contributions.domain.changes import Changes
from services.contributions.domain.declaring import Desk
from services.contributions.domain.employment import PayerOf


class WouldConflict(Exception):
    """The record would be set aside: its declaration_id, or its part of it, is taken by another content (DEF-027)."""


class WouldWait(Exception):
    """The record would be a part of a declaration that is still incomplete, and get no answer yet (DEF-021)."""


def rehearse(account: Account, payer_of: PayerOf, event: PayrollDeclared, received: Received) -> FullAnswer:
    """The answer to a part, with every anomaly. `account` and what it holds are spoiled by it.

    A declaration that was read already, with the same content, has no effect: the answer that it had stands, whatever
    would be answered today. Raises WouldConflict, WouldWait. Source: DEF-021 to DEF-024, DEF-027.
    """
    effect = Desk(account, payer_of, Changes()).take_in(event, received)
    if effect.set_aside:
        raise WouldConflict(event.declaration_id)
    declaration = account.declarations[event.declaration_id]
    if declaration.answer is None:
        raise WouldWait(event.declaration_id)
    return answered_in_full(account.key, declaration, declaration.answer)
