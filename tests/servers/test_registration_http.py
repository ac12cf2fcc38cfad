"""Registration over HTTP: payers affiliated by hand, persons shown and who read them, answers, possible duplicates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from recouvra.chassis.settings import Settings
from services.registration.app import build
from tests.builders import affiliation, hire
from tests.servers.conftest import CreateDatabase
from tests.servers.registration_desk import Desk

NINA = "12345678901234A"
BODY: dict[str, Any] = dict(affiliation("P1", request_id="A1").body)


class Place(NamedTuple):
    """The service's API, and a worker on the same database."""

    http: httpx.AsyncClient
    desk: Desk


@pytest_asyncio.fixture
async def place(postgres: CreateDatabase) -> AsyncIterator[Place]:
    """A new database under an `event` clock: what is said over HTTP is said now all the same."""
    url = await postgres(f"registration_{uuid4().hex[:12]}")
    desk = await Desk.opened(url)
    settings = Settings(kafka="127.0.0.1:1", database_url=url, clock="event")
    service = build(settings)
    app = service.create_api(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://registration") as http,
    ):
        yield Place(http, desk)
    await desk.connection.close()


async def test_a_payer_posted_is_affiliated_now_and_shown(place: Place) -> None:
    assert (await place.http.get("/v1/payers/P1")).status_code == 404
    before = datetime.now(UTC)
    answer = await place.http.post("/v1/payers", json=BODY)
    holds = {name: value for name, value in BODY.items() if name != "request_id"}
    assert (answer.status_code, answer.json()) == (201, holds)
    assert (await place.http.get("/v1/payers/P1")).json() == holds
    assert await place.desk.facts() == [holds]
    row = await place.desk.connection.fetchrow("select source, said_at, known_at from payer")
    assert row is not None
    assert row["source"] == "/registration/http"
    assert before <= row["said_at"] == row["known_at"] <= datetime.now(UTC)


async def test_the_same_request_again_has_no_effect_and_another_content_is_refused(place: Place) -> None:
    await place.http.post("/v1/payers", json=BODY)
    again = await place.http.post("/v1/payers", json={**BODY, "unknown_field": 1})
    assert (again.status_code, again.json()["payer_id"]) == (200, "P1")
    other = await place.http.post("/v1/payers?lang=en", json={**BODY, "name": "Secret name"})
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"
    assert other.json()["type"].endswith("conflicting-duplicate")
    assert "Secret" not in other.text
    assert len(await place.desk.facts()) == 1


async def test_posts_at_once_under_one_idempotency_key_get_one_answer_and_have_one_effect(place: Place) -> None:
    key = {"Idempotency-Key": "a button pressed five times"}
    answers = await asyncio.gather(*(place.http.post("/v1/payers", json=BODY, headers=key) for _ in range(5)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    await place.desk.take(affiliation("P1", request_id="A9", name="Plus tard", at="2090-05-01T00:00:00Z"))
    later = await place.http.post("/v1/payers", json=BODY, headers=key)
    assert (later.status_code, later.content) == (201, answers[0].content), "the first answer, whatever holds since"
    assert len(await place.desk.facts()) == 2
    assert [line["act"] for line in (await place.http.get("/v1/audit")).json()["rows"]] == ["affiliate"]
    other = await place.http.post("/v1/payers", json={**BODY, "request_id": "A2"}, headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:recouvra:problem:idempotency-key-reused")


async def test_a_request_posted_and_published_is_one_request(place: Place) -> None:
    await place.desk.take(affiliation("P1", request_id="A1"))
    assert (await place.http.post("/v1/payers", json=BODY)).status_code == 200
    assert (await place.desk.take(affiliation("P1", request_id="A1", source="/other"))).duplicates == 1


async def test_a_record_that_speaks_later_holds_over_a_post_and_an_earlier_one_does_not(place: Place) -> None:
    await place.http.post("/v1/payers", json=BODY)
    await place.desk.take(affiliation("P1", request_id="A0", name="Avant", at="2020-05-01T00:00:00Z"))
    assert (await place.http.get("/v1/payers/P1")).json()["name"] == BODY["name"]
    await place.desk.take(affiliation("P1", request_id="A9", name="Plus tard", at="2090-05-01T00:00:00Z"))
    answer = await place.http.post("/v1/payers", json={**BODY, "request_id": "A2", "name": "Maintenant"})
    assert (answer.status_code, answer.json()["name"]) == (201, "Plus tard")


async def test_a_post_decides_the_hires_that_waited(place: Place) -> None:
    await place.desk.take(hire("P1", nina=NINA))
    waiting = (await place.http.get("/v1/registrations/H1?payer_id=P1")).json()
    assert (waiting["outcome"], waiting["insured_number"]) == ("pending", None)
    assert [anomaly["code"] for anomaly in waiting["anomalies"]] == ["unknown-payer"]
    await place.http.post("/v1/payers", json=BODY)
    answer = (await place.http.get("/v1/registrations/H1?payer_id=P1")).json()
    fact = (await place.desk.facts("registration-answered"))[-1]
    answered_at = answer.pop("answered_at")
    assert answer == fact
    known = await place.desk.connection.fetchval("select max(known_at) from outbox")
    assert datetime.fromisoformat(answered_at) == known


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"payer_kind": "ministry"}, "/body/payer_kind"),
        ({"payer_id": "not an id"}, "/body/payer_id"),
        ({"territory_code": "123"}, "/body/territory_code"),
        ({"affiliated_on": "2026-02-30"}, "/body/affiliated_on"),
        ({"affiliated_on": 20260101}, "/body/affiliated_on"),
        ({"name": "a\x00b"}, "/body/name"),
    ],
)
async def test_a_faulty_body_is_refused_with_a_pointer_and_without_its_values(
    place: Place, change: dict[str, Any], pointer: str
) -> None:
    answer = await place.http.post("/v1/payers", json={**BODY, **change})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert str(next(iter(change.values()))) not in answer.text
    assert await place.desk.facts() == []


