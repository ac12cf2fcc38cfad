"""Dead letters mended over HTTP: a replay is a reading now, once; a discard is kept; each act has its author."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from recouvra.chassis.positions import Place
from recouvra.chassis.settings import Settings
from tests.servers.till.at_work import PAYMENTS, CreateDatabase, Till, till
from tests.servers.till.counting import DIVIDES_BY_ZERO, REFUSED_BY_THE_TABLE, api


@pytest_asyncio.fixture
async def it(postgres: CreateDatabase, tmp_path: Path) -> AsyncIterator[Till]:
    async with till(postgres, "", tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def client(it: Till, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = api(Settings(kafka="127.0.0.1:9", database_url=it.url), [], it.reading(sources=_sources(tmp_path, ["*"])))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://till") as made:
        yield made


def _sources(folder: Path, payers: list[str]) -> Path:
    """The file of who may publish for whom; it says something of another size each time, so that its stamp moves."""
    path = folder / "sources.json"
    made = path.with_suffix(".new")
    made.write_text(json.dumps({"/": payers, "/nobody": ["x" * len(payers)]}))
    made.rename(path)
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1_000_000 * len(payers)))
    return path


async def _waiting(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await client.get("/v1/dead-letters?state=waiting")).json()["rows"]
    return rows


async def _sum(it: Till) -> int:
    return int(await it.connection.fetchval("select coalesce(sum(sum_xof), 0) from sum_of_key"))


async def test_a_record_of_a_source_that_was_not_allowed_counts_once_however_often_its_replay_is_pressed(
    it: Till, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    closed = it.reading(sources=_sources(tmp_path, []))
    record = it.record(it.payment(1, 700))
    await it.take(record, reading=closed)
    (letter,) = await _waiting(client)
    assert letter["reason"] == "unauthorised-source"

    still = (await client.post(f"/v1/dead-letters/{letter['id']}/replay")).json()
    assert (still["state"], still["reason"], await _sum(it)) == ("waiting", "unauthorised-source", 0)

    _sources(tmp_path, ["*", "*"])
    pressed = await asyncio.gather(*(client.post(f"/v1/dead-letters/{letter['id']}/replay") for _ in range(4)))
    assert {(answer.status_code, answer.json()["state"]) for answer in pressed} == {(200, "replayed")}
    assert (await _sum(it), await it.count("counted"), await it.count("inbox")) == (700, 1, 1)
    assert (await client.post(f"/v1/dead-letters/{letter['id']}/replay")).json()["state"] == "replayed"
    topics = [row["topic"] for row in await it.rows("select topic from outbox order by id")]
    assert topics == ["record-refused", "payment-held"]
    whole = (await client.get(f"/v1/dead-letters/{letter['id']}")).json()
    assert [(act["who"], act["act"], act["reason"]) for act in whole["acts"]] == [
        ("local", "replay", "unauthorised-source"),
        ("local", "replay", None),
    ]
    await it.take(it.record(it.payment(1, 700)))
    assert await _sum(it) == 700, "the replay claimed the event: sent again it is a repeat"


async def test_a_replay_waits_for_the_batch_that_holds_its_account_and_is_dated_after_it(
    it: Till, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await it.take(it.record(it.payment(1, 700)), reading=it.reading(sources=_sources(tmp_path, [])))
    _sources(tmp_path, ["*", "*"])
    (letter,) = await _waiting(client)
    await it.take(it.record(it.payment(2, 5)))
    later = await it.connection.fetchval("update sum_of_key set known_at = now() + interval '1 h' returning known_at")
    assert (await client.post(f"/v1/dead-letters/{letter['id']}/replay")).json()["state"] == "replayed"
    known = await it.connection.fetchval("select max(known_at) from outbox where topic = 'payment-held'")
    assert known >= later, "a fact of a key is never dated before the key's last one (DEF-015)"


async def test_a_record_whose_identity_was_taken_meanwhile_stays_with_its_new_reason(
    it: Till, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    closed = it.reading(sources=_sources(tmp_path, []))
    await it.take(it.record(it.payment(1, 700)), reading=closed)
    _sources(tmp_path, ["*", "*"])
    await it.take(it.record(it.payment(1, 900)))
    (letter,) = await _waiting(client)
    again = (await client.post(f"/v1/dead-letters/{letter['id']}/replay")).json()
    assert (again["state"], again["reason"], await _sum(it)) == ("waiting", "conflicting-duplicate", 900)
    assert again["message"]["fr"] != letter["message"]["fr"]
    assert await it.count("dead_letter") == 1, "it is the same letter, not a second one"
    assert await it.count("outbox") == 2, "its publisher was told once; nothing else was published but the payment"


async def test_a_record_that_fails_for_a_reason_that_nobody_foresaw_waits_until_the_cause_is_mended(
    it: Till, client: httpx.AsyncClient
) -> None:
    for number, xof in enumerate((DIVIDES_BY_ZERO, REFUSED_BY_THE_TABLE)):
        record, moves = it.record(it.payment(number, xof)), {Place(PAYMENTS, 0): (number, number + 1)}
        await it.reading().take(it.connection, moves, [record], RuntimeError("unforeseen"))
    by_zero, by_table = await _waiting(client)
    assert {by_zero["reason"], by_table["reason"]} == {"internal"}
    for letter in (by_zero, by_table):
        again = (await client.post(f"/v1/dead-letters/{letter['id']}/replay")).json()
        assert (again["state"], again["reason"]) == ("waiting", "internal")
    assert (await _sum(it), await it.count("counted"), await it.count("inbox")) == (0, 0, 0)
    await it.connection.execute("alter table counted drop constraint counted_amount_xof_check")
    mended = (await client.post(f"/v1/dead-letters/{by_table['id']}/replay")).json()
    assert (mended["state"], await _sum(it)) == ("replayed", REFUSED_BY_THE_TABLE)


async def test_poison_stays_poison_however_often_it_is_replayed(it: Till, client: httpx.AsyncClient) -> None:
    await it.take(it.record(it.payment(1).broken("invalid-json", value=b"{")))
    (letter,) = await _waiting(client)
    for _ in range(2):
        answer = await client.post(f"/v1/dead-letters/{letter['id']}/replay")
        assert (answer.status_code, answer.json()["state"]) == (200, "waiting")
    assert await it.count("dead_letter") == 1


async def test_a_discard_needs_a_reason_is_kept_and_is_final(it: Till, client: httpx.AsyncClient) -> None:
    await it.take(it.record(it.payment(1).broken("invalid-json", value=b"{")))
    (letter,) = await _waiting(client)
    path = f"/v1/dead-letters/{letter['id']}"
    for body in ({}, {"reason": ""}, {"reason": " \t"}, {"reason": 5}, {"reason": "a\0b"}):
        refused = await client.post(f"{path}/discard", json=body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/body/reason")
    for _ in range(2):
        done = await client.post(f"{path}/discard", json={"reason": "essai du vendeur"})
        assert (done.status_code, done.json()["state"]) == (200, "discarded")
    replayed = await client.post(f"{path}/replay")
    assert (replayed.status_code, replayed.json()["type"]) == (409, "urn:recouvra:problem:dead-letter-discarded")
    assert [(act["act"], act["reason"]) for act in done.json()["acts"]] == [("discard", "essai du vendeur")]
    lines = (await client.get("/v1/audit?act=discard")).json()
    assert [(line["who"], line["subject"]) for line in lines["rows"]] == [("local", f"dead-letter/{letter['id']}")]
    assert lines["next"] is None


async def test_what_was_replayed_cannot_be_discarded_and_what_is_not_there_can_be_neither(
    it: Till, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await it.take(it.record(it.payment(1)), reading=it.reading(sources=_sources(tmp_path, [])))
    _sources(tmp_path, ["*", "*"])
    (letter,) = await _waiting(client)
    await client.post(f"/v1/dead-letters/{letter['id']}/replay")
    refused = await client.post(f"/v1/dead-letters/{letter['id']}/discard", json={"reason": "trop tard"})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:recouvra:problem:dead-letter-replayed")
    for number in ("987654321", "99999999999999999999999"):
        for act, body in (("replay", None), ("discard", {"reason": "x"})):
            assert (await client.post(f"/v1/dead-letters/{number}/{act}", json=body)).status_code == 404


async def test_an_idempotency_key_gives_the_first_answer_and_takes_no_other_request(
    it: Till, client: httpx.AsyncClient
) -> None:
    await it.take(*(it.record(it.payment(n).broken("invalid-json", value=b"{")) for n in (1, 2)))
    one, two = (f"/v1/dead-letters/{letter['id']}" for letter in await _waiting(client))
    key = {"Idempotency-Key": "k-1"}
    answers = await asyncio.gather(
        *(client.post(f"{one}/discard", json={"reason": "a"}, headers=key) for _ in range(5))
    )
    assert len({answer.content for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {200}
    for path, body in ((f"{one}/discard", {"reason": "b"}), (f"{two}/discard", {"reason": "a"}), (f"{two}/replay", {})):
        other = await client.post(path, json=body, headers=key)
        assert (other.status_code, other.json()["type"]) == (422, "urn:recouvra:problem:idempotency-key-reused")
    assert len(await _waiting(client)) == 1
    assert len((await client.get(one)).json()["acts"]) == 1
    for wrong in (b"", "é".encode(), b"x" * 256):
        refused = await client.post(f"{two}/replay", headers={b"Idempotency-Key": wrong})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/header/idempotency-key")


async def test_a_refusal_is_not_kept_under_its_idempotency_key(it: Till, client: httpx.AsyncClient) -> None:
    await it.take(it.record(it.payment(1).broken("invalid-json", value=b"{")))
    (letter,) = await _waiting(client)
    key = {"Idempotency-Key": "k-2"}
    path = f"/v1/dead-letters/{letter['id']}/discard"
    assert (await client.post("/v1/dead-letters/999/discard", json={"reason": "a"}, headers=key)).status_code == 404
    assert (await client.post(path, json={"reason": "a"}, headers=key)).status_code == 200


async def test_a_sources_file_that_cannot_be_read_is_told_and_nothing_is_replayed(it: Till, tmp_path: Path) -> None:
    await it.take(it.record(it.payment(1)), reading=it.reading(sources=_sources(tmp_path, [])))
    reading = it.reading(sources=tmp_path / "none.json")
    app = api(Settings(kafka="127.0.0.1:9", database_url=it.url), [], reading)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://till") as made:
        (letter,) = await _waiting(made)
        answer = await made.post(f"/v1/dead-letters/{letter['id']}/replay")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:recouvra:problem:settings-unreadable")
        assert len(await _waiting(made)) == 1


async def test_a_body_beyond_the_bound_is_refused_whether_announced_or_not(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * (1 << 20)

    for content in (b" " * (17 << 20), endless()):
        answer = await client.post("/v1/dead-letters/1/discard", content=content)
        assert (answer.status_code, answer.json()["type"]) == (413, "urn:recouvra:problem:http-413")
