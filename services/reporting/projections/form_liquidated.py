"""What care costs: every `form-liquidated` as a row of `liquidated`."""

from recouvra.contracts.form_liquidated import FormLiquidated
from services.reporting.projections.ledger import Ledger

LIQUIDATED = Ledger(
    FormLiquidated,
    table="liquidated",
    columns=(
        "form_serial",
        "insured_number",
        "payer_id",
        "provider_id",
        "provider_kind",
        "care_kind",
        "care_on",
        "submitted_on",
        "liquidated_on",
        "claimed_xof",
        "accepted_xof",
        "fund_share_xof",
        "co_payment_xof",
        "outcome",
        "reasons",
        "review_flags",
    ),
)
