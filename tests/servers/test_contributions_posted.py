"""A declaration that comes in over HTTP ends as one that was published on Kafka, however often it is sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition

from recouvra.chassis.callers import Caller, Role
from recouvra.chassis.publishing import publish
from recouvra.chassis.sources import Sources
from recouvra.contracts.reading import read
from recouvra.contracts.record import Record
from services.contributions.acts.publish_declaration import parts_of_json, records_of
from tests.builders import declaration
from tests.servers.conftest import CreateDatabase
from tests.servers.contributions_desk import Office, affiliated, office, person
from tests.standing.servers import Broker

PATH = "/v1/declarations"
TOPIC = "payroll-declared"
PAYERS = ("P1", "LONG-json", "LONG-csv", "HALF")
CSV = {"content-type": "text/csv"}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Inbox:
    """What stands on `payroll-declared` since it was looked at last."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition], next_: dict[Any, int]) -> None:
        self._consumer, self._partitions, self._next = consumer, partitions, next_

    @classmethod
    async def opened(cls, bootstrap: str) -> Inbox:
        """From here on."""
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
        await consumer.start()
        partitions = [TopicPartition(TOPIC, number) for number in range(3)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        for place, end in ends.items():
            consumer.seek(place, end)
        return cls(consumer, partitions, dict(ends))

    async def new(self) -> list[Record]:
        """The records that came, in their partitions' order."""
        ends, found = await self._consumer.end_offsets(self._partitions), []
        while any(self._next[place] < end for place, end in ends.items()):
            for place, messages in (await self._consumer.getmany(timeout_ms=200)).items():
                for one in messages:
                    found.append(Record(TOPIC, one.partition, one.offset, one.key, one.value, tuple(one.headers)))
                    self._next[place] = one.offset + 1
        return found

    async def close(self) -> None:
        """Ends it."""
        await self._consumer.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inbox(topics: str) -> AsyncIterator[Inbox]:
    opened = await Inbox.opened(topics)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(postgres: CreateDatabase, topics: str) -> AsyncIterator[Office]:
    """One for all tests: each has a payer of its own."""
    async with office(postgres, clock="system", kafka=topics) as opened:
        await opened.desk.take(*(affiliated(payer_id) for payer_id in PAYERS), person("000000000001"))
        yield opened


def body_of(payer_id: str = "P1", lines: int = 3, **said: Any) -> dict[str, Any]:
    drawn = [(f"{number:012}", 50_000 + number) for number in range(1, lines + 1)]
    return {**declaration(payer_id, "2026-01", drawn, **said).body}


def as_csv(body: dict[str, Any]) -> str:
    rows = [
        f"{body['declaration_id']};{body['payer_id']};{body['period']};{line['insured_number']};{line['base_xof']}"
        for line in body["lines"]
    ]
    return "\n".join(["Declaration;Cotisant;Periode;Numero assure;Assiette", *rows])


async def answers_to(place: Office, payer_id: str) -> list[dict[str, Any]]:
    return [one for one in await place.desk.facts("declaration-answered") if one["payer_id"] == payer_id]


async def shown(place: Office, answer: httpx.Response) -> dict[str, Any]:
    """What stands where the answer leads."""
    found: dict[str, Any] = (await place.http.get(answer.headers["location"])).json()
    return found


async def test_what_is_posted_is_answered_where_it_says_as_the_dry_run_foretold(place: Office, inbox: Inbox) -> None:
    body = body_of()
    foretold = (await place.http.post(f"{PATH}/dry-run", json=body)).json()
    answer = await place.http.post(PATH, json=body, headers={"traceparent": TRACE})
    assert (answer.status_code, answer.headers["location"]) == (202, f"{PATH}/D-2026-01?payer_id=P1")
    assert answer.json() == {
        "declaration_id": "D-2026-01",
        "payer_id": "P1",
        "period": "2026-01",
        "parts": 1,
        "lines": 3,
        "source": "/http/local/payroll",
        "answer": answer.headers["location"],
    }
    (record,) = await inbox.new()
    assert (record.key, read(record).envelope.source, read(record).envelope.traceparent) == (
        b"P1",
        "/http/local/payroll",
        TRACE,
    )
    await place.desk.take(record)
    assert (await shown(place, answer))["answer"] == foretold
    for headers in ({}, {"Idempotency-Key": uuid4().hex}):
        other = await place.http.post(PATH, json=body_of(lines=2), headers=headers)
        assert (other.status_code, other.json()["type"].rpartition(":")[2]) == (409, "conflicting-duplicate")
    assert (await place.http.post(PATH, json=body)).status_code == 202
    (again,) = await inbox.new()
    assert (await place.desk.take(again)).dead_letters == {}


@pytest.mark.parametrize("form", ["json", "csv"])
async def test_a_long_one_is_sent_twice_in_parts_and_counts_once(place: Office, inbox: Inbox, form: str) -> None:
    body = body_of(f"LONG-{form}", lines=2_500)
    sent: dict[str, Any] = {"json": body} if form == "json" else {"content": as_csv(body), "headers": CSV}
    answers = [await place.http.post(PATH, **sent) for _ in range(2)]
    assert [(answer.status_code, answer.json()["parts"], answer.json()["lines"]) for answer in answers] == [
        (202, 3, 2_500)
    ] * 2
    records = await inbox.new()
    assert len(records) == 6
    assert len({record.partition for record in records}) == 1
    tally = await place.desk.take(*records)
    found = await shown(place, answers[0])
    assert (found["answer"]["outcome"], found["answer"]["lines_accepted"], found["parts_read"]) == (
        "accepted_with_anomalies",
        2_500,
        [1, 2, 3],
    )
    assert (sum(tally.dead_letters.values()), len(await answers_to(place, f"LONG-{form}"))) == (0, 1)


async def test_under_a_key_it_is_published_once_and_answered_alike(place: Office, inbox: Inbox) -> None:
    body, key = body_of("KEY"), {"Idempotency-Key": uuid4().hex}
    first = await place.http.post(PATH, json=body, headers=key)
    again = await place.http.post(PATH, json=body, headers=key)
    other = await place.http.post(PATH, json=body_of("KEY", lines=2), headers=key)
    assert (first.status_code, again.status_code, again.content) == (202, 202, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert (other.status_code, other.json()["type"].rpartition(":")[2]) == (422, "idempotency-key-reused")
    assert len(await inbox.new()) == 1


async def test_what_a_broker_that_went_away_has_half_of_is_completed_by_sending_it_again(
    topics_broker: Broker, place: Office, inbox: Inbox
) -> None:
    body, key = body_of("HALF", lines=2_500), {"Idempotency-Key": uuid4().hex}
    content = json.dumps(body).encode()
    half = records_of(parts_of_json(content), Caller("local", Role.OPERATOR, by_token=False), Sources(None), None)[:2]
    await publish(topics_broker.bootstrap, half)
    with topics_broker.frozen():
        refused = await place.http.post(PATH, content=content, headers={"content-type": "application/json", **key})
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (503, "broker-away")
    answer = await place.http.post(PATH, content=content, headers={"content-type": "application/json", **key})
    assert answer.status_code == 202
    tally = await place.desk.take(*await inbox.new())
    assert (await shown(place, answer))["answer"]["lines_accepted"] == 2_500
    assert (sum(tally.dead_letters.values()), len(await answers_to(place, "HALF"))) == (0, 1)


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"lines": [{"line_no": 0, "insured_number": "a secret", "base_xof": 1.5}]},
         ["/body/lines/0/line_no", "/body/lines/0/insured_number", "/body/lines/0/base_xof"]),
        ({"period": "2026-13", "part": 2}, ["/body/period"]),
        ({"part": 2}, ["/body"]),
        ({"parts": 2, "lines": [{"line_no": n, "insured_number": "1", "base_xof": 1} for n in range(1, 1002)]},
         ["/body/lines"]),
        ({"lines": [{"line_no": n, "insured_number": "1", "base_xof": 1} for n in range(1, 100_002)]}, ["/body/lines"]),
    ],
)  # fmt: skip
async def test_every_fault_of_a_value_is_told_with_a_pointer_and_nothing_is_published(
    place: Office, inbox: Inbox, change: dict[str, Any], pointers: list[str]
) -> None:
    answer = await place.http.post(PATH, json={**body_of(), **change})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == pointers
    assert "secret" not in answer.text
    assert await inbox.new() == []


