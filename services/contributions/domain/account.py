"""One payer's account, or the account of a reference under which unknown money waits."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple

from recouvra.contracts.event import FilingFrequency, PayerKind
from recouvra.law.beside import Beside
from services.contributions.domain.declaration import Declaration
from services.contributions.domain.payment import PaymentKey
from services.contributions.domain.standing import Settled, Standing


@dataclass(frozen=True, slots=True)
class Affiliation:
    """What registration last told of a payer, as far as the rules here read it. Source: DEF-035."""

    payer_kind: PayerKind
    territory_code: str
    filing_frequency: FilingFrequency


@dataclass(slots=True)
class Pair:
    """One (payer, period) since its first assessment, with what was frozen then and the net of all since.

    Kind, territory, frequency, due day and the edition of the law's rows never change again. Source: DEF-033.
    """

    period: str
    payer_kind: PayerKind
    territory_code: str
    filing_frequency: FilingFrequency
    due_on: date
    law_edition: int
    insured_share_xof: int = 0
    payer_share_xof: int = 0
    line_count: int = 0

    @property
    def due_xof(self) -> int:
        """What is due, in francs: the net of its assessments. Source: DEF-004."""
        return self.insured_share_xof + self.payer_share_xof


class Hold(NamedTuple):
    """Money of one payment that is placed on no period. Source: DEF-005, DEF-026."""

    held_as: Literal["credit", "suspense"]
    held_xof: int


@dataclass(slots=True)
class Account:
    """All that is known under one key; blank for a key that nothing was ever read of.

    Attributes:
        key: a payer_id, or the reference of payments without payer.
        known_at: the knowledge time of its last cause (DEF-015).
        affiliation: None until the payer is affiliated; `affiliation_at` is the `ce_time` of its fact.
        completed_count: how many declarations were completed here (DEF-021).
        pairs: by period, those assessed.
        declarations: by declaration_id, those that the batch can touch, with their parts.
        beside: by period, the declarations in force by whom they name, where one was judged beside another.
        payments: the keys of the money (not of the reversals) that stands here, reversed money too.
        placed: xof published per (payment, period), never 0.
        held: what was published as held per payment, never of 0.
        stirred: money that came, left or was reversed since what stands here was last published.
        standing: where the batch can go on from what stands, that alone: then pairs, payments, placed and held are
            those that it brings, or assesses. None: all of them are here.

    While it is not affiliated nothing is placed, so of its money only what stirs need be there: under one constant
    reference tens of thousands of payments may wait.
    """

    key: str
    known_at: datetime | None = None
    affiliation: Affiliation | None = None
    affiliation_at: datetime | None = None
    completed_count: int = 0
    pairs: dict[str, Pair] = field(default_factory=dict)
    declarations: dict[str, Declaration] = field(default_factory=dict)
    beside: dict[str, Beside] = field(default_factory=dict)
    payments: set[PaymentKey] = field(default_factory=set)
    placed: dict[tuple[PaymentKey, str], int] = field(default_factory=dict)
    held: dict[PaymentKey, Hold] = field(default_factory=dict)
    stirred: set[PaymentKey] = field(default_factory=set)
    standing: Standing | Settled | None = None
