"""A rebuild names what is wrong with the read models and mends it; what people did with dead letters stays."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from recouvra.chassis.settings import Settings
from recouvra.contracts.record import Record
from recouvra.contracts.topics import MARKS
from services.reporting.app import MIGRATIONS, build
from services.reporting.rebuilding import beside
from services.reporting.rebuilding.filling import Filling
from tests.servers.reporting_at_work import affiliated, assessed, fact, received
from tests.servers.reporting_published import Published
from tests.standing.polling import eventually

_TOPIC = "contribution-assessed"
_REGION = {"region": "09"}
_HERE = {"territory": "0901"}


@pytest_asyncio.fixture(scope="module")
async def reporting(reporting_published: Published) -> Published:
    """Sixty payers who owe 1,000 francs each and paid 400."""
    it, when = reporting_published, reporting_published.next_day()
    payers = [f"M{n:02}" for n in range(60)]
    await it.say(*(fact(affiliated(payer, **_HERE), when) for payer in payers))
    await it.say(*(fact(assessed(payer, "2026-01", 1_000, **_HERE), when) for payer in payers))
    await it.say(*(fact(received(payer, "2026-01", 400, **_HERE), when) for payer in payers))
    await _until_known(it, when)
    return it


async def _until_known(reporting: Published, when: datetime) -> None:
    await reporting.marked(when)
    await eventually(lambda: reporting.complete(when))


async def _total(reporting: Published) -> tuple[int, int]:
    total = (await reporting.figures(**_REGION))["total"]
    return total["assessed_xof"], total["received_xof"]


async def _letters(reporting: Published) -> list[tuple[Any, ...]]:
    rows = await reporting.database.fetch(
        'select id, topic, partition, "offset", reason, state from dead_letter order by id'
    )
    return [tuple(row) for row in rows]


async def test_rows_deleted_doubled_and_changed_are_named_and_mended(reporting: Published) -> None:
    right = await _total(reporting)
    first = await reporting.client.get("/v1/payers", params=_REGION | {"limit": 1})
    await reporting.database.execute("delete from assessed where payer_id = 'M00'")
    columns = "event_id, known_at, payer_id, payer_kind, territory_code, period, payment_source, payment_id, "
    columns += "received_xof, received_on, channel, in_standing"
    await reporting.database.execute(
        f"insert into received ({columns}) select {columns} from received where payer_id = 'M01'"  # noqa: S608
    )
    await reporting.database.execute("update affiliation set territory_code = '0902' where payer_id in ('M02', 'M03')")
    await reporting.database.execute("update standing set received_xof = 800 where payer_id = 'M01'")
    await reporting.database.execute("update summed set assessed_xof = assessed_xof - 1000 where region = '09'")
    await reporting.database.execute("update summed_of_payer set received_xof = 800 where payer_id in ('M01', 'M04')")
    wrong = await reporting.client.get("/v1/payers", params=_REGION | {"limit": 1})
    assert (wrong.json()["total"], wrong.headers["ETag"]) != (first.json()["total"], first.headers["ETag"])
    differences = {"assessed": (0, 1, 0), "received": (1, 0, 0), "affiliation": (0, 0, 2)}
    differences |= {"standing": (0, 0, 1), "summed": (0, 0, 1), "summed_of_payer": (0, 0, 2)}

    looked = await reporting.rebuild("--check")
    assert (looked.code, looked.differences) == (1, differences)
    assert not looked.step("ended")["swapped"]
    assert await _total(reporting) == (right[0] - 1_000, right[1])

    done = await reporting.rebuild()
    assert (done.code, done.differences) == (0, differences), done.said
    assert await _total(reporting) == right
    known = await reporting.client.get(
        "/v1/payers", params=_REGION | {"limit": 1}, headers={"If-None-Match": wrong.headers["ETag"]}
    )
    assert known.status_code == 200
    followed = await reporting.client.get("/v1/payers", params=_REGION | {"limit": 1, "cursor": wrong.json()["next"]})
    assert followed.status_code == 422
    assert (await reporting.rebuild("--check")).differences == {}


async def test_letters_keep_their_number_and_state_and_only_what_was_replayed_has_its_effect(
    reporting: Published,
) -> None:
    """Three good records stand with the dead letters, as a version before had set them aside, and a bad one really."""
    await reporting.stop("worker")
    when = reporting.next_day()
    good = [fact(assessed("M10", "2026-02", 10**n, declaration_id=f"L-{n}", **_HERE), when) for n in range(3)]
    before = await reporting.ends(_TOPIC)
    await reporting.say(*good, Record(_TOPIC, 0, 0, b"M10", b"not json", good[0].headers))
    after = await reporting.ends(_TOPIC)
    place = next(place for place in after if after[place] != before[place])
    at_first = before[place]
    for offset, record in enumerate(good, at_first):
        await reporting.database.execute(
            'insert into dead_letter (topic, partition, "offset", key, value, header_names, header_values, reason, '
            "message_fr, message_en, at) values ($1, $2, $3, $4, $5, $6, $7, 'internal', '', '', now())",
            *(place.topic, place.partition, offset, record.key, record.value),
            *([name for name, _ in record.headers], [value for _, value in record.headers]),
        )
    await reporting.database.execute(
        "update position set next_offset = $3 where (topic, partition) = ($1, $2)", *place, at_first + 3
    )
    await reporting.start("worker")
    await _until_known(reporting, when)
    total = await _total(reporting)
    first, second, third, bad = [letter[0] for letter in await _letters(reporting)]
    await reporting.act(first, "discard", {"reason": "never"})
    assert (await reporting.act(second, "replay"))["state"] == "replayed"
    assert await _total(reporting) == (total[0] + 10, total[1])
    letters = await _letters(reporting)
    assert [state for *_, state in letters] == ["discarded", "replayed", "waiting", "waiting"]

    assert (await reporting.rebuild("--check")).differences == {}
    # What is replayed while a rebuild is under way is in as well.
    assert (await reporting.act(third, "replay"))["state"] == "replayed"
    assert (await reporting.act(bad, "replay"))["state"] == "waiting"
    done = await reporting.rebuild()
    assert (done.code, done.differences) == (0, {}), done.said
    assert await _total(reporting) == (total[0] + 110, total[1])
    assert [state for *_, state in await _letters(reporting)] == ["discarded", "replayed", "replayed", "waiting"]
    assert [letter[:5] for letter in await _letters(reporting)] == [letter[:5] for letter in letters]


async def test_what_is_set_aside_only_now_is_a_new_letter(reporting: Published) -> None:
    letters = await _letters(reporting)
    *_, bad = letters
    await reporting.database.execute("delete from dead_letter where id = $1", bad[0])
    assert (await reporting.rebuild()).code == 0
    assert [letter[1:] for letter in await _letters(reporting)] == [letter[1:] for letter in letters]


async def test_a_good_fact_for_which_the_database_had_no_time_is_not_set_aside(reporting: Published) -> None:
    """Its batch is halved until it stands alone: even then it is not to blame."""
    settings, letters = Settings.from_environment(reporting.environment), await _letters(reporting)
    keeper, other = await beside.keeper(settings.database_url), await asyncpg.connect(settings.database_url)
    await beside.make(keeper, MIGRATIONS)
    reading, told = build(settings).reading(settings), list[tuple[int, int]]()
    filling = await Filling.open(
        settings.database_url, reading, settings.kafka, "public", lambda *counts: told.append(counts)
    )
    try:
        async with other.transaction():
            await other.execute("lock table rebuilding.standing in share mode")  # a letter needs none
            await filling.connection.execute("set statement_timeout = '200ms'")
            with pytest.raises(asyncpg.QueryCanceledError):
                await filling.to_the_ends()
        assert await keeper.fetchval("select count(*) from rebuilding.dead_letter") == 0
        await filling.connection.execute("reset statement_timeout")
        await filling.to_the_ends()
        assert await keeper.fetchval("select count(*) from rebuilding.dead_letter") == 0
        facts = "select event_id, payer_id, assessed_xof from {}.assessed order by event_id"
        assert await keeper.fetch(facts.format("rebuilding")) == await keeper.fetch(facts.format("public"))
        assert told[-1][0] == told[-1][1] > 0
        assert await _letters(reporting) == letters
    finally:
        filling.close()
        await beside.drop(keeper)
        await keeper.close()
        await other.close()


async def test_figures_stay_complete_though_the_marks_are_gone_from_their_topic(
    reporting: Published,
) -> None:
    complete = (await reporting.figures())["complete_up_to"]
    ((_, partition), end), *_ = (await reporting.ends(MARKS)).items()
    admin = AdminClient({"bootstrap.servers": reporting.environment["RECOUVRA_KAFKA"]})
    for forgotten in admin.delete_records([TopicPartition(MARKS, partition, end)]).values():
        forgotten.result()
    done = await reporting.rebuild()
    assert (done.code, done.differences) == (0, {}), done.said
    assert (await reporting.figures())["complete_up_to"] == complete


async def test_a_reader_whom_the_administrator_let_in_reads_on_and_a_view_of_his_is_told(reporting: Published) -> None:
    database = reporting.database
    await database.execute("grant select on assessed to public")
    await database.execute("create view mine as select payer_id, assessed_xof from assessed")
    done = await reporting.rebuild()
    assert done.code == 1
    assert "view mine" in done.said
    await database.execute("drop view mine")
    assert (await reporting.rebuild()).code == 0
    granted = "select count(*) from information_schema.table_privileges where grantee = 'PUBLIC' and table_name = $1"
    assert await database.fetchval(granted, "assessed") == 1


async def test_where_a_topic_ends_before_what_was_read_of_it_nothing_is_swapped(reporting: Published) -> None:
    """It was made again: what it lost would be lost to the figures too."""
    await reporting.stop("worker")
    positions = "select * from position order by topic, partition"
    before = await reporting.database.fetch(positions)
    await reporting.database.execute("update position set next_offset = next_offset + 9 where topic = $1", _TOPIC)
    total = await _total(reporting)
    done = await reporting.rebuild()
    assert done.code == 1
    assert f"{_TOPIC}/" in done.said
    assert await _total(reporting) == total
    await reporting.database.execute("update position set next_offset = next_offset - 9 where topic = $1", _TOPIC)
    assert await reporting.database.fetch(positions) == before
    await reporting.start("worker")
