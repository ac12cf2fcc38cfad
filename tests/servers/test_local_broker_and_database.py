"""The broker and the database: real, lasting, and, where they are the local stack's, gone when their parent is.

Tests that make their own by `broker`, `database` or `Stack` are about the local stack (its folder, ports, locks and
children) and run it as it is, whatever `--stack` says; those with fixtures try what all the other tests run on.
"""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from recouvra.contracts.topics import EVENTS, JOURNALS, MARKS
from recouvra.local.errors import LocalError
from recouvra.local.folder import DataFolder
from recouvra.local.kafka import new_cluster_id
from recouvra.local.ports import Ports, free_ports
from recouvra.local.servers import broker, database
from recouvra.local.stack import Stack
from recouvra.local.topics import create_topics
from tests.servers.conftest import CreateDatabase

TOPIC = "payment-reported"

HOLDER = """
import subprocess, sys, time
from pathlib import Path
from recouvra.local.folder import DataFolder

folder = DataFolder(Path(sys.argv[1]))
folder.hold()
subprocess.Popen(["sleep", "1"], pass_fds=(folder.lock,), stdout=subprocess.DEVNULL)
print("held", flush=True)
time.sleep(60)
"""

PARENT = """
import asyncio, sys
from pathlib import Path
from recouvra.local.stack import Stack

async def live():
    stack = Stack(Path(sys.argv[1]), ports_from=int(sys.argv[2]), services=())
    await stack.start()
    print(*(part.pid for part in stack.parts), flush=True)
    await asyncio.Event().wait()

asyncio.run(live())
"""


async def _publish(bootstrap: str, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(TOPIC, value, key=b"payer")
    finally:
        await producer.stop()


async def _records(bootstrap: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


def _is_running(pid: int) -> bool:
    try:
        state = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


async def _gone(pids: list[int]) -> None:
    # A process closes its files, and with them the lock, an instant before it counts as ended.
    async with asyncio.timeout(5):
        while any(map(_is_running, pids)):  # noqa: ASYNC110 (no event tells of another's child)
            await asyncio.sleep(0.01)


def _parent(path: Path, ports: Ports) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PARENT, str(path), str(ports.first)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_cluster_is_never_named_like_an_option() -> None:
    # One random name in 64 would begin with a dash, and the broker could then not be formatted.
    assert not any(new_cluster_id().startswith("-") for _ in range(5000))


async def test_topics_are_made_once_and_never_expire(kafka: str) -> None:
    first = await create_topics(kafka)
    again = await create_topics(kafka)
    assert set(first.created) == {*EVENTS, *JOURNALS, MARKS}
    assert again.created == ()
    assert again.differing == {}
    other = await create_topics(kafka, partitions=7)
    assert other.differing[TOPIC] == {"partitions": ("6", "7")}


async def test_a_topic_takes_a_record_that_is_too_large_to_be_accepted(kafka: str) -> None:
    await create_topics(kafka)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=4_194_304)
    await producer.start()
    try:
        acknowledged = await producer.send_and_wait("care-form-submitted", b"x" * 4_000_000)
    finally:
        await producer.stop()
    assert acknowledged.offset == 0


async def test_acknowledged_records_survive_a_kill_of_the_broker(tmp_path: Path) -> None:
    async with broker(tmp_path) as kafka:
        await create_topics(kafka.bootstrap)
        await _publish(kafka.bootstrap, b"before")
        kafka.send(signal.SIGKILL)
        assert await kafka.ended() == -signal.SIGKILL
        await kafka.start()
        await _publish(kafka.bootstrap, b"after")
        assert await _records(kafka.bootstrap, 2) == [b"before", b"after"]


async def test_committed_rows_survive_a_kill_of_the_database(tmp_path: Path) -> None:
    async with database(tmp_path) as postgres:
        url = await postgres.create_database("contributions", "secret")
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        postgres.send(signal.SIGKILL)
        await postgres.ended()
        await postgres.start()
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT answer FROM kept") == 42
        await connection.close()


async def test_commits_reach_the_disk_before_they_are_acknowledged(postgres: CreateDatabase) -> None:
    connection = await asyncpg.connect(await postgres("durable"))
    names = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")
    assert [await connection.fetchval(f"SHOW {name}") for name in names] == ["on"] * 4
    assert await connection.fetchval("SHOW server_version") >= "18"
    await connection.close()


async def test_a_role_can_connect_to_its_own_database_only(postgres: CreateDatabase) -> None:
    mine, theirs = await postgres("mine"), await postgres("theirs")
    for other in (theirs.rpartition("/")[2], "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(f"{mine.rpartition('/')[0]}/{other}")
    connection = await asyncpg.connect(mine)
    assert not await connection.fetchval("SELECT usesuper FROM pg_user WHERE usename = current_user")
    await connection.close()


async def test_half_made_folders_are_made_again(tmp_path: Path) -> None:
    for half in (tmp_path / "kafka" / "data.new", tmp_path / "postgres" / "data.new"):
        half.mkdir(parents=True)
        (half / "meta.properties").write_text("version=1\n")
    async with broker(tmp_path) as kafka:
        await create_topics(kafka.bootstrap)
    async with database(tmp_path) as postgres:
        assert await postgres.create_database("registration", "secret")


async def test_a_server_that_is_named_by_a_stale_file_does_not_stand_in_the_way(tmp_path: Path) -> None:
    async with database(tmp_path):
        pass
    # Our own number: a process that lives and is no server.
    (tmp_path / "postgres" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n1\n5432\n\n\n1 1\n")
    async with database(tmp_path) as postgres:
        assert await postgres.create_database("registration", "secret")


async def test_two_stacks_run_side_by_side_and_a_folder_has_one_at_a_time(tmp_path: Path) -> None:
    first = Stack(tmp_path / "first", ports_from=free_ports().first, services=())
    await first.start()
    second = Stack(tmp_path / "second", ports_from=free_ports().first, services=())
    await second.start()
    try:
        await _publish(first.bootstrap, b"one")
        await _publish(second.bootstrap, b"two")
        assert await _records(first.bootstrap, 1) == [b"one"]
        assert await _records(second.bootstrap, 1) == [b"two"]
        with pytest.raises(LocalError, match="in use"):
            await Stack(tmp_path / "first", services=()).start()
        assert first.folder.stack_file.exists()
        with pytest.raises(LocalError, match="already taken"):
            await Stack(tmp_path / "third", ports_from=first.ports.first, services=()).start()
    finally:
        await asyncio.gather(first.stop(), second.stop())
    assert not first.folder.stack_file.exists()


def test_a_killed_holder_that_nobody_reaped_does_not_keep_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        os.kill(holder.pid, signal.SIGKILL)  # not waited for: it stays a zombie, as in many containers
        folder = DataFolder(tmp_path)
        folder.hold()
        folder.release()
        assert not folder.stack_file.exists()


async def test_nothing_outlives_a_parent_that_was_killed_and_the_folder_goes_on(tmp_path: Path) -> None:
    ports = free_ports()
    with _parent(tmp_path, ports) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(_is_running, pids))
        await _publish(f"127.0.0.1:{ports.of('kafka')}", b"kept")
        parent.kill()
    # The lock is inherited by all of them: it can be had once the last is gone.
    folder = DataFolder(tmp_path)
    folder.hold()
    folder.release()
    await _gone(pids)
    assert not folder.stack_file.exists()
    async with broker(tmp_path) as kafka:
        assert await _records(kafka.bootstrap, 1) == [b"kept"]
