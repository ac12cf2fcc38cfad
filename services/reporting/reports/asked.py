"""What may be asked of a report: the query's parameters, each report putting together those that mean something to it.

Whatever is not named here is refused with 422 and a pointer to it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from recouvra.contracts.event import Identifier, PayerKind, Period
from services.reporting.reports.instants import instant

Format = Literal["json", "csv", "xlsx", "parquet"]

Instant = Annotated[
    datetime,
    BeforeValidator(instant),
    WithJsonSchema({"type": "string", "examples": ["2026-03-31", "2026-03-31T12:00:00Z"]}),
]
"""An instant in UTC, as `instants.instant` reads it."""


class Asked(BaseModel):
    """What every request may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lang: Literal["fr", "en"] | None = Field(None, description="Language of sentences; `fr` separates CSV with `;`.")


class AsOf(Asked):
    """A figure is that of an instant."""

    as_of: Instant | None = Field(
        None,
        description="RFC 3339 instant, or a date, which stands for its last instant (UTC). Absent, or later than "
        "`complete_up_to`: `complete_up_to`.",
    )


class Paged(AsOf):
    """Rows come in pages, or whole in another format."""

    format: Format | None = Field(None, description="Absent: as `Accept` says. A file holds every row, no total.")
    limit: int = Field(100, ge=1, le=500, description="Rows of a page.")
    cursor: str | None = Field(None, max_length=2_000, description="The `next` of the page before, same query.")


class OfPayers(BaseModel):
    """Filters on the payer."""

    payer_kind: PayerKind | None = None
    region: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")] | None = Field(None, description="2 digits.")
    territory: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,7}$")] | None = Field(
        None, description="The beginning of a territory's code."
    )
    payer_id: Identifier | None = None

    @property
    def names_payers(self) -> bool:
        """Whether some payers are left out, by an attribute of theirs."""
        return any(value is not None for value in (self.payer_kind, self.region, self.territory, self.payer_id))


class OfPeriods(BaseModel):
    """Filters on the period, both ends included."""

    period_from: Period | None = Field(None, description="YYYY-MM, included.")
    period_to: Period | None = Field(None, description="YYYY-MM, included.")

    @property
    def names_periods(self) -> bool:
        """Whether some periods are left out."""
        return self.period_from is not None or self.period_to is not None
