"""What `recouvra send` makes of a file, and of what is said of it afterwards."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from recouvra.cli.send_answers import Awaited
from recouvra.cli.send_filed import filed
from recouvra.cli.send_records import Mode, Sending, records
from recouvra.contracts.reading import read
from recouvra.local.errors import LocalError
from recouvra.vendor.headings import Said

AT = datetime(2026, 3, 31, 12, tzinfo=UTC)
PAYMENT = {"payment_id": "P-1", "payer_id": "E", "amount_xof": 5, "paid_on": "2026-03-01", "channel": "bank", "é": "ù"}


def sending(topic: str, **given: Any) -> Sending:
    return Sending(topic, given.get("source", "/payroll/x"), AT, given.get("mode", Mode.BINARY))


def declared(part: int = 1, parts: int = 1, **given: Any) -> dict[str, Any]:
    """A declaration's value."""
    lines = [{"line_no": part, "insured_number": f"N{part}", "base_xof": 50_000}]
    value = {"declaration_id": "D", "payer_id": "E", "period": "2026-02", "part": part, "parts": parts}
    return value | {"totals": {"lines": parts, "base_xof": 50_000 * parts}, "lines": lines} | given


def written(folder: Path, *values: dict[str, Any]) -> Path:
    """A file of JSON lines."""
    file = folder / "values.jsonl"
    file.write_text("".join(json.dumps(value) + "\n" for value in values))
    return file


def test_both_content_modes_say_the_same_event_under_the_same_id(tmp_path: Path) -> None:
    file = written(tmp_path, PAYMENT)
    (binary,) = records(file, sending("payment-reported"))
    (structured,) = records(file, sending("payment-reported", mode=Mode.STRUCTURED))
    both = [read(one.record) for one in (binary, structured)]
    assert both[0].envelope == both[1].envelope
    assert both[0].content == both[1].content
    assert json.loads(structured.record.value or b"")["data"] == PAYMENT
    assert [name for name, _ in structured.record.headers] == ["content-type"]


def test_an_id_follows_from_the_source_and_the_content_alone(tmp_path: Path) -> None:
    (one,) = records(written(tmp_path, PAYMENT), sending("payment-reported"))
    (same,) = records(written(tmp_path, dict(reversed(PAYMENT.items()))), sending("payment-reported"))
    (other,) = records(written(tmp_path, PAYMENT | {"amount_xof": 6}), sending("payment-reported"))
    (elsewhere,) = records(written(tmp_path, PAYMENT), sending("payment-reported", source="/bank"))
    names = [read(ready.record).envelope.event_id for ready in (one, same, other, elsewhere)]
    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_the_first_line_that_would_be_refused_is_named(tmp_path: Path) -> None:
    file = written(tmp_path, PAYMENT, PAYMENT | {"amount_xof": 0})
    with pytest.raises(LocalError) as refused:
        list(records(file, sending("payment-reported")))
    assert "ligne 2" in refused.value.fr
    assert refused.value.exit_code == 1


def test_a_table_goes_in_parts_that_are_the_same_each_time(tmp_path: Path) -> None:
    file = tmp_path / "payroll.csv"
    file.write_text("insured_number,base_xof\n" + "".join(f"N{n},50000\n" for n in range(2_001)))
    said = Said("D", "E", "2026-02")
    first, second = (filed(file, sending("payroll-declared"), said, None, anyway=False, as_json=False) for _ in "ab")
    assert [len(read(one.record).event.lines) for one in first] == [1000, 1000, 1]  # type: ignore[attr-defined]
    assert [one.record for one in first] == [one.record for one in second]
    assert len({read(one.record).envelope.event_id for one in first}) == 3
    assert {one.record.key for one in first} == {b"E"}


def test_what_would_be_rejected_goes_only_where_that_is_asked_for(tmp_path: Path, capsys: Any) -> None:
    file = written(tmp_path, declared(totals={"lines": 7, "base_xof": 50_000}))
    with pytest.raises(LocalError) as refused:
        filed(file, sending("payroll-declared"), Said(), None, anyway=False, as_json=False)
    assert (refused.value.exit_code, "--anyway" in refused.value.en) == (1, True)
    assert "totals-disagree" in capsys.readouterr().out
    assert len(filed(file, sending("payroll-declared"), Said(), None, anyway=True, as_json=False)) == 1


def awaited(folder: Path, *values: dict[str, Any], topic: str = "payroll-declared") -> Awaited:
    """What is awaited of these values, each of which stands at the offset of its turn."""
    ready = list(records(written(folder, *values), sending(topic)))
    found = Awaited.of(topic, (one.event for one in ready))
    found.places = {(topic, 0, n): found.identity(one.event) for n, one in enumerate(ready)}
    return found


