"""A dry run says what the real answer would be, whatever was declared before, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from recouvra.chassis.database import WRITER, connect
from tests.builders import Draft, declaration, month_after, split
from tests.servers.conftest import CreateDatabase
from tests.servers.contributions_desk import Office, affiliated, office, person

PATH = "/v1/declarations/dry-run"
NOW = datetime.now(UTC).isoformat()
MONTH = NOW[:7]
PERIODS = (month_after(MONTH, -2), month_after(MONTH, -1), MONTH)
PAYERS = {"P1": "local_authority", "P2": "private_employer", "P3": "self_employed", "P4": "pension_body", "P5": "state"}
NUMBERS = [f"{number:012}" for number in range(1, 9)]
STRANGERS = ["999999999999", "no-number"]


@pytest_asyncio.fixture
async def place(postgres: CreateDatabase) -> AsyncIterator[Office]:
    """Contributions with a worker that dates by the system's clock, as the dry run does."""
    async with office(postgres, clock="system") as opened:
        yield opened


async def settled(place: Office) -> None:
    """Affiliates everyone but P5, and registers all numbers with the first two payers, but for one dependant."""
    await place.desk.take(
        *(affiliated(name, kind, filing_frequency="quarterly" if name == "P2" else "monthly")
          for name, kind in PAYERS.items() if name != "P5"),
        *(person(number, f"P{1 + place % 2}") for place, number in enumerate(NUMBERS[1:])),
        person(NUMBERS[0], None),
    )  # fmt: skip


def drawn(dice: random.Random) -> Draft:
    """A declaration of one part as a careless vendor may send it: perhaps right."""
    payer_id = dice.choice([*PAYERS, "P9"])
    lines: list[dict[str, Any]] = [
        {
            "line_no": number if dice.random() < 0.9 else dice.randint(1, 3),
            "insured_number": dice.choice(NUMBERS if dice.random() < 0.9 else STRANGERS),
            "base_xof": dice.choice((0, 1, 39_999, 40_000, 150_000, 150_001, 450_001, 1_500_001, -7, 812_345)),
        }
        for number in range(1, dice.choice((0, 1, 2, 4, 6)) + 1)
    ]
    names = [f"D{number}" for number in range(1, 10)]
    totals = {"lines": len(lines), "base_xof": sum(line["base_xof"] for line in lines)}
    if dice.random() < 0.08:
        totals[dice.choice(("lines", "base_xof"))] += 1
    odd = dice.random()
    period = "2010-10" if odd < 0.03 else month_after(MONTH) if odd < 0.06 else dice.choice(PERIODS)
    return declaration(
        payer_id,
        period,
        lines,
        declaration_id=dice.choice(names),
        replaces=dice.choice([*names, "never"]) if dice.random() < 0.4 else None,
        totals=totals,
        at=NOW,
        event_id=f"e{dice.getrandbits(60)}",
    )


async def asked(place: Office, sent: Draft) -> tuple[int, dict[str, Any]]:
    """The status and the body of a dry run of it."""
    answer = await place.http.post(PATH, json=dict(sent.body))
    return answer.status_code, answer.json()


async def really(place: Office, sent: Draft) -> tuple[list[dict[str, Any]], int]:
    """The answers to this declaration that are published when it is read, and how many dead letters it made."""
    last = await place.desk.last()
    tally = await place.desk.take(sent)
    answers = await place.desk.facts("declaration-answered", after=last)
    mine = [answer for answer in answers if answer["declaration_id"] == sent.body["declaration_id"]]
    return mine, sum(tally.dead_letters.values())


