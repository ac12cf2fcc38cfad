"""Money in suspense over HTTP: listed, given to a payer, taken back; and what an assignment means for what follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from recouvra.chassis.database import WRITER, connect
from services.contributions.doors.cursors import written
from tests.builders import Draft, declaration, payment, reversal
from tests.servers.conftest import CreateDatabase
from tests.servers.contributions_desk import Desk, Office, affiliated, office

BANK = "/bank"
LOST = payment(None, 5_000, payment_id="V1", reference="VIR 7", source=BANK, channel="bank")
OF_P9 = payment("P9", 700, payment_id="V9", source=BANK)


@pytest_asyncio.fixture
async def place(postgres: CreateDatabase) -> AsyncIterator[Office]:
    """P1 owes 3,016 for January; 5,000 of nobody known and 700 of P9, which is not affiliated, are in suspense."""
    async with office(postgres) as opened:
        await opened.desk.take(
            affiliated("P1"), affiliated("P2"), declaration("P1", lines=[("000000000001", 40_000)]), LOST, OF_P9
        )
        yield opened


async def assign(place: Office, payer_id: str = "P1", payment_id: str = "V1", **headers: str) -> httpx.Response:
    """Gives a payment of the bank to a payer."""
    body = {"source": BANK, "payer_id": payer_id}
    return await place.http.post(f"/v1/suspense/{payment_id}/assignment", json=body, headers=headers)


async def withdraw(place: Office, payment_id: str = "V1", reason: str = "mauvais cotisant") -> httpx.Response:
    """Takes an assignment back, by the query."""
    path = f"/v1/suspense/{payment_id}/assignment"
    return await place.http.delete(path, params={"source": BANK, "reason": reason})


async def account(place: Office, payer_id: str) -> dict[str, Any]:
    """A payer's account as the door shows it."""
    found: dict[str, Any] = (await place.http.get(f"/v1/payers/{payer_id}/account")).json()
    return found


async def suspense(place: Office) -> tuple[list[str], int]:
    """The payments in suspense and their sum."""
    page = (await place.http.get("/v1/suspense")).json()
    assert page["count"] == len(page["rows"])
    return [row["payment_id"] for row in page["rows"]], page["suspense_xof"]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


async def test_an_assignment_places_the_money_and_says_where_it_stands(place: Office) -> None:
    last = await place.desk.last()
    answer = await assign(place)
    assert answer.status_code == 201
    stands = answer.json()
    assert (stands["assigned_to"], stands["payer_id"], stands["record_key"]) == ("P1", None, "VIR 7")
    assert stands["placed"] == [{"period": "2026-01", "received_xof": 3_016}]
    assert (stands["held_as"], stands["held_xof"]) == ("credit", 1_984)
    rows = await place.desk.connection.fetch("select topic, key, value, known_at from outbox where id > $1", last)
    assert len({row["known_at"] for row in rows}) == 1
    facts = await place.desk.facts(after=last)
    assert [(row["topic"], row["key"]) for row in rows] == [
        ("payment-held", b"VIR 7"),
        ("payment-held", b"P1"),
        ("contribution-received", b"P1"),
    ]
    assert [(fact["payer_id"], fact.get("held_xof", fact.get("received_xof"))) for fact in facts] == [
        (None, -5_000),
        ("P1", 1_984),
        ("P1", 3_016),
    ]
    assert await suspense(place) == (["V9"], 700)
    shown = await account(place, "P1")
    assert (shown["outstanding_xof"], shown["credit_xof"]) == (0, 1_984)
    assert shown["payments"] == [stands]


async def test_every_act_is_kept_with_who_and_why(place: Office) -> None:
    await assign(place)
    await withdraw(place, reason="erreur de saisie")
    rows = await place.desk.connection.fetch("select who, act, subject, reason from audit order by id")
    assert [tuple(row) for row in rows] == [
        ("local", "assign-payment", "/bank V1", "P1"),
        ("local", "withdraw-assignment", "/bank V1", "erreur de saisie"),
    ]


async def test_a_withdrawal_returns_everything_to_suspense_under_its_own_key(place: Office) -> None:
    await assign(place)
    last = await place.desk.last()
    answer = await withdraw(place)
    assert answer.status_code == 200
    assert (answer.json()["assigned_to"], answer.json()["held_as"], answer.json()["placed"]) == (None, "suspense", [])
    rows = await place.desk.connection.fetch("select key from outbox where id > $1 order by id", last)
    assert [row["key"] for row in rows] == [b"P1", b"P1", b"VIR 7"]
    assert await suspense(place) == (["V1", "V9"], 5_700)
    assert await place.desk.stands() == {("/bank", "V1"): 5_000, ("/bank", "V9"): 700}
    assert (await assign(place, "P2")).status_code == 201