async def test_a_missing_field_is_named(place: Place) -> None:
    answer = await place.http.post("/v1/payers", json={name: BODY[name] for name in BODY if name != "name"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/body/name")


async def test_a_person_is_shown_with_names_and_every_reading_is_kept(place: Place) -> None:
    await place.desk.take(affiliation("P1"), hire("P1", nina=NINA), affiliation("P2"))
    number = (await place.desk.facts("person-registered"))[0]["insured_number"]
    await place.desk.take(hire("P2", nina=NINA, family_name="Keïta", hired_on="2020-01-20"))
    shown = await place.http.get(f"/v1/insured/{number}")
    assert shown.json() == {
        "insured_number": number,
        "family_name": "Keïta",
        "given_names": "Awa",
        "birth_date": "1985-04-12",
        "sex": "F",
        "nina": NINA,
        "category": "worker",
        "payer_id": "P2",
        "hired_on": "2020-01-20",
        "registered_on": "2020-01-02",
    }
    assert (await place.http.get("/v1/insured/000000000000")).status_code == 404
    lines = (await place.http.get("/v1/audit?act=read-names")).json()["rows"]
    assert [(line["who"], line["subject"]) for line in lines] == [("local", number), ("local", "000000000000")]


async def test_no_fact_holds_a_name_a_birth_date_or_a_nina(place: Place) -> None:
    await place.desk.take(hire("P1", nina=NINA), hire("P1", "H2"), hire("P1", "H3", hired_on="1980-01-01"))
    await place.desk.take(affiliation("P1"))
    published = str(await place.desk.facts())
    assert not any(secret in published for secret in ("Traor", "Awa", "04-12", NINA))


async def test_possible_duplicates_are_listed_page_by_page(place: Place) -> None:
    await place.desk.take(affiliation("P1"), *(hire("P1", f"H{n}") for n in range(4)))
    await place.desk.take(hire("P1", "N1", nina=NINA, given_names="Bintou"))
    await place.desk.take(hire("P1", "N2", nina=NINA, given_names="Bintou", birth_date="1986-01-01"))
    first = (await place.http.get("/v1/possible-duplicates?limit=3")).json()
    second = (await place.http.get(f"/v1/possible-duplicates?limit=3&cursor={first['next']}")).json()
    rows = [*first["rows"], *second["rows"]]
    assert second["next"] is None
    assert [row["request_id"] for row in rows] == ["H1", "H2", "H3", "N2"]
    assert [row["reason"] for row in rows] == ["names-alike"] * 3 + ["same-nina"]
    assert {row["other_number"] for row in rows[:3]} == {
        fact["insured_number"] for fact in await place.desk.facts("registration-answered") if fact["request_id"] == "H0"
    }
    assert rows[3]["other_number"] is None
    assert (await place.http.get("/v1/possible-duplicates?cursor=x")).status_code == 422


async def test_what_nobody_sent_is_not_found(place: Place) -> None:
    assert (await place.http.get("/v1/registrations/H1?payer_id=P1")).status_code == 404
    assert (await place.http.get("/v1/registrations/H1")).json()["errors"][0]["pointer"] == "/query/payer_id"
    assert (await place.http.get("/openapi.json")).status_code == 200
