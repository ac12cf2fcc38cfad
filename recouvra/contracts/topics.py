"""Which topic carries which event, and who reads and writes it."""

from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.care_form_submitted import CareFormSubmitted
from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.declaration_answered import DeclarationAnswered
from recouvra.contracts.event import Event
from recouvra.contracts.form_liquidated import FormLiquidated
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.payment_held import PaymentHeld
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.record_refused import RecordRefused
from recouvra.contracts.registration_answered import RegistrationAnswered
from recouvra.contracts.registration_requested import RegistrationRequested
from recouvra.contracts.rights_changed import RightsChanged


def _by_topic(*events: type[Event]) -> dict[str, type[Event]]:
    return {event.topic: event for event in events}


INBOUND: dict[str, type[Event]] = _by_topic(
    AffiliationRequested, RegistrationRequested, PayrollDeclared, PaymentReported, CareFormSubmitted
)
"""Published by upstream systems."""

FACTS: dict[str, type[Event]] = _by_topic(
    PayerAffiliated,
    PersonRegistered,
    RegistrationAnswered,
    ContributionAssessed,
    ContributionReceived,
    PaymentHeld,
    DeclarationAnswered,
    RecordRefused,
    FormLiquidated,
    RightsChanged,
)
"""Published by our services; these topics are never compacted and never expire."""

EVENTS: dict[str, type[Event]] = INBOUND | FACTS

MARKS = "knowledge-marked"
"""The watermark's topic: marks of the relays, no event of the published language."""


def journal_of(service: str) -> str:
    """The topic of a service's journal, no event of the published language either: only the service itself reads it.

    It has one partition, so that causes stand in the order of their effects.
    """
    return f"{service}-journal"


READS: dict[str, tuple[str, ...]] = {
    "registration": ("affiliation-requested", "registration-requested"),
    "contributions": ("payer-affiliated", "person-registered", "payroll-declared", "payment-reported"),
    "liquidation": ("person-registered", "rights-changed", "care-form-submitted"),
    "reporting": tuple(FACTS),
}

WRITES: dict[str, tuple[str, ...]] = {
    "registration": ("payer-affiliated", "person-registered", "registration-answered", "record-refused"),
    "contributions": (
        "contribution-assessed",
        "contribution-received",
        "payment-held",
        "declaration-answered",
        "record-refused",
        "rights-changed",
    ),
    "liquidation": ("form-liquidated", "record-refused"),
    "reporting": (),
}

JOURNALS: tuple[str, ...] = tuple(journal_of(service) for service, writes in WRITES.items() if writes)
"""The journals of the services that publish facts."""
