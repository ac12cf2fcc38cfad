"""Every ledger: which facts are kept as they came."""

from services.reporting.projections.contribution_assessed import ASSESSED
from services.reporting.projections.contribution_received import RECEIVED
from services.reporting.projections.form_liquidated import LIQUIDATED
from services.reporting.projections.payer_affiliated import AFFILIATION
from services.reporting.projections.payment_held import HELD
from services.reporting.projections.person_registered import REGISTERED

KEPT = (ASSESSED, RECEIVED, HELD, AFFILIATION, REGISTERED, LIQUIDATED)