def answer(**given: Any) -> dict[str, Any]:
    said = {"declaration_id": "D", "payer_id": "E", "period": "2026-02", "outcome": "accepted", "lines_received": 1}
    return said | {"anomalies": []} | given


def refusal(offset: int, topic: str = "payroll-declared") -> dict[str, Any]:
    return {"topic": topic, "partition": 0, "offset": offset, "reason": "conflicting-duplicate"}


def test_an_answer_is_due_until_it_came(tmp_path: Path) -> None:
    waiting = awaited(tmp_path, declared())
    assert (waiting.due, waiting.is_well) == ({("E", "D")}, False)
    waiting.hear("declaration-answered", answer(payer_id="SOMEBODY"))
    waiting.hear("declaration-answered", answer(declaration_id="OTHER"))
    assert waiting.due == {("E", "D")}
    waiting.hear("declaration-answered", answer())
    assert (waiting.due, waiting.is_well) == (set(), True)


@pytest.mark.parametrize(
    ("outcome", "is_well"),
    [("accepted_with_anomalies", True), ("pending", True), ("rejected", False)],
)
def test_a_rejection_alone_is_not_well(tmp_path: Path, outcome: str, is_well: bool) -> None:
    waiting = awaited(tmp_path, declared())
    waiting.hear("declaration-answered", answer(outcome=outcome))
    assert waiting.is_well is is_well


def test_a_refusal_is_ours_by_the_place_of_its_record_and_ends_the_waiting(tmp_path: Path) -> None:
    waiting = awaited(tmp_path, declared())
    waiting.hear("record-refused", refusal(8))
    waiting.hear("record-refused", refusal(0, "payment-reported"))
    assert waiting.due == {("E", "D")}
    waiting.hear("record-refused", refusal(0))
    assert (waiting.due, waiting.is_well, waiting.refused[0].identity) == (set(), False, ("E", "D"))


def test_a_declaration_of_which_parts_are_lacking_is_not_waited_for(tmp_path: Path) -> None:
    waiting = awaited(tmp_path, declared(2, 3))
    assert (waiting.due, waiting.is_well, waiting.lacking) == (set(), True, {("E", "D"): [1, 3]})
    assert awaited(tmp_path, declared(2, 2), declared(1, 2)).due == {("E", "D")}


def test_what_was_answered_before_counts_until_something_new_is_said(tmp_path: Path) -> None:
    waiting = awaited(tmp_path, declared())
    waiting.hear("declaration-answered", answer(outcome="pending"), earlier=True)
    waiting.hear("declaration-answered", answer(outcome="accepted"), earlier=True)
    waiting.hear("record-refused", refusal(0), earlier=True)
    assert (waiting.earlier, waiting.is_well, waiting.refused) == ({("E", "D")}, True, [])
    assert waiting.as_json()["answers"] == [answer() | {"earlier": True}]
    waiting.hear("declaration-answered", answer(outcome="rejected"))
    waiting.hear("declaration-answered", answer(outcome="accepted"), earlier=True)
    assert (waiting.earlier, waiting.is_well) == (set(), False)


@pytest.mark.parametrize("given", [{"lines_received": 2}, {"period": "2026-01"}])
def test_an_earlier_answer_that_is_not_to_this_content_leaves_it_due(tmp_path: Path, given: dict[str, Any]) -> None:
    waiting = awaited(tmp_path, declared())
    waiting.hear("declaration-answered", answer(**given), earlier=True)
    assert (waiting.due, waiting.otherwise, waiting.is_well) == ({("E", "D")}, {("E", "D")}, False)
    waiting.hear("record-refused", refusal(0))
    assert (waiting.due, waiting.answers, waiting.is_well) == (set(), {}, False)


def test_lines_of_all_parts_are_compared_once_each_and_not_where_parts_are_lacking(tmp_path: Path) -> None:
    whole = awaited(tmp_path, declared(2, 2), declared(1, 2), declared(1, 2))
    whole.hear("declaration-answered", answer(lines_received=2), earlier=True)
    assert (whole.earlier, whole.is_well) == ({("E", "D")}, True)
    half = awaited(tmp_path, declared(2, 2))
    half.hear("declaration-answered", answer(lines_received=2), earlier=True)
    assert (half.earlier, half.otherwise) == ({("E", "D")}, set())


def test_of_what_gets_no_answer_none_is_due(tmp_path: Path) -> None:
    waiting = awaited(tmp_path, PAYMENT, topic="payment-reported")
    assert (waiting.reads, waiting.due, waiting.is_well) == (("record-refused",), set(), True)
    waiting.hear("record-refused", refusal(0, "payment-reported"))
    assert not waiting.is_well
