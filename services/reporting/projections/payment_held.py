"""What came in and stands on no period: every `payment-held` as a row of `held`."""

from recouvra.contracts.payment_held import PaymentHeld
from services.reporting.projections.ledger import Ledger

HELD = Ledger(
    PaymentHeld,
    table="held",
    columns=(
        "payer_id",
        "payment_source",
        "payment_id",
        "held_as",
        "held_xof",
        "received_on",
        "channel",
    ),
)
