"""A care form as the rules read it: what it claims, and what the law makes of that. Source: DEF-030, DEF-031."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from recouvra.contracts.care_form_submitted import CareFormSubmitted
from recouvra.contracts.codes import FormCode
from recouvra.contracts.event import CareKind, ProviderKind
from recouvra.contracts.form_liquidated import FormLiquidated
from recouvra.law.coverage import fund_share

FormKey = tuple[str, int]
"""(form_serial, reading_no): a serial may be read several times, each time with another content."""

Outcome = Literal["accepted", "reduced", "rejected"]


@dataclass(frozen=True, slots=True)
class Form:
    """One reading of a care form, without its lines: what they come to is all that decides.

    Attributes:
        reading_no: 1 for the first form that was read under this serial, from 2 on its duplicates.
        claimed_xof: of all lines as sent; negative where the lines are.
        standing_xof, standing_count: of the lines that stand on their own.
    """

    form_serial: str
    reading_no: int
    insured_number: str
    provider_id: str
    provider_kind: ProviderKind
    care_kind: CareKind
    care_on: date
    submitted_on: date
    claimed_xof: int
    standing_xof: int
    line_count: int
    standing_count: int

    @classmethod
    def read(cls, event: CareFormSubmitted, reading_no: int) -> Form:
        """Adds up the lines of a form that was just read. Source: DEF-030."""
        standing = [line for line in event.lines if line_refusal(line.quantity, line.unit_price_xof) is None]
        return cls(
            form_serial=event.form_serial,
            reading_no=reading_no,
            insured_number=event.insured_number,
            provider_id=event.provider_id,
            provider_kind=event.provider_kind,
            care_kind=event.care_kind,
            care_on=event.care_on,
            submitted_on=event.submitted_on,
            claimed_xof=sum(line.quantity * line.unit_price_xof for line in event.lines),
            standing_xof=sum(line.quantity * line.unit_price_xof for line in standing),
            line_count=len(event.lines),
            standing_count=len(standing),
        )

    @property
    def key(self) -> FormKey:
        """The reading that it is."""
        return self.form_serial, self.reading_no

    def refusal(self) -> FormCode | None:
        """Why the whole form is refused, the first that holds; None where its lines decide.

        That a serial was read before comes first: it says that the form itself may not be what it seems.
        Source: DEF-031.
        """
        if self.reading_no > 1:
            return FormCode.DUPLICATE_FORM
        if self.care_on > self.submitted_on:
            return FormCode.CARE_AFTER_SUBMISSION
        return None

    def liquidated(self, payer_id: str | None, liquidated_on: date) -> FormLiquidated:
        """What the fund pays of it, told as a fact, for a person who belongs to that payer now.

        A form refused whole carries that one code and no line's, as a refused declaration does; else `not-positive`
        stands once, however many lines it refuses. Source: DEF-030, DEF-031, DEF-032, LAW-050.
        """
        refusal = self.refusal()
        accepted = 0 if refusal else self.standing_xof
        share = fund_share(accepted, self.care_kind, self.care_on)
        reasons: tuple[FormCode, ...] = (refusal,) if refusal else ()
        if not refusal and self.standing_count < self.line_count:
            reasons = (FormCode.NOT_POSITIVE,)
        return FormLiquidated(
            form_serial=self.form_serial,
            insured_number=self.insured_number,
            payer_id=payer_id,
            provider_id=self.provider_id,
            provider_kind=self.provider_kind,
            care_kind=self.care_kind,
            care_on=self.care_on,
            submitted_on=self.submitted_on,
            liquidated_on=liquidated_on,
            claimed_xof=self.claimed_xof,
            accepted_xof=accepted,
            fund_share_xof=share,
            co_payment_xof=accepted - share,
            outcome=self._outcome(refusal),
            reasons=reasons,
            review_flags=(),
        )

    def _outcome(self, refusal: FormCode | None) -> Outcome:
        if refusal or not self.standing_count:
            return "rejected"
        return "accepted" if self.standing_count == self.line_count else "reduced"


def line_refusal(quantity: int, unit_price_xof: int) -> FormCode | None:
    """Why a line is refused alone; two negatives make no positive. Source: DEF-031."""
    return None if quantity > 0 and unit_price_xof > 0 else FormCode.NOT_POSITIVE