async def test_what_cannot_be_assigned_is_refused_and_nothing_is_kept(place: Office) -> None:
    await place.desk.take(payment("P2", 9, payment_id="V2", source=BANK), reversal(payment("P2", 3, source=BANK)))
    before = await place.desk.dump()
    assert refusal(await assign(place, payment_id="V404")) == (404, "unknown-payment")
    assert refusal(await assign(place, payment_id="V1-R")) == (404, "unknown-payment")
    assert refusal(await assign(place, payment_id="V2")) == (409, "not-in-suspense")
    unknown = await assign(place, "P404")
    assert refusal(unknown) == (422, "payer-not-affiliated")
    assert [fault["pointer"] for fault in unknown.json()["errors"]] == ["/body/payer_id"]
    assert refusal(await assign(place, "P9", "V9")) == (422, "payer-not-affiliated")
    assert refusal(await withdraw(place)) == (409, "not-assigned")
    assert refusal(await withdraw(place, "V404")) == (404, "unknown-payment")
    assert await place.desk.dump() == before
    await assign(place)
    assert refusal(await assign(place, "P2")) == (409, "not-in-suspense")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"payer_id": "P1"}, "/body/source"),
        ({"source": BANK}, "/body/payer_id"),
        ({"source": " ", "payer_id": "P1"}, "/body/source"),
        ({"source": "a\x00b", "payer_id": "P1"}, "/body/source"),
        ({"source": BANK, "payer_id": "not an id"}, "/body/payer_id"),
    ],
)
async def test_a_faulty_assignment_is_refused_with_a_pointer(place: Office, body: Any, pointer: str) -> None:
    answer = await place.http.post("/v1/suspense/V1/assignment", json=body)
    assert (answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]) == (422, [pointer])


async def test_a_withdrawal_needs_a_reason_by_the_query_or_a_body(place: Office) -> None:
    path = "/v1/suspense/V1/assignment"
    await assign(place)
    for said in ({"source": BANK}, {"source": BANK, "reason": " \n"}, {"source": BANK, "reason": ""}):
        by_query = await place.http.delete(path, params=said)
        by_body = await place.http.request("DELETE", path, json=said)
        assert [fault["pointer"] for fault in by_query.json()["errors"]] == ["/query/reason"]
        assert [fault["pointer"] for fault in by_body.json()["errors"]] == ["/body/reason"]
        assert (by_query.status_code, by_body.status_code) == (422, 422)
    done = await place.http.request("DELETE", path, json={"source": BANK, "reason": "doublon"})
    assert (done.status_code, done.json()["held_as"]) == (200, "suspense")


async def test_an_assignment_under_a_key_is_done_once(place: Office) -> None:
    first = await assign(place, **{"Idempotency-Key": "K1"})
    again = await assign(place, **{"Idempotency-Key": "K1"})
    assert (first.status_code, again.status_code, first.content == again.content) == (201, 201, True)
    assert refusal(await assign(place, "P2", **{"Idempotency-Key": "K1"})) == (422, "idempotency-key-reused")
    assert await place.desk.connection.fetchval("select count(*) from audit") == 1


async def test_a_bounce_takes_assigned_money_from_the_payer_that_got_it(place: Office) -> None:
    await assign(place)
    await place.desk.take(reversal(LOST))
    shown = await account(place, "P1")
    assert (shown["received_xof"], shown["credit_xof"], shown["payments"][0]["reversed_by"]) == (0, 0, "V1-R")
    assert await place.desk.stands() == {("/bank", "V1"): 0, ("/bank", "V9"): 700}
    # An assignment of money that is gone moves nothing more, but can be taken back.
    assert (await withdraw(place)).status_code == 200
    assert await suspense(place) == (["V9"], 700)
    assert refusal(await assign(place)) == (409, "not-in-suspense")


async def test_an_assignment_stands_when_the_payer_that_was_sent_is_affiliated_later(place: Office) -> None:
    assert (await assign(place, "P1", "V9")).status_code == 201
    await place.desk.take(affiliated("P9"), declaration("P9", lines=[("000000000009", 40_000)]))
    assert (await account(place, "P9"))["received_xof"] == 0
    assert (await account(place, "P1"))["received_xof"] == 700
    # Taken back, it is placed where it was sent, for that payer is known now.
    answer = await withdraw(place, "V9")
    assert answer.json()["placed"] == [{"period": "2026-01", "received_xof": 700}]
    assert ((await account(place, "P9"))["received_xof"], (await account(place, "P1"))["received_xof"]) == (700, 0)
    assert refusal(await assign(place, "P1", "V9")) == (409, "not-in-suspense")
    assert await place.desk.stands() == {("/bank", "V1"): 5_000, ("/bank", "V9"): 700}


