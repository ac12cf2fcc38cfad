"""A reader stops at the first faulty line, whatever follows; who can mend them is told all, unless they are many."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recouvra.contracts.care_form_submitted import CareFormSubmitted
from recouvra.contracts.event import Event
from recouvra.contracts.mismatch import mismatches
from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import Refusal, read
from recouvra.contracts.record import Record
from recouvra.contracts.thorough import every_fault
from tests.builders import care_form, declaration


@pytest.mark.parametrize(
    ("event", "body"), [(PayrollDeclared, declaration().body), (CareFormSubmitted, care_form().body)]
)
def test_a_megabyte_of_faulty_lines_is_refused_at_the_first(event: type[Event], body: dict[str, Any]) -> None:
    value = json.dumps({**body, "lines": "@"}).replace('"@"', "[" + ",".join(["{}"] * 300_000) + "]").encode()
    headers = (*declaration().headers,) if event is PayrollDeclared else (*care_form().headers,)
    with pytest.raises(Refusal) as refused:
        read(Record(event.topic, 0, 0, None, value, headers))
    assert refused.value.faults[0].pointer == "/lines/0/line_no"
    assert len(refused.value.faults) < 10
    assert every_fault(event, value) is None


@pytest.mark.parametrize("sign", ["", "\\ud800"])
def test_all_faults_of_a_value_are_told_to_whoever_can_mend_them(sign: str) -> None:
    body = {**declaration().body, "period": "2026-13", "lines": [{"line_no": 1}, {"base_xof": 1.5}], "note": "@"}
    error = every_fault(PayrollDeclared, json.dumps(body).replace("@", sign).encode())
    assert error is not None
    assert [fault.pointer for fault in mismatches(error)] == [
        "/period",
        "/lines/0/insured_number",
        "/lines/0/base_xof",
        "/lines/1/line_no",
        "/lines/1/insured_number",
        "/lines/1/base_xof",
    ]
    assert len(mismatches(error, most=2)) == 2


@pytest.mark.parametrize("value", [json.dumps(declaration().body).encode(), b"{", b"", b"NaN", b"\xff"])
def test_what_fits_and_what_is_no_json_has_no_faults_to_tell(value: bytes) -> None:
    assert every_fault(PayrollDeclared, value) is None
