"""How reports travel: a long table streamed whole, and an answer that is still true not sent again."""

from __future__ import annotations

from datetime import timedelta

from recouvra.chassis.positions import Place
from recouvra.contracts.record import Record
from tests.servers.reporting_at_work import CreateDatabase, affiliated, assessed, at, fact, reporting

KNOWN = at("2026-02-01T12:00:00")
RATES = "/v1/collection-rates"


async def test_a_long_csv_is_streamed_whole_from_one_snapshot_and_lets_go_of_it(postgres: CreateDatabase) -> None:
    async with reporting(postgres) as it:
        await it.feed(*(fact(assessed(f"P{n:04}", "2026-01", n), KNOWN) for n in range(2_345)))
        await it.complete()
        for _ in range(12):  # more often than there are sessions
            answer = await it.get(RATES, group_by="payer", format="csv")
            assert len(answer.text.splitlines()) == 2_346
        assert len(await it.rows(RATES, group_by="payer", limit=500)) == 2_345


async def test_an_answer_that_is_still_true_is_not_sent_again(postgres: CreateDatabase) -> None:
    async with reporting(postgres) as it:
        await it.feed(fact(affiliated("A"), KNOWN), fact(assessed("A", "2026-01", 1), KNOWN))
        await it.complete("2026-02-09T00:00:00Z")
        for path in (RATES, "/v1/money", "/v1/payers/A"):
            first = await it.get(path, as_of="2026-02-03")
            tag = {"if-none-match": f'"other", {first.headers["etag"]}'}
            again = await it.get(path, headers=tag, as_of="2026-02-03")
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == first.headers["etag"]
            assert first.headers["vary"] == again.headers["vary"] == "Accept"
            assert (await it.get(path, headers=tag, as_of="2026-02-04")).status_code == 200
            assert (await it.get(path, headers=tag)).status_code == 200
        first = await it.get(RATES, as_of="2026-02-03")
        tag = {"if-none-match": first.headers["etag"]}
        assert (await it.get(RATES, headers=tag | {"accept": "text/csv"}, as_of="2026-02-03")).status_code == 200
        await it.complete("2026-02-10T00:00:00Z")
        assert (await it.get(RATES, headers=tag, as_of="2026-02-03")).status_code == 304
        await it.feed(fact(assessed("A", "2026-01", 1), KNOWN + timedelta(days=30)))
        assert (await it.get(RATES, headers=tag, as_of="2026-02-03")).status_code == 200


async def test_a_replayed_fact_changes_the_tag_of_the_answers_that_it_is_in(postgres: CreateDatabase) -> None:
    async with reporting(postgres) as it:
        await it.feed(fact(affiliated("A"), KNOWN), fact(assessed("A", "2026-01", 1_000), KNOWN))
        lost = fact(assessed("A", "2026-01", 777), KNOWN)
        aside = Record(lost.topic, 0, 1, lost.key, lost.value, lost.headers)
        await it.reading.take(it.connection, {Place(lost.topic, 0): (1, 2)}, [aside], failed=ValueError("x"))
        await it.complete("2026-03-01T00:00:00Z")
        first = await it.get(RATES, as_of="2026-02-28")
        tag = {"if-none-match": first.headers["etag"]}
        assert (await it.get(RATES, headers=tag, as_of="2026-02-28")).status_code == 304
        letter = (await it.get("/v1/dead-letters")).json()["rows"][0]
        assert (await it.client.post(f"/v1/dead-letters/{letter['id']}/replay")).json()["state"] == "replayed"
        again = await it.get(RATES, headers=tag, as_of="2026-02-28")
        assert (again.status_code, again.json()["total"]["assessed_xof"]) == (200, 1_777)
