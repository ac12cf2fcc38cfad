"""What the fund bears of a care form, and within how many days it pays for one."""

from datetime import date

from recouvra.law.parameters import EDITION, coverage_row_on, term_row_on
from recouvra.law.shares import share


def fund_share(accepted_xof: int, care_kind: str, care_on: date, edition: int = EDITION) -> int:
    """The fund's share of an accepted amount of at least 0, in francs, rounded half-up to the franc.

    The day of care chooses the dated row; what is not the fund's is the patient's co-payment.
    Source: LAW-050, DEF-030.
    """
    return share(accepted_xof, coverage_row_on(care_kind, care_on, edition).fund_rate)


def payment_term_days(provider_kind: str, on: date, edition: int = EDITION) -> int | None:
    """Within how many days a provider is paid for a form deposited `on` that day; None for one without a term.

    Pharmacies and laboratories alone have one, from the year of their agreement on. Source: LAW-052, DEF-012.
    """
    row = term_row_on(provider_kind, on, edition)
    return row.days if row else None
