"""Money reported in, and the reversals that undo it."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from recouvra.contracts.event import Channel
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.record import Record

PaymentKey = tuple[str, str]
"""A payment's identity: (`ce_source`, `payment_id`). Source: DEF-027."""

Place = tuple[date, str, str]
"""A payment's place in the order of allocation: (`paid_on`, `payment_id`, `ce_source`), bytewise. Source: DEF-004."""


@dataclass(slots=True)
class Payment:
    """One identity that a `payment-reported` claimed: money in, or a reversal (`reverses` not None), which is no money.

    `account_key` is the account under which the money stands: the record key it came with, or the payer that an
    operator assigned it to. `content` is the 16-byte content of the record (DEF-027). `reversed_by` is the
    `payment_id`, of the same source, of the reversal that undid it. Source: DEF-026.
    """

    key: PaymentKey
    record_key: str
    payer_id: str | None
    amount_xof: int
    paid_on: date
    channel: Channel
    period: str | None
    reverses: str | None
    content: bytes
    reversed_by: str | None = None
    assigned_to: str | None = None
    reference: str | None = None

    @classmethod
    def reported(cls, event: PaymentReported, source: str, content: bytes) -> Self:
        """The payment, or the reversal, that an event reports."""
        return cls(
            key=(source, event.payment_id),
            record_key=event.key,
            payer_id=event.payer_id,
            amount_xof=event.amount_xof,
            paid_on=event.paid_on,
            channel=event.channel,
            period=event.period,
            reverses=event.reverses,
            content=content,
            reference=event.reference,
        )

    @property
    def account_key(self) -> str:
        """The key of the account under which this payment stands."""
        return self.assigned_to or self.record_key

    @property
    def has_payer(self) -> bool:
        """Whether it is known whose money it is: its publisher said so, or an operator. Source: DEF-026."""
        return self.payer_id is not None or self.assigned_to is not None

    @property
    def target(self) -> PaymentKey | None:
        """The payment that this reversal undoes, of the same source; None for money."""
        return None if self.reverses is None else (self.key[0], self.reverses)

    @property
    def place(self) -> Place:
        """Its place in the order of allocation. Source: DEF-004."""
        return self.paid_on, self.key[1], self.key[0]

    def agrees_with(self, money: "Payment") -> bool:
        """Whether this reversal repeats the amount and the payer, as sent, of that money. Source: DEF-026."""
        return money.reverses is None and (self.amount_xof, self.payer_id) == (money.amount_xof, money.payer_id)


@dataclass(frozen=True, slots=True)
class WaitingReversal:
    """A reversal that came before its payment, with its record, which may have to be set aside yet."""

    reversal: Payment
    event_id: str
    record: Record
