"""Who is insured, and through whom: every `person-registered` as a row of `registered`."""

from recouvra.contracts.person_registered import PersonRegistered
from services.reporting.projections.ledger import Ledger

REGISTERED = Ledger(
    PersonRegistered,
    table="registered",
    columns=(
        "insured_number",
        "role",
        "principal_number",
        "payer_id",
        "payer_kind",
        "territory_code",
        "category",
        "birth_year",
        "sex",
        "registered_on",
        "relationship",
    ),
)
