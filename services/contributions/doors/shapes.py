"""The bodies that the HTTP door answers with, as OpenAPI describes them. Money is whole francs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from recouvra.contracts.codes import Message
from recouvra.contracts.declaration_answered import AnsweredInFull
from recouvra.contracts.event import Channel, FilingFrequency, PayerKind


class ShownDeclaration(BaseModel):
    """Where a declaration stands, and its last answer with every anomaly (null before it is complete)."""

    declaration_id: str
    payer_id: str
    period: str
    state: Literal["incomplete", "pending", "accepted", "rejected"]
    parts: int
    parts_read: list[int]
    replaces: str | None
    replaced_by: str | None
    waits_since: datetime | None = Field(description="Since when it waits; null when it waits for nothing.")
    answer: AnsweredInFull | None


class MadeBy(BaseModel):
    """A declaration in force, and what it makes due as a whole."""

    declaration_id: str
    lines_accepted: int
    assessed_xof: int


class Due(BaseModel):
    """What is due of one period under the terms it was first assessed by (DEF-033), and what came in for it."""

    period: str
    payer_kind: PayerKind
    territory_code: str
    filing_frequency: FilingFrequency
    due_on: date
    line_count: int
    insured_share_xof: int
    payer_share_xof: int
    due_xof: int
    received_xof: int
    outstanding_xof: int
    declarations: list[MadeBy]


class PlacedOn(BaseModel):
    """Money of one payment on one period."""

    period: str
    received_xof: int


class ShownPayment(BaseModel):
    """A payment and where its money stands: placed on periods, in credit, in suspense, or undone."""

    source: str
    payment_id: str
    payer_id: str | None = Field(description="As sent.")
    record_key: str = Field(description="The key of its record: the payer, or the reference it came with.")
    amount_xof: int
    paid_on: date
    channel: Channel
    period: str | None = Field(description="The period that the payer designated.")
    reversed_by: str | None = Field(description="The reversal, of the same source, that undid it.")
    assigned_to: str | None = Field(description="The payer that an operator gave it to.")
    placed: list[PlacedOn]
    held_as: Literal["credit", "suspense"] | None
    held_xof: int


class ShownAccount(BaseModel):
    """One payer's dues and money; the terms are null until it is affiliated."""

    payer_id: str
    payer_kind: PayerKind | None
    territory_code: str | None
    filing_frequency: FilingFrequency | None
    known_at: datetime | None = Field(description="The knowledge time of the last cause that touched it.")
    due_xof: int
    received_xof: int
    outstanding_xof: int
    credit_xof: int
    suspense_xof: int
    periods: list[Due]
    payments: list[ShownPayment]


class CareerRow(BaseModel):
    """One accepted line of a declaration in force: the base as declared and as used, and both shares."""

    period: str
    payer_id: str
    payer_kind: PayerKind
    declaration_id: str
    line_no: int
    base_xof: int
    base_used_xof: int
    insured_share_xof: int
    payer_share_xof: int


class Career(BaseModel):
    """All that is declared of one number, by period; whose it is now, null where registration told of nobody."""

    insured_number: str
    payer_id: str | None
    rows: list[CareerRow]


class Suspended(BaseModel):
    """A payment in suspense: its payer as sent, which is not affiliated, or none."""

    source: str
    payment_id: str
    payer_id: str | None
    record_key: str
    held_xof: int
    paid_on: date
    channel: Channel
    period: str | None


class SuspensePage(BaseModel):
    """Money in suspense, by value date; count and sum are of all pages."""

    rows: list[Suspended]
    count: int
    suspense_xof: int
    next: str | None


class WaitingDeclaration(BaseModel):
    """A declaration whose payer is not affiliated (`pending`), or of which parts lack (`incomplete`)."""

    kind: Literal["pending", "incomplete"]
    since: datetime
    payer_id: str
    declaration_id: str
    period: str
    replaces: str | None
    parts: int
    parts_read: list[int]
    parts_lacking: list[int]
    lacks: Message


class WaitingReversal(BaseModel):
    """A reversal whose payment has not been read."""

    kind: Literal["reversal"]
    since: datetime
    source: str
    payment_id: str
    payer_id: str | None
    record_key: str
    reverses: str
    amount_xof: int
    lacks: Message


class WaitingPage(BaseModel):
    """What waits for its cause, longest first; the counts are of all pages and kinds."""

    rows: list[Annotated[WaitingDeclaration | WaitingReversal, Field(discriminator="kind")]]
    incomplete_count: int
    pending_count: int
    reversal_count: int
    next: str | None


class Doubled(BaseModel):
    """Two declarations of one payer and period, both in force, that name the same workers."""

    payer_id: str
    period: str
    declaration_id: str = Field(description="The one that took effect first.")
    lines_accepted: int
    assessed_xof: int
    doubled_by: str
    doubled_by_lines_accepted: int
    doubled_by_assessed_xof: int


class DoubledPage(BaseModel):
    """Pairs of declarations, by payer and period."""

    rows: list[Doubled]
    next: str | None