@pytest.mark.parametrize(
    ("text", "query", "pointers"),
    [
        ("payer_id;declaration_id;period;insured_number;base_xof\nP1;D1;2026-01;1,2E+11;secret\nP1;D1;2026-02;2;1",
         {}, ["/body/row/2/insured_number", "/body/row/2/base_xof", "/body/row/3/period"]),
        ("insured_number,base_xof\n1,125,000", {"payer_id": "P1", "declaration_id": "D1", "period": "2026-01"},
         ["/body/row/2"]),
        ("insured_number,base_xof\n1,125000", {}, 
         ["/body/row/1/declaration_id", "/body/row/1/payer_id", "/body/row/1/period"]),
        ("payer_id;declaration_id;period;insured_number;base_xof\nP1;D1;2026-01;1;1\nP1;D2;2026-01;1;1", {},
         ["/body/row/3/declaration_id"]),
        ("", {}, ["/body/row/1"]),
        ("insured_number;base_xof\n" + "1;1\n" * 100_001,
         {"payer_id": "P1", "declaration_id": "D", "period": "2026-01"}, ["/body/row/100002"]),
        (";" * 1_000_000, {}, ["/body/row/1"]),
    ],
)  # fmt: skip
async def test_every_fault_of_a_table_is_told_with_its_row(
    place: Office, text: str, query: dict[str, str], pointers: list[str]
) -> None:
    answer = await place.http.post(PATH, content=text, headers=CSV, params=query)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == pointers
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("content", "headers", "query", "status"),
    [
        (b"<x/>", {"content-type": "application/xml"}, {}, 415),
        (b"{", {}, {}, 422),
        (b"{}", {}, {"payer_id": "P1"}, 422),
        (b"a" * (16 << 20) + b"b", CSV, {}, 413),
    ],
)
async def test_what_is_no_declaration_is_refused_as_what_it_is(
    place: Office, content: bytes, headers: dict[str, str], query: dict[str, str], status: int
) -> None:
    answer = await place.http.post(PATH, content=content, headers=headers, params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_who_may_post_and_for_whom_is_as_the_funds_files_say(
    postgres: CreateDatabase, topics: str, inbox: Inbox, tmp_path: Path
) -> None:
    tokens, sources = tmp_path / "tokens.json", tmp_path / "sources.json"
    tokens.write_text(
        json.dumps({
            "t-reader": {"name": "awa", "role": "reader"},
            "t-acme": {"name": "acmé", "role": "operator"},
            "t-other": {"name": "acmé2", "role": "operator"},
            "t-only": {"name": "acmé", "role": "declarer"},
        })
    )  # fmt: skip
    sources.write_text(json.dumps({"/http/acm%C3%A9/": ["P1*"]}))
    async with office(postgres, tokens=tokens, kafka=topics, sources=sources) as place:

        def told(answer: httpx.Response) -> tuple[int, str]:
            return answer.status_code, answer.json().get("type", "").rpartition(":")[2]

        async def status(token: str, payer_id: str, path: str = PATH) -> tuple[int, str]:
            headers = {"Authorization": f"Bearer {token}"}
            return told(await place.http.post(path, json=body_of(payer_id), headers=headers))

        async def found(token: str, payer_id: str) -> tuple[int, str]:
            headers = {"Authorization": f"Bearer {token}"}
            return told(await place.http.get(f"{PATH}/D-2026-01", params={"payer_id": payer_id}, headers=headers))

        assert await status("t-reader", "P1") == (403, "forbidden")
        assert await status("t-other", "P1") == (403, "unauthorised-source")
        assert await status("t-acme", "P2") == (403, "unauthorised-source")
        assert await inbox.new() == []
        for asks in (status, found, lambda token, payer: status(token, payer, f"{PATH}/dry-run")):
            assert await asks("t-only", "P2") == (403, "unauthorised-source")
        assert await status("t-acme", "P17") == (202, "")
        assert await status("t-only", "P17") == (202, "")
        records = await inbox.new()
        assert [read(record).envelope.source for record in records] == ["/http/acm%C3%A9/payroll"] * 2
        assert await status("t-only", "P17", f"{PATH}/dry-run") == (200, "")
        assert await found("t-only", "P17") == (404, "unknown-declaration")
        await place.desk.take(*records)
        assert await found("t-only", "P17") == (200, "")
        assert await found("t-reader", "P2") == (404, "unknown-declaration")
        tokens.write_text('{"anonymous": {"role": "declarer"}}')
        assert (await place.http.get("/v1/waiting")).status_code == 403


async def test_without_a_broker_it_is_refused_and_the_key_stays_free(postgres: CreateDatabase) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    async with office(postgres) as place:
        for headers in ({}, key):
            answer = await place.http.post(PATH, json=body_of(), headers=headers)
            assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (503, "broker-away")
        assert await place.desk.connection.fetchval("select count(*) from answered") == 0
