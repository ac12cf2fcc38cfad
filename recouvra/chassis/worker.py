"""A service's worker: reads and decides; beside it, its relay publishes, and its pulse tells what it did."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from faststream.kafka import KafkaBroker

from recouvra.chassis.batch import Reading
from recouvra.chassis.catching_up import AsTold, CatchingUp
from recouvra.chassis.clock import DatabaseBehind
from recouvra.chassis.database import WRITER, connect, end_frozen
from recouvra.chassis.outcome import Begins
from recouvra.chassis.progress import ClientStuck, TopicReplaced
from recouvra.chassis.reader import Reader
from recouvra.chassis.relay import Relay
from recouvra.chassis.settings import Settings
from recouvra.chassis.verifying_beside import verify_beside
from recouvra.contracts.topics import MARKS, journal_of

log = logging.getLogger(__name__)
_SILENT_SECONDS = 180  # without one poll, longer than any transaction lasts: only a new process helps
_PULSE_SECONDS = 5
_WATCH_SECONDS = 7
_CLOSING_SECONDS = 4  # with the last batch's, less than the ten after which whoever supervises kills


class WorkerFailure(RuntimeError):
    """The worker cannot go on in this process."""


async def run_worker(
    reading: Reading,
    reads: Sequence[str],
    writes: Sequence[str],
    acts: Mapping[str, AsTold],
    settings: Settings,
    begins: Begins | None = None,
) -> None:
    """Works until SIGTERM or SIGINT, then lets the batch in flight end.

    Nothing is read or published before the database knows all that the service ever published.

    Raises:
        WorkerFailure, TopicReplaced, ClientStuck, JournalBroken, DatabaseBehind: stopped by itself; whoever supervises
            starts it again.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stopped = asyncio.create_task(stop.wait())
    broker = KafkaBroker(settings.kafka, allow_auto_create_topics=False, graceful_timeout=8, logger=None)
    reader = Reader(broker, settings.kafka, settings.database_url, reading, reads, settings.replica)
    service = reading.service
    own = [*writes, MARKS, journal_of(service)] if writes else [MARKS]
    if begins is not None:
        await _first(stopped, _begun(begins, settings.database_url))
    await _first(stopped, _topics_exist(settings.kafka, [*reads, *own]))
    if not stop.is_set():
        catching_up = CatchingUp(reading, reads, writes, acts, settings.kafka, settings.database_url)
        await _first(stopped, catching_up.until_done())
    if stop.is_set():
        return
    tasks = [asyncio.create_task(_watch(reader)), asyncio.create_task(_pulse(service, reader, settings))]
    tasks.append(asyncio.create_task(verify_beside(settings.verify_seconds)))
    if writes:
        relay = Relay(service, settings.kafka, settings.database_url, writes, settings.clock)
        tasks.append(asyncio.create_task(relay.run()))
    try:
        await _first(stopped, _start(broker, reader))
        if not stop.is_set():
            log.info("worker of %s reads %s", service, ", ".join(reads))
        done, _ = await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopped}:
            task.result()
    finally:
        await reader.stop()
        for task in tasks:
            task.cancel()
        closing = asyncio.create_task(broker.stop())
        await asyncio.wait({closing, *tasks}, timeout=_CLOSING_SECONDS)
        if closing.cancel() or closing.exception() is not None:
            log.info("broker client did not stop in order")


async def _first(stopped: asyncio.Task[bool], waiting: Coroutine[Any, Any, None]) -> None:
    """Waits for either."""
    task = asyncio.create_task(waiting)
    await asyncio.wait({stopped, task}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    task.cancel()


async def _begun(begins: Begins, url: str) -> None:
    """Does what the service does first, needing no broker; again and again while the database does not let it."""
    while True:
        try:
            connection = await connect(url, WRITER)
            try:
                return await begins(connection)
            finally:
                await connection.close()
        except Exception as error:
            log.warning("à recommencer / to begin again: %r", error)
            await asyncio.sleep(1)


async def _start(broker: KafkaBroker, reader: Reader) -> None:
    """Joins the group, which a broker that is frozen keeps waiting."""
    await broker.start()
    reader.started()


async def _topics_exist(bootstrap: str, topics: Sequence[str]) -> None:
    """Waits until the broker answers and has every topic: FastStream's start would hang silently without one."""
    told = 0.0
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5_000)
        try:
            await admin.start()
            lacking = sorted(set(topics) - set(await admin.list_topics()))
            if not lacking:
                return
            what = f"sujets / topics: {', '.join(lacking)} (recouvra topics)"
        except Exception as error:
            what = repr(error)
        finally:
            await admin.close()
        if time.monotonic() - told > 10:
            told = time.monotonic()
            log.warning("en attente / waiting: %s", what)
        await asyncio.sleep(0.3)


async def _watch(reader: Reader) -> None:
    """Ends the process where the client is stuck or a topic was replaced: going on would skip records, or wait."""
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        if time.monotonic() - reader.progress.polled_at > _SILENT_SECONDS:
            raise WorkerFailure(f"no poll for {_SILENT_SECONDS} s")
        try:
            await asyncio.wait_for(reader.check_progress(), 10)
        except (TopicReplaced, ClientStuck, DatabaseBehind):
            raise
        except Exception as error:
            log.info("progress not checked: %r", error)


async def _pulse(service: str, reader: Reader, settings: Settings) -> None:
    """Tells the counters every few seconds, for the API's /metrics; ends the sessions of workers that are frozen."""
    name = settings.replica or f"{socket.gethostname()}-{os.getpid()}"
    while True:
        try:
            connection = await connect(settings.database_url, WRITER)
            try:
                counters = asdict(reader.counters)
                counters |= {f"dead_letters_{reason}": n for reason, n in counters.pop("dead_letters").items()}
                await connection.execute(
                    "insert into pulse (worker, at, counters) values ($1, clock_timestamp(), $2) "
                    "on conflict (worker) do update set at = excluded.at, counters = excluded.counters",
                    f"{service}-{name}",
                    json.dumps(counters),
                )
                # A worker that is gone for good (a container's name is never used again) is silent no more.
                await connection.execute("delete from pulse where at < clock_timestamp() - interval '1 hour'")
                if ended := await end_frozen(connection):
                    log.warning("%d session(s) of frozen workers ended", ended)
            finally:
                await connection.close()
        except Exception as error:
            log.info("pulse not told: %r", error)
        await asyncio.sleep(_PULSE_SECONDS)
