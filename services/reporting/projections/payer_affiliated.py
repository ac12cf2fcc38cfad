"""Who the payers are, and were: every `payer-affiliated` as a row of `affiliation`."""

from recouvra.contracts.payer_affiliated import PayerAffiliated
from services.reporting.projections.ledger import Ledger

AFFILIATION = Ledger(
    PayerAffiliated,
    table="affiliation",
    columns=(
        "payer_id",
        "payer_kind",
        "name",
        "territory_code",
        "filing_frequency",
        "affiliated_on",
        "closed_on",
    ),
    stands=True,
)
