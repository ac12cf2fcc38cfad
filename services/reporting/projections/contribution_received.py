"""What came in and was placed: every `contribution-received` as a row of `received`."""

from recouvra.contracts.contribution_received import ContributionReceived
from services.reporting.projections.ledger import Ledger

RECEIVED = Ledger(
    ContributionReceived,
    table="received",
    columns=(
        "payer_id",
        "payer_kind",
        "territory_code",
        "period",
        "payment_source",
        "payment_id",
        "received_xof",
        "received_on",
        "channel",
    ),
    stands=True,
)
