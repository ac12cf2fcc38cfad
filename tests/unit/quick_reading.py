"""What every quick reader is held to: it takes what the contract takes, to the same event and content, or nothing."""

from pydantic import ValidationError

from recouvra.contracts.event import Event
from recouvra.contracts.mending import NotJson
from recouvra.contracts.reading import Quick, fitted


def agrees(quickly: Quick, event_class: type[Event], value: bytes) -> bool:
    """Whether the quick reader took a value; it fails where the contract would not have taken the very same."""
    [quick] = quickly([value])
    if quick is None:
        return False
    event = fitted(event_class, value)
    assert quick[0] == event
    assert quick[0].to_json() == event.to_json()
    assert quick[0].named_key == event.named_key
    assert quick[1] == event.content() == quick[0].content()
    return True


def agrees_or_is_refused(quickly: Quick, event_class: type[Event], value: bytes) -> None:
    """What the contract refuses is not taken; what it takes is taken as it does, or left alone."""
    try:
        fitted(event_class, value)
    except (ValidationError, NotJson):
        assert quickly([value]) == [None]
    else:
        agrees(quickly, event_class, value)
