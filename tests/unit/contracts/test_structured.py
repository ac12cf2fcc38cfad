"""Structured mode: the same events in one JSON document."""

import base64
import json
from typing import Any

import pytest

from recouvra.contracts.codes import Reason
from recouvra.contracts.reading import VALUE_BYTES, read
from recouvra.contracts.topics import INBOUND
from tests.unit.contracts.samples import SAMPLES, attributes, binary, structured
from tests.unit.contracts.test_reading import refused

PAYROLL = "payroll-declared"


@pytest.mark.parametrize("topic", INBOUND)
def test_structured_mode_says_what_binary_mode_says(topic: str) -> None:
    one, other = read(structured(topic)), read(binary(topic))
    assert (one.envelope, one.event, one.content) == (other.envelope, other.event, other.content)


def test_data_may_be_written_in_base64() -> None:
    encoded = base64.b64encode(json.dumps(SAMPLES[PAYROLL]).encode()).decode()
    assert read(structured(PAYROLL, attributes(PAYROLL, data_base64=encoded))).event == read(binary(PAYROLL)).event


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/cloudevents+json",
        b"Application/CloudEvents+JSON",
        b"application/cloudevents+json; charset=utf-8",
        b"application/cloudevents+json ;charset=UTF-8",
    ],
)
def test_the_content_type_may_have_any_case_and_parameters(content_type: bytes) -> None:
    assert read(structured(PAYROLL)._replace(headers=(("content-type", content_type),))).event.key == "CT-BAMAKO"


@pytest.mark.parametrize("content_type", [b"application/cloudevents-batch+json", b"application/json", b"\xff", None])
def test_any_other_content_type_is_binary_mode(content_type: bytes | None) -> None:
    record = structured(PAYROLL)._replace(headers=(("content-type", content_type),))
    assert refused(record).reason is Reason.MISSING_ENVELOPE


def test_the_first_reason_is_told_with_the_json_of_the_envelope_right_after_the_size() -> None:
    base: dict[str, Any] = attributes(PAYROLL, data=SAMPLES[PAYROLL])
    faults: list[tuple[bytes | dict[str, Any], Reason]] = [
        (b" " * (VALUE_BYTES + 1), Reason.OVERSIZED),
        (b"{", Reason.INVALID_JSON),
        (b"", Reason.INVALID_JSON),
        (base | {"id": "", "data": float("nan")}, Reason.INVALID_JSON),
        (base | {"id": "", "type": "other"}, Reason.MISSING_ENVELOPE),
        (base | {"id": 7}, Reason.MISSING_ENVELOPE),
        (base | {"id": "\ud800"}, Reason.MISSING_ENVELOPE),
        (b"[]", Reason.MISSING_ENVELOPE),
        (base | {"type": "other", "data": {}}, Reason.UNSUPPORTED_TYPE),
        (attributes(PAYROLL), Reason.INVALID_JSON),
        (attributes(PAYROLL, data_base64="é"), Reason.INVALID_JSON),
        (attributes(PAYROLL, data_base64=7), Reason.INVALID_JSON),
        (attributes(PAYROLL, data_base64=base64.b64encode(b"{").decode()), Reason.INVALID_JSON),
        (base | {"data": None}, Reason.SCHEMA_MISMATCH),
        (base | {"data": json.dumps(SAMPLES[PAYROLL])}, Reason.SCHEMA_MISMATCH),
        (base | {"data_base64": "e30="}, Reason.SCHEMA_MISMATCH),
        (base | {"data": {}}, Reason.SCHEMA_MISMATCH),
    ]
    for value, reason in faults:
        assert refused(structured(PAYROLL, value)).reason is reason, value


def test_a_fault_in_the_data_is_placed_in_the_data_and_tells_whose_it_is() -> None:
    refusal = refused(structured(PAYROLL, data=SAMPLES[PAYROLL] | {"lines": [{"line_no": 1}]}))
    assert "/lines/0/insured_number" in refusal.message.en
    assert "/data" not in refusal.message.en
    assert (refusal.source, refusal.event_id) == ("/payroll/sage-ml/acme", "0199-abc")


def test_a_text_that_no_field_may_hold_is_a_mismatch_here_too() -> None:
    for name in ("a\x00", "\ud800"):
        record = structured("affiliation-requested", data=SAMPLES["affiliation-requested"] | {"name": name})
        assert refused(record).reason is Reason.SCHEMA_MISMATCH


def test_unknown_attributes_are_ignored_and_a_traceparent_is_passed_on() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    record = structured(PAYROLL, traceparent=trace, datacontenttype="application/json", x=[1.5, "\ud800"])
    assert read(record).envelope.traceparent == trace
    other = trace.replace("-b7", "-c8")
    with_header = record._replace(headers=(*record.headers, ("traceparent", other.encode())))
    assert read(with_header).envelope.traceparent == other


def test_headers_that_could_not_be_read_are_a_missing_envelope_here_too() -> None:
    assert refused(structured(PAYROLL)._replace(headers_readable=False)).reason is Reason.MISSING_ENVELOPE
