"""Only an event that is nothing but flat fields is read without its contract, and only where its own rules are said."""

import pytest

from recouvra.chassis.plain_values import plain_values
from recouvra.contracts.event import Event
from recouvra.contracts.payment_reported import PaymentReported
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.topics import EVENTS


def test_an_event_whose_fields_have_to_fit_together_is_not_read_without_its_rule() -> None:
    with pytest.raises(ValueError, match="fit together"):
        plain_values(PaymentReported)


def test_an_event_that_is_not_flat_is_not_read() -> None:
    with pytest.raises(ValueError, match="no flat field"):
        plain_values(PayrollDeclared, fits=lambda said: True)


@pytest.mark.parametrize("event_class", EVENTS.values(), ids=lambda event_class: event_class.topic)
def test_of_flat_events_what_is_no_value_of_theirs_is_left_to_the_contract(event_class: type[Event]) -> None:
    try:
        read = plain_values(event_class, fits=lambda said: True)
    except ValueError:
        return
    assert read([b"", b"{}", b"[]", b"null", b"\xff", b'{"else":1}']) == [None] * 6
