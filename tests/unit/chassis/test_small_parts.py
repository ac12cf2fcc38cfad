"""The chassis's small parts, each alone: identities in memory, the clock, slices, progress, settings, file names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from recouvra.chassis.batch import Reading
from recouvra.chassis.clock import Clock
from recouvra.chassis.database import Connection
from recouvra.chassis.http import create_app
from recouvra.chassis.inbox import Inbox, Verdict
from recouvra.chassis.migrate import CHASSIS, MigrationError, files_of
from recouvra.chassis.outcome import Work
from recouvra.chassis.positions import Place
from recouvra.chassis.progress import Progress, TopicReplaced
from recouvra.chassis.settings import Settings, SettingsError
from recouvra.chassis.slices import MOST_BYTES, MOST_RECORDS, by_bytes
from recouvra.chassis.sources import Sources
from recouvra.contracts.reading import Received, read
from recouvra.contracts.record import Record
from tests.builders import Draft, payment

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
PLACE = Place("payment-reported", 0)


def _received(draft: Draft) -> Received:
    return read(Record(draft.topic, 0, 0, draft.key, draft.value, draft.headers))


def test_an_identity_is_fresh_until_claimed_then_repeated_or_conflicting_and_fresh_again_when_released() -> None:
    inbox, paid = Inbox({}), payment("P1")
    event, other = _received(paid), _received(paid.again(amount_xof=5))
    assert inbox.judge(event) is Verdict.FRESH
    inbox.claim(event)
    assert inbox.judge(event) is Verdict.REPEATED
    assert inbox.judge(other) is Verdict.CONFLICTING
    inbox.release((event.envelope.source, event.envelope.event_id))
    assert inbox.judge(other) is Verdict.FRESH
    inbox.claim(other)
    assert inbox.judge(event) is Verdict.CONFLICTING


def test_readings_of_the_systems_clock_are_a_microsecond_apart_and_those_of_events_are_their_own() -> None:
    told = datetime(2025, 7, 1, 8, tzinfo=UTC)
    system, by_events = Clock("system", NOON), Clock("event", NOON)
    assert [system.reading(told), system.reading(None)] == [NOON, NOON + timedelta(microseconds=1)]
    assert [by_events.reading(told), by_events.reading(None)] == [told, NOON]


@pytest.mark.parametrize(
    ("lengths", "cut"),
    [
        ([], []),
        ([1, 1, 1], [3]),
        ([MOST_BYTES, 1], [1, 1]),
        ([1, MOST_BYTES + 5, 1], [1, 1, 1]),
        ([MOST_BYTES // 2] * 5, [2, 2, 1]),
        ([0] * (2 * MOST_RECORDS + 1), [MOST_RECORDS, MOST_RECORDS, 1]),
    ],
)
def test_slices_keep_every_record_in_order_within_bytes_and_number(lengths: list[int], cut: list[int]) -> None:
    values = {length: b"x" * length for length in set(lengths)}
    records = [Record(*PLACE, offset, None, values[length] or None, ()) for offset, length in enumerate(lengths)]
    slices = list(by_bytes(records))
    assert [len(one) for one in slices] == cut
    assert [record for one in slices for record in one] == records


def test_a_position_behind_its_end_is_suspected_when_it_has_not_moved_and_no_batch_was_taken() -> None:
    progress = Progress()
    assert progress.suspected({PLACE: 5}, {PLACE: 9}, batches=3) == []
    assert progress.suspected({PLACE: 5}, {PLACE: 9}, batches=4) == []
    assert progress.suspected({PLACE: 5}, {PLACE: 9}, batches=4) == [(PLACE, 5)]
    assert progress.suspected({PLACE: 9}, {PLACE: 9}, batches=4) == []


def test_a_position_beyond_its_end_says_that_the_topic_was_made_again() -> None:
    with pytest.raises(TopicReplaced, match="payment-reported/0"):
        Progress().suspected({PLACE: 10}, {PLACE: 9}, batches=0)


def _environment(**changes: str) -> dict[str, str]:
    return {"RECOUVRA_KAFKA": "k:1", "RECOUVRA_DATABASE_URL": "postgresql://x", **changes}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECOUVRA_KAFKA", ""),
        ("RECOUVRA_DATABASE_URL", ""),
        ("RECOUVRA_CLOCK", "sun"),
        ("RECOUVRA_PORT", "http"),
        ("RECOUVRA_PORT", "0"),
        ("RECOUVRA_PORT", "65536"),
        ("RECOUVRA_VERIFY_SECONDS", "soon"),
        ("RECOUVRA_BODY_SECONDS", "0"),
    ],
)
def test_a_setting_that_is_missing_or_means_nothing_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(_environment(**{name: value}))


def test_the_other_services_addresses_are_known_by_name() -> None:
    settings = Settings.from_environment(_environment(RECOUVRA_REGISTRATION_URL="http://r:1/", RECOUVRA_CLOCK="event"))
    assert settings.peers == {"registration": "http://r:1"}
    assert settings.clock == "event"


def test_migrations_stand_in_the_order_of_their_numbers_the_chassis_own_first(tmp_path: Path) -> None:
    folder = tmp_path / "room" / "migrations"
    folder.mkdir(parents=True)
    for name in ("0002_b.sql", "0001_a.sql"):
        (folder / name).touch()
    names = [name for name, _ in files_of(CHASSIS, folder)]
    assert names[0].startswith("chassis/0001_")
    assert names[-2:] == ["room/0001_a.sql", "room/0002_b.sql"]
    (folder / "3_c.sql").touch()
    with pytest.raises(MigrationError, match=r"3_c\.sql"):
        files_of(folder)


async def _opens_nothing(connection: Connection, events: Sequence[Received]) -> Work:
    raise AssertionError("nothing is read here")


@pytest.fixture
def alone() -> FastAPI:
    """An app whose broker and database are nobody's port."""
    nobody = Settings(kafka="127.0.0.1:9", database_url="postgresql://a:b@127.0.0.1:9/c")
    reading = Reading("till", _opens_nothing, "system", Sources(None))
    return create_app("till", "A till", nobody, ["till/0001_first.sql"], reading)[0]


async def test_an_api_starts_while_everything_is_away_and_says_so(alone: FastAPI) -> None:
    transport = httpx.ASGITransport(alone, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://till") as client:
        assert (await client.get("/livez")).status_code == 200
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"] == {"database": "unreachable", "migrations": "unknown", "broker": "unreachable"}
        assert "recouvra_database_up 0.0" in (await client.get("/metrics")).text
        letters = await client.get("/v1/dead-letters")
        assert (letters.status_code, letters.json()["type"]) == (503, "urn:recouvra:problem:unavailable")