async def test_the_same_payment_read_again_stays_assigned(place: Office) -> None:
    await assign(place)
    assert (await place.desk.take(LOST.again(event_id="again"))).duplicates == 1
    assert (await account(place, "P1"))["received_xof"] == 3_016


async def test_an_act_is_never_dated_before_what_its_keys_know(place: Office) -> None:
    late = "2090-01-01T00:00:00Z"
    await place.desk.take(payment(None, 1, payment_id="V5", reference="VIR 7", source=BANK, at=late))
    last = await place.desk.last()
    await assign(place)
    known = await place.desk.connection.fetch("select distinct known_at from outbox where id > $1", last)
    assert [row["known_at"].isoformat() for row in known] == ["2090-01-01T00:00:00+00:00"]
    times = await place.desk.connection.fetch("select known_at from account where key in ('P1', 'VIR 7')")
    assert {row["known_at"].isoformat() for row in times} == {"2090-01-01T00:00:00+00:00"}


async def test_money_under_a_reference_that_reads_like_a_payer_can_be_given_to_it(place: Office) -> None:
    await place.desk.take(payment(None, 50, payment_id="V3", reference="P1", source=BANK))
    assert await suspense(place) == (["V1", "V3", "V9"], 5_750)
    assert (await assign(place, "P1", "V3")).json()["placed"] == [{"period": "2026-01", "received_xof": 50}]
    assert (await withdraw(place, "V3")).json()["held_as"] == "suspense"


async def test_the_list_goes_page_by_page_and_the_sum_is_of_all(place: Office) -> None:
    days = [payment(None, n, payment_id=f"X{n}", paid_on=f"2026-03-{n:02}", source=BANK) for n in range(1, 8)]
    twins = [payment(None, 1, payment_id="X1", paid_on="2026-03-01", source=f"/{name}") for name in "abé"]
    await place.desk.take(*days, *twins)
    found: list[tuple[str, str, str]] = []
    following: dict[str, Any] = {}
    while True:
        page = (await place.http.get("/v1/suspense", params={"limit": 3, **following})).json()
        assert (page["count"], page["suspense_xof"]) == (12, 5_731)
        found += [(row["paid_on"], row["payment_id"], row["source"]) for row in page["rows"]]
        if page["next"] is None:
            break
        following = {"cursor": page["next"]}
    assert found == sorted(found)
    assert len(set(found)) == 12


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WzEsMiwzXQ", "WyIyMDI2LTAzLTAxIiwiXHUwMDAwIiwiYSJd", "é"])
async def test_a_cursor_that_was_never_given_is_refused(place: Office, cursor: str) -> None:
    for path in ("/v1/suspense", "/v1/waiting", "/v1/double-declarations"):
        answer = await place.http.get(path, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/cursor")


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
async def test_an_instant_beyond_the_years_that_a_date_can_have_is_no_cursor(place: Office, since: str) -> None:
    answer = await place.http.get("/v1/waiting", params={"cursor": written([since, "incomplete", "x", "y"])})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/cursor")


async def test_two_operators_at_once_give_a_payment_to_one_payer_only(place: Office) -> None:
    for turn in range(5):
        await place.desk.take(payment(None, 100, payment_id=f"Y{turn}", source=BANK))
        answers = await asyncio.gather(assign(place, "P1", f"Y{turn}"), assign(place, "P2", f"Y{turn}"))
        assert sorted(answer.status_code for answer in answers) == [201, 409]
    stands = await place.desk.stands()
    assert {stands[BANK, f"Y{turn}"] for turn in range(5)} == {100}


@pytest.mark.parametrize("read", [reversal(LOST), affiliated("P9"), declaration("P1", "2026-02", declaration_id="D2")])
async def test_an_act_and_a_batch_that_meet_on_one_account_lose_nothing(place: Office, read: Draft) -> None:
    """The batch has its locks first; the act waits for them, and goes by what the batch left."""
    other = Desk(await connect(place.url, WRITER), 1, "event")
    async with other.connection.transaction():
        await other.take(read)
        acts = [asyncio.create_task(assign(place, "P1", name)) for name in ("V1", "V9")]
        async with asyncio.timeout(20):
            while not await other.connection.fetchval(BLOCKED):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    statuses = [(await act).status_code for act in acts]
    await other.connection.close()
    stands = await place.desk.stands()
    assert stands == {("/bank", "V1"): 0 if read.topic == "payment-reported" else 5_000, ("/bank", "V9"): 700}
    assert statuses == [409 if read.topic == "payment-reported" else 201, 409 if read.key == b"P9" else 201]


BLOCKED = "select exists (select from pg_locks where not granted)"
