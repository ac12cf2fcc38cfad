"""What a batch changed in a Book, as keys, so that the store saves only that."""

from dataclasses import dataclass, field

from services.contributions.domain.payment import PaymentKey


@dataclass(slots=True)
class Changes:
    """Keys of all that changed. One convention: a key whose thing is no longer in the Book is to be deleted, if it was
    kept before.

    Attributes:
        accounts: account keys (known_at, completed_count).
        affiliated: account keys (affiliation, affiliation_at).
        pairs: (account key, period).
        new_pairs: those of them that were assessed for the first time.
        declarations: (payer_id, declaration_id), without their answer and parts.
        new_declarations: those of them of which nothing had been read before.
        answers: (payer_id, declaration_id), those answered, perhaps again.
        parts: (payer_id, declaration_id, part), only ever new.
        payments: identities claimed, changed, or released (no longer in the Book).
        placed: (account key, payment, period), see Account.placed.
        held: (account key, payment), see Account.held.
        insured: insured numbers, see Employment.told and told_at.
        waiting: (payment waited for, the reversal's own key), see Book.reversals.
        careers: (insured number, payer_id) of strangers that a payer declared, only ever added, perhaps known already.
        doubled: (payer_id, period, earlier declaration_id, later declaration_id), only ever added.
    """

    accounts: set[str] = field(default_factory=set)
    affiliated: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    new_pairs: set[tuple[str, str]] = field(default_factory=set)
    declarations: set[tuple[str, str]] = field(default_factory=set)
    new_declarations: set[tuple[str, str]] = field(default_factory=set)
    answers: set[tuple[str, str]] = field(default_factory=set)
    parts: set[tuple[str, str, int]] = field(default_factory=set)
    payments: set[PaymentKey] = field(default_factory=set)
    placed: set[tuple[str, PaymentKey, str]] = field(default_factory=set)
    held: set[tuple[str, PaymentKey]] = field(default_factory=set)
    insured: set[str] = field(default_factory=set)
    waiting: set[tuple[PaymentKey, PaymentKey]] = field(default_factory=set)
    careers: set[tuple[str, str]] = field(default_factory=set)
    doubled: set[tuple[str, str, str, str]] = field(default_factory=set)
