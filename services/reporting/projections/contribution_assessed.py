"""What became due: every `contribution-assessed` as a row of `assessed`."""

from recouvra.contracts.contribution_assessed import ContributionAssessed
from services.reporting.projections.ledger import Ledger

ASSESSED = Ledger(
    ContributionAssessed,
    table="assessed",
    columns=(
        "payer_id",
        "payer_kind",
        "territory_code",
        "period",
        "declaration_id",
        "basis",
        "assessed_xof",
        "insured_share_xof",
        "payer_share_xof",
        "line_count",
        "filed_on",
        "due_on",
    ),
    stands=True,
)
