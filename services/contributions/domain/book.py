"""All that a batch of records can touch, and the single entry by which a record takes effect on it."""

from dataclasses import dataclass, field
from datetime import datetime

from recouvra.chassis.outcome import Fact, Outcome, SetAside
from recouvra.contracts.reading import Received
from services.contributions.domain.account import Account
from services.contributions.domain.changes import Changes
from services.contributions.domain.payment import Payment, PaymentKey, WaitingReversal

__all__ = ["Book", "Fact", "Outcome", "SetAside"]


@dataclass(slots=True)
class Book:
    """What the store loaded for a batch; `apply` changes it in memory, record after record, and notes what changed.

    If `apply` raises, the Book is spoiled: load it again and go on without that record.

    Attributes:
        accounts: by key, of every record key in the batch, of every account under which a payment that is named
            (`reverses`) stands; perhaps blank. `Account.declarations` has those that the batch names (as itself or in
            `replaces`), those in force for the same periods, and, where the payer's affiliation may come with this
            batch, all the payer's; each with all its parts.
        payments: all money of the loaded accounts; every identity, and every `reverses` target, of the batch.
        reversals: waiting ones by the payment they wait for, then by their own key, for the identities in the batch.
        insured: insured number → payer_id now (None: nobody's), of every line that may be judged and every person
            in the batch; a number that is absent is unknown.
        insured_at: insured number → `ce_time` of the fact that holds, for the persons in the batch.
        changes: the keys of what changed since it was loaded.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    payments: dict[PaymentKey, Payment] = field(default_factory=dict)
    reversals: dict[PaymentKey, dict[PaymentKey, WaitingReversal]] = field(default_factory=dict)
    insured: dict[str, str | None] = field(default_factory=dict)
    insured_at: dict[str, datetime] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)

    def apply(self, received: Received, reading: datetime) -> Outcome:
        """Takes one record in, whose event id is new, when the clock says `reading`.

        Returns its facts in the order in which they are to be published, all of one knowledge time (DEF-015); or a
        repeat without effect; or the records to set aside, this one or a reversal that waited until now.
        """
        raise LookupError(f"contributions reads no {received.event.topic}")