async def answered_before(place: Office, sent: Draft) -> dict[str, Any]:
    """The answer to a declaration that stands, as the door shows it."""
    path = f"/v1/declarations/{sent.body['declaration_id']}?payer_id={sent.body['payer_id']}"
    answer: dict[str, Any] = (await place.http.get(path)).json()["answer"]
    return answer


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_declared_the_dry_run_is_the_real_answer_and_keeps_nothing(place: Office, seed: int) -> None:
    dice = random.Random(seed)
    seen: Counter[str] = Counter()
    await settled(place)
    for turn in range(60):
        if dice.random() < 0.2:
            early = declaration("P1", PERIODS[1], [(NUMBERS[1], 50_000)] * 3, declaration_id=f"D{dice.randint(1, 9)}")
            await place.desk.take(split(early, 3)[dice.randint(0, 2)])
        if turn == 40:
            await place.desk.take(affiliated("P5", "state"))
        sent = drawn(dice)
        before = await place.desk.dump()
        status, body = await asked(place, sent)
        assert await place.desk.dump() == before
        answers, letters = await really(place, sent)
        if status == 200 and answers:
            assert (body, letters) == (answers[-1], 0)
            seen.update([body["outcome"], *(anomaly["code"] for anomaly in body["anomalies"])])
        elif status == 200:
            assert (body, letters) == (await answered_before(place, sent), 0)
            seen["repeated"] += 1
        else:
            kind = body["type"].rpartition(":")[2]
            assert (status, answers, letters) == (409, [], kind == "conflicting-duplicate")
            seen[kind] += 1
        if dice.random() < 0.2 and letters == 0:
            assert (await asked(place, sent))[1].get("outcome") == body.get("outcome")
    assert {"pending", "rejected", "accepted_with_anomalies", "conflicting-duplicate", "duplicate-line"} <= seen.keys()


@pytest.mark.parametrize("payer_id", ["P1", "P9"])
async def test_a_replacement_that_closes_an_incomplete_one_is_answered_as_itself(place: Office, payer_id: str) -> None:
    await settled(place)
    first = split(declaration(payer_id, PERIODS[0], [(NUMBERS[1], 50_000)] * 2, declaration_id="OLD"), 2)[0]
    await place.desk.take(first)
    sent = declaration(payer_id, PERIODS[0], [(NUMBERS[1], 50_000)], declaration_id="NEW", replaces="OLD", at=NOW)
    status, body = await asked(place, sent)
    answers, _ = await really(place, sent)
    assert (status, body) == (200, answers[-1])
    assert body["declaration_id"] == "NEW"
    assert (await answered_before(place, declaration(payer_id, declaration_id="OLD")))["outcome"] == "rejected"


async def test_a_part_that_would_only_wait_gets_no_answer_and_says_so(place: Office) -> None:
    await settled(place)
    whole = declaration("P1", PERIODS[0], [(NUMBERS[1], 50_000)] * 3, declaration_id="D1")
    await place.desk.take(split(whole, 3)[2])
    answer = await place.http.post(PATH, json={**whole.body})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "incomplete-declaration")


async def test_more_anomalies_than_can_travel_are_all_told(place: Office) -> None:
    lines = [(f"{number:012}", 1) for number in range(5_000, 6_500)]
    whole = declaration("P1", PERIODS[0], lines, declaration_id="BIG", at=NOW)
    await settled(place)
    status, body = await asked(place, whole)
    await place.desk.take(*split(whole, 2))
    (travelled,) = await place.desk.facts("declaration-answered")
    assert (status, len(body["anomalies"]), travelled["anomalies_left"]) == (200, 3_000, 2_000)
    assert body["anomalies"][:1_000] == travelled["anomalies"]
    assert body == await answered_before(place, whole)
    assert "anomalies_left" not in body


async def test_a_hundred_thousand_lines_are_answered_while_others_are_served_and_one_more_is_refused(
    place: Office,
) -> None:
    await settled(place)
    lines = [(f"{number:012}", 40_000 + number) for number in range(100_000)]
    whole = dict(declaration("P1", PERIODS[0], lines, at=NOW).body)
    running = asyncio.create_task(place.http.post(PATH, content=json.dumps(whole, separators=(",", ":"))))
    served = 0
    while not running.done():
        served += (await place.http.get("/livez")).status_code == 200
        await asyncio.wait(
            {running}, timeout=0.001
        )  # an app that is asked within its own process never waits by itself
    answer = (await running).json()
    assert (answer["lines_received"], answer["lines_accepted"]) == (100_000, 100_000)
    assert served > 20
    whole["lines"] = [*whole["lines"], whole["lines"][0]]
    refused = await place.http.post(PATH, content=json.dumps(whole, separators=(",", ":")))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/body/lines")


