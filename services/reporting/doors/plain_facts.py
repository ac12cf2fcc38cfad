"""The facts whose plain values are read several times as fast as by their contracts: what our services publish."""

from __future__ import annotations

from collections.abc import Mapping

from recouvra.chassis.plain_values import plain_values
from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.contribution_received import ContributionReceived
from recouvra.contracts.event import Event
from recouvra.contracts.payer_affiliated import PayerAffiliated
from recouvra.contracts.payment_held import PaymentHeld
from recouvra.contracts.person_registered import PersonRegistered
from recouvra.contracts.reading import Quick

QUICKLY: Mapping[type[Event], Quick] = {
    ContributionAssessed: plain_values(ContributionAssessed),
    ContributionReceived: plain_values(ContributionReceived),
    PaymentHeld: plain_values(PaymentHeld, fits=lambda held: held.payer_id is not None),  # as a credit has to have one
    PayerAffiliated: plain_values(PayerAffiliated),
    PersonRegistered: plain_values(PersonRegistered),
}
"""By event class, what reads its plain values."""
