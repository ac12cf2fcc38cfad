"""Whatever the bytes, a record is read or refused: nothing else can happen."""

import json
from random import Random
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from recouvra.contracts.codes import Reason
from recouvra.contracts.reading import Received, Refusal, read
from recouvra.contracts.record import Record
from recouvra.contracts.topics import EVENTS, INBOUND
from tests.fuzz.records import made
from tests.fuzz.values import World
from tests.unit.contracts.samples import KEYS, SAMPLES, attributes, binary, structured

TOPICS = st.sampled_from(sorted(EVENTS))
ODD: st.SearchStrategy[Any] = st.sampled_from(
    ["", "\ud800", "a\x00", "NaN", 10**30, -1, 0, True, None, 1.5, [], {}, "2026-02-30", "x" * 65]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    ODD | st.text() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def outcome(record: Record) -> Received | Refusal:
    """Read a record, or say why not; anything else fails the test."""
    try:
        return read(record)
    except Refusal as refusal:
        return refusal


def stored(record: Record) -> None:
    """Read a record, and insist that a database could hold what comes of it."""
    found = outcome(record)
    texts: list[str | None]
    if isinstance(found, Refusal):
        assert found.message.fr
        assert found.message.en
        texts = [found.source, found.event_id, found.message.fr, found.message.en]
    else:
        texts = [found.envelope.source, found.envelope.event_id, found.event.to_json().decode()]
        assert b"\\u0000" not in found.event.to_json().replace(b"\\\\", b"")
    for text in texts:
        assert text is None or "\0" not in text.encode().decode()


HEADER = st.tuples(
    st.sampled_from(["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type", "traceparent", "x"]),
    st.none()
    | st.binary(max_size=20)
    | st.sampled_from([b"1.0", b"application/cloudevents+json", b"2026-01-01T00:00:00Z"]),
)


@given(TOPICS, st.none() | st.binary(), st.none() | st.binary(), st.lists(HEADER), st.booleans())
@settings(deadline=None)
def test_any_bytes_anywhere(
    topic: str, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]], readable: bool
) -> None:
    stored(Record(topic, 0, 0, key, value, tuple(headers), readable))


@given(TOPICS, st.binary())
@settings(deadline=None)
def test_any_value_in_a_sound_envelope(topic: str, value: bytes) -> None:
    stored(binary(topic, value))


@given(TOPICS, JSON)
@settings(deadline=None)
def test_any_json_as_a_value_or_as_an_envelope(topic: str, value: Any) -> None:
    text = json.dumps(value).encode()
    stored(binary(topic, text))
    stored(structured(topic, text))
    stored(structured(topic, attributes(topic) | {"data": value}))


def mutated(data: st.DataObject, value: Any) -> Any:
    """Change or leave out one thing somewhere in a sound value."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 4)):
        name = data.draw(st.sampled_from(sorted(value)))
        if data.draw(st.integers(0, 4)) == 0:
            return {other: value[other] for other in value if other != name}
        return value | {name: mutated(data, value[name])}
    if isinstance(value, list) and value and data.draw(st.integers(0, 4)):
        return [mutated(data, value[0]), *value[1:]]
    return data.draw(ODD | JSON)


@given(TOPICS, st.data())
@settings(deadline=None, max_examples=300)
def test_a_sound_value_with_one_thing_changed(topic: str, data: st.DataObject) -> None:
    value = mutated(data, SAMPLES[topic])
    text = json.dumps(value).encode()
    stored(binary(topic, text))
    whole = mutated(data, attributes(topic, data=SAMPLES[topic]))
    stored(structured(topic, json.dumps(whole).encode()))


@given(st.sampled_from(sorted(INBOUND)), st.data())
@settings(deadline=None, max_examples=300)
def test_binary_and_structured_mode_never_disagree(topic: str, data: st.DataObject) -> None:
    value = mutated(data, SAMPLES[topic])
    one, other = (
        outcome(binary(topic, json.dumps(value).encode())),
        outcome(structured(topic, attributes(topic) | {"data": value})),
    )
    if isinstance(one, Received) and isinstance(other, Received):
        assert (one.event, one.content) == (other.event, other.content)
        return
    assert isinstance(one, Refusal)
    assert isinstance(other, Refusal)
    assert (one.reason, one.message) == (other.reason, other.message)


@given(TOPICS, st.integers(0, 400), st.integers(0, 255))
@settings(deadline=None, max_examples=300)
def test_a_sound_value_with_one_byte_changed(topic: str, place: int, byte: int) -> None:
    value = bytearray(json.dumps(SAMPLES[topic]).encode())
    value[place % len(value)] = byte
    stored(binary(topic, bytes(value)))


@given(TOPICS, JSON)
@settings(deadline=None)
def test_json_is_never_called_invalid_json(topic: str, value: Any) -> None:
    text = json.dumps(value)
    found = outcome(binary(topic, text.encode()))
    constants = any(word in text for word in ("NaN", "Infinity"))
    assert isinstance(found, Received) or found.reason is Reason.SCHEMA_MISMATCH or constants
    assert KEYS[topic]


@given(TOPICS, st.randoms(use_true_random=False))
@settings(deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_what_fits_the_published_schema_is_read_and_what_is_spoilt_is_read_or_refused(
    topic: str, chance: Random
) -> None:
    one = made(topic, World(), chance)
    record = Record(topic, 0, 0, one.key, one.value, one.headers, one.headers_readable)
    stored(record)
    assert not one.sound or isinstance(outcome(record), Received)


@pytest.mark.parametrize("topic", sorted(EVENTS))
def test_a_hundred_thousand_headers_are_read_like_six(topic: str) -> None:
    sound = binary(topic)
    many = tuple((f"x-{number % 7}", b"y") for number in range(100_000))
    assert outcome(sound._replace(headers=many + sound.headers)) == cast(Received, outcome(sound))._replace(
        record=sound._replace(headers=many + sound.headers)
    )
    assert isinstance(outcome(sound._replace(headers=many)), Refusal)