async def test_a_dry_run_waits_for_no_lock_and_holds_none(place: Office) -> None:
    await settled(place)
    other = await connect(place.url, WRITER)
    sent = declaration("P1", PERIODS[0], [(NUMBERS[1], 50_000)], at=NOW)
    try:
        async with other.transaction():
            await other.execute("select from account where key = 'P1' for update")
            status, body = await asked(place, sent)
            held = await place.desk.connection.fetch(
                "select mode from pg_locks l join pg_stat_activity using (pid) where application_name = 'recouvra-api'"
            )
    finally:
        await other.close()
    assert (status, body["outcome"], held) == (200, "accepted", [])


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"parts": 2}, "/body/parts"),
        ({"part": 2, "parts": 2}, "/body/part"),
        ({"period": "2026-13"}, "/body/period"),
        ({"payer_id": "not an id"}, "/body/payer_id"),
        ({"totals": {"lines": 1}}, "/body/totals/base_xof"),
        ({"lines": [{"line_no": 1, "insured_number": "N1", "base_xof": 1.5}]}, "/body/lines/0/base_xof"),
        ({"lines": [{"line_no": 1, "insured_number": "a b", "base_xof": 1}]}, "/body/lines/0/insured_number"),
        ({"lines": {}}, "/body/lines"),
    ],
)
async def test_what_could_not_be_read_is_refused_with_a_pointer(
    place: Office, change: dict[str, Any], pointer: str
) -> None:
    answer = await place.http.post(PATH, json={**declaration().body, **change})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"NaN", b"\xff", b'{"lines": ' + b"[" * 9_999])
async def test_what_is_no_json_object_is_refused_as_such(place: Office, body: bytes) -> None:
    answer = await place.http.post(PATH, content=body)
    assert (answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]) == (422, ["/body"])


async def test_a_dry_run_under_a_key_gives_its_first_answer_again(place: Office) -> None:
    body, key = dict(declaration("P1", PERIODS[0], at=NOW).body), {"Idempotency-Key": "K1"}
    first = await place.http.post(PATH, json=body, headers=key)
    await place.desk.take(affiliated("P1"))
    again = await place.http.post(PATH, json=body, headers=key)
    assert (first.json()["outcome"], again.content) == ("pending", first.content)
    other = await place.http.post(PATH, json=body | {"period": MONTH}, headers=key)
    assert other.status_code == 422
    assert (await place.http.post(PATH, json=body)).json()["outcome"] == "accepted"


async def test_a_dry_run_under_a_known_key_is_answered_before_it_is_rehearsed_again(place: Office) -> None:
    await settled(place)
    sent, key = declaration("P1", PERIODS[0], declaration_id="D1", at=NOW), {"Idempotency-Key": "K1"}
    first = await place.http.post(PATH, json=dict(sent.body), headers=key)
    await place.desk.take(declaration("P1", PERIODS[1], declaration_id="D1"))
    assert (await asked(place, sent))[0] == 409
    again = await place.http.post(PATH, json=dict(sent.body), headers=key)
    assert (again.status_code, again.content) == (200, first.content)
    invalid = await place.http.post(PATH, content=b"{", headers=key)
    assert invalid.json()["type"].endswith("idempotency-key-reused")


async def test_more_dry_runs_at_once_than_there_are_sessions_are_all_answered(place: Office) -> None:
    await settled(place)
    body = dict(declaration("P1", PERIODS[0], [(number, 50_000) for number in NUMBERS], at=NOW).body)
    keys = [{}, *({"Idempotency-Key": f"K{number % 10}"} for number in range(20))]
    answers = await asyncio.gather(*(place.http.post(PATH, json=body, headers=key) for key in keys))
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}


async def test_large_dry_runs_that_would_fill_the_memory_while_they_wait_are_refused_and_the_others_answered(
    place: Office,
) -> None:
    await settled(place)
    small = json.dumps(dict(declaration("P1", MONTH, [(NUMBERS[1], 50_000)]).body)).encode()
    large = small + b" " * (15 << 20)
    answers = await asyncio.gather(*(place.http.post(PATH, content=large) for _ in range(8)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {200: 4, 503: 4}
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.json()["type"].endswith(":busy")
    assert (await place.http.post(PATH, content=large)).status_code == 200


async def test_an_answer_of_many_anomalies_is_kept_compressed_and_given_again_to_the_byte(place: Office) -> None:
    await settled(place)
    lines = [(f"nobody-{number}", 50_000) for number in range(3_000)]
    content = json.dumps(dict(declaration("P1", MONTH, lines).body)).encode()
    first, again = [await place.http.post(PATH, content=content, headers={"Idempotency-Key": "large"}) for _ in "12"]
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert len(json.loads(first.content)["anomalies"]) == 3_000
    [row] = await place.desk.connection.fetch("select body, octet_length(packed) as packed, length from answered")
    assert (row["body"], row["length"]) == (None, len(first.content))
    assert row["packed"] * 5 < row["length"]
