"""What `recouvra validate` says of a file is what the server makes of it: codes, places, sentences, and every franc."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from recouvra.cli.validate_told import told
from recouvra.contracts.record import Record
from recouvra.vendor.checking import Terms, check
from recouvra.vendor.files import read_filing
from tests.recount import law
from tests.servers.conftest import CreateDatabase
from tests.servers.contributions_desk import Office, affiliated, office, person

KINDS = ("private_employer", "local_authority", "state", "pension_body", "self_employed")
AT = "2026-02-05T08:00:00Z"
TYPE = "ml.recouvra.payroll-declared.v1"
BINARY = {"ce_specversion": "1.0", "ce_source": "/payroll/v", "ce_type": TYPE, "ce_time": AT}
BASES = (0, 1, 28_459, 39_999, 40_000, 150_000, 150_001, 450_001, 812_345, 1_500_001, -7, 10**12)
FILES = 120
Value = dict[str, Any]


@dataclass
class File:
    """A file of JSON lines of one payer, and the records that carry its lines."""

    payer_id: str
    kind: str
    frequency: str
    lines: list[bytes] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def add(self, value: Value | bytes, structured: dict[str, Any] | None = None) -> None:
        """One line more: a value, what is no value, or the attributes of an envelope to put it in."""
        body: bytes = value if isinstance(value, bytes) else json.dumps(value).encode()
        key = value.get("payer_id") if isinstance(value, dict) else None
        headers = {**BINARY, "ce_id": f"{self.payer_id}-{len(self.lines)}"}
        if structured is not None:
            body = json.dumps({**structured, "data": value}).encode()
            headers = {"content-type": "application/cloudevents+json"}
        encoded = tuple((name, text.encode()) for name, text in headers.items())
        self.lines.append(body)
        self.records.append(
            Record(
                "payroll-declared", 0, 0, key.encode(errors="replace") if isinstance(key, str) else None, body, encoded
            )
        )


def drawn_value(dice: random.Random, file: File, name: str, before: list[str]) -> Value:
    """A whole declaration as a careless vendor may make it; it replaces none but one that can be read before it."""
    lines: list[Value] = [
        {
            "line_no": number if dice.random() < 0.9 else dice.randint(1, 3),
            "insured_number": f"{file.payer_id}-{dice.randint(1, 6)}",
            "base_xof": dice.choice(BASES),
        }
        for number in range(1, dice.choice((0, 1, 2, 4, 7)) + 1)
    ]
    totals = {"lines": len(lines), "base_xof": sum(line["base_xof"] for line in lines)}
    if dice.random() < 0.08:
        totals[dice.choice(("lines", "base_xof"))] += 1
    return {
        "declaration_id": name,
        "payer_id": file.payer_id,
        "period": dice.choice(["2026-01"] * 12 + ["2025-12", "2010-10", "2026-03"]),
        "part": 1,
        "parts": 1,
        "replaces": dice.choice([*before, *before[:1] * 2, name]) if dice.random() < 0.4 else None,
        "totals": totals,
        "lines": lines,
    }


def parts_of(dice: random.Random, value: Value) -> list[Value]:
    """Its parts, perhaps one away, one twice, one otherwise, one that disagrees."""
    if dice.random() < 0.5:
        return [value]
    count, lines = dice.randint(2, 3), value["lines"]
    made = [{**value, "part": part, "parts": count, "lines": lines[part - 1 :: count]} for part in range(1, count + 1)]
    odd, one = dice.random(), dice.randrange(count)
    if odd < 0.15:
        del made[one]
    elif odd < 0.25:
        made.append(
            {
                **made[one],
                "lines": [
                    *made[one]["lines"],
                    {"line_no": 9, "insured_number": f"{value['payer_id']}-6", "base_xof": 1},
                ],
            }
        )
    elif odd < 0.35:
        made.append(made[one])
    elif odd < 0.5:
        change: Value = dice.choice([{"period": "2025-11"}, {"parts": count + 1}, {"replaces": "other"}])
        made[one] = {**made[one], **change}
    dice.shuffle(made)
    return made


def spoiled(dice: random.Random, value: Value) -> Value | bytes:
    """Something that no reader takes."""
    wrong = json.loads(json.dumps(value))
    places = [wrong, wrong["totals"], *wrong["lines"]]
    for _ in range(dice.randint(1, 3)):
        at = dice.choice(places)
        name = dice.choice([key for key in at if key not in ("lines", "totals")] or ["lines"])
        if dice.random() < 0.3:
            at.pop(name, None)
        else:
            at[name] = dice.choice(
                [1.5, "1 ", "a b", [], {}, True, -(10**16), 2**40, "x" * 65, "2026/13", "", "\ud800"]
            )
    odd = dice.random()
    if odd < 0.1:
        return json.dumps(wrong).encode()[:-1]
    if odd < 0.2:
        return json.dumps(value).replace(": ", ": NaN,", 1).encode()
    if odd < 0.3:
        return json.dumps({**value, "lines": [{"line_no": 1, "insured_number": "1", "base_xof": 1}] * 1_001}).encode()
    if odd < 0.35:
        return json.dumps({**value, "remark": "x" * (1 << 20)}).encode()
    return dict(wrong)


def drawn_file(dice: random.Random, number: int) -> File:
    """A file of one to four declarations."""
    file = File(f"V{number}", dice.choice(KINDS), dice.choice(["monthly", "quarterly"]))
    before: list[str] = []
    for declared in range(dice.randint(1, 4)):
        value = drawn_value(dice, file, f"D{declared}", before)
        if dice.random() < 0.2:
            file.add(spoiled(dice, {**value, "replaces": None}))
        for part in parts_of(dice, value):
            structured, readable = None, True
            if dice.random() < 0.2:
                attributes = {"id": f"{file.payer_id}:{len(file.lines)}", "source": f"/payroll/{file.payer_id}"}
                structured = {"specversion": "1.0", **attributes, "type": TYPE, "time": AT}
                if dice.random() < 0.3:
                    readable = False
                    structured[dice.choice(["specversion", "id", "type", "time"])] = dice.choice(["", "x" * 65, "1.1"])
            file.add(part, structured)
            before += [value["declaration_id"]] if readable else []
    return file


def twice_replaced() -> File:
    """A file whose first declaration is replaced by the second, and then by the third."""
    file = File("TWICE", "private_employer", "monthly")
    for declared in range(3):
        lines = [{"line_no": 1, "insured_number": "TWICE-1", "base_xof": 50_000 + declared}]
        totals = {"lines": 1, "base_xof": 50_000 + declared}
        file.add({
            "declaration_id": f"D{declared}", "payer_id": "TWICE", "period": "2026-01", "part": 1, "parts": 1,
            "replaces": "D0" if declared else None, "totals": totals, "lines": lines,
        })  # fmt: skip
    return file


@pytest_asyncio.fixture
async def place(postgres: CreateDatabase) -> AsyncIterator[Office]:
    async with office(postgres) as opened:
        yield opened


async def letters_by_line(place: Office, files: list[File]) -> dict[tuple[str, int], tuple[str, str, str]]:
    """What was set aside: by file and line, the reason and its sentences."""
    rows = await place.desk.connection.fetch(
        """select "offset", reason, message_fr, message_en from dead_letter where topic = 'payroll-declared'"""
    )
    lines = [(file.payer_id, line) for file in files for line in range(1, len(file.lines) + 1)]
    return {lines[row["offset"]]: (row["reason"], row["message_fr"], row["message_en"]) for row in rows}


def first_faults(said: dict[str, Any], file: File) -> dict[tuple[str, int], tuple[str, str, str]]:
    """The same, as `validate` told it: the first fault of each line of the file."""
    found: dict[tuple[str, int], tuple[str, str, str]] = {}
    for fault in said["faults"]:
        line = fault["at"]["line"] or 1
        found.setdefault((file.payer_id, line), (fault["code"], fault["message"]["fr"], fault["message"]["en"]))
    return found


def as_answered(told_: dict[str, Any]) -> dict[str, Any]:
    """A declaration as `validate` tells it, in the shape of the answer."""
    names = ("declaration_id", "payer_id", "period", "outcome", "lines_received", "lines_accepted", "lines_rejected",
             "assessed_xof", "due_on")  # fmt: skip
    anomalies = [{name: one[name] for name in one if name != "at"} for one in told_["anomalies"]]
    return {**{name: told_[name] for name in names}, "anomalies": anomalies}


def assert_placed(told_: dict[str, Any], file: File) -> None:
    """Each anomaly of a line leads to that line of the file, and to the value that was received."""
    for one in told_["anomalies"]:
        document = json.loads(file.lines[(one["at"]["line"] or 1) - 1])
        value = document.get("data", document)
        for step in one["at"]["field"].split("/")[1:]:
            value = value[int(step)] if isinstance(value, list) else value[step]
            if isinstance(value, dict) and "line_no" in value:
                assert value["line_no"] == one["line_no"]
        assert value == one["received"]


def assert_dues(told_: dict[str, Any], kind: str) -> None:
    """Each accepted line by the recomputation that imports nothing of ours; together they are the whole."""
    period, shares = told_["period"], [(0, 0)]
    for line in told_["lines"]:
        if not line["refused"]:
            used = law.base_used(kind, line["base_xof"], period)
            insured, payer = law.shares(kind, line["base_xof"], period)
            assert (line["base_used_xof"], line["insured_share_xof"], line["payer_share_xof"]) == (used, insured, payer)
            shares.append((insured, payer))
    sums = tuple(map(sum, zip(*shares, strict=True)))
    assert (told_["insured_share_xof"], told_["payer_share_xof"]) == sums


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_told_offline_is_what_the_server_answers(place: Office, seed: int) -> None:
    dice, seen = random.Random(seed), Counter[str]()
    files = [twice_replaced(), *(drawn_file(dice, number) for number in range(FILES))]
    for file in files:
        await place.desk.take(
            affiliated(file.payer_id, file.kind, filing_frequency=file.frequency),
            *(person(f"{file.payer_id}-{number}", file.payer_id) for number in range(1, 7)),
        )
    await place.desk.take(*(record for file in files for record in file.records))
    letters = await letters_by_line(place, files)
    answers = {(one["payer_id"], one["declaration_id"]): one for one in await place.desk.facts("declaration-answered")}
    for file in files:
        terms = Terms(datetime.fromisoformat(AT), file.kind, file.frequency)  # type: ignore[arg-type]
        filing = read_filing(b"\n".join(file.lines), "json")
        checking = check(filing, terms)
        said = told("file", filing, checking, terms)
        mine = {place_: letter for place_, letter in letters.items() if place_[0] == file.payer_id}
        assert first_faults(said, file) == mine
        seen.update(code for code, _, _ in mine.values())
        for declared in said["declarations"]:
            answer = answers.pop((file.payer_id, declared["declaration_id"]), None)
            seen.update([declared["outcome"], *(one["code"] for one in declared["anomalies"])])
            if declared["outcome"] == "incomplete":
                assert answer is None
                continue
            assert answer == as_answered(declared)
            assert_placed(declared, file)
            if declared["outcome"] != "rejected":
                assert_dues(declared, file.kind)
        fine = not mine and all(
            one["outcome"][:8] == "accepted" and not one["lines_rejected"] for one in said["declarations"]
        )
        assert said["is_fine"] == fine
    assert answers == {}
    assert seen.keys() >= {
        "accepted", "accepted_with_anomalies", "rejected", "incomplete", "schema-mismatch", "conflicting-duplicate",
        "invalid-json", "missing-envelope", "totals-disagree", "duplicate-line", "negative-base", "below-floor",
        "already-declared", "already-replaced", "replaces-unknown", "period-in-future", "period-before-scheme",
    }  # fmt: skip
