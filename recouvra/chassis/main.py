"""`python -m services.NAME --api|--worker|--migrate`: what every service's `__main__` calls."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from errno import EADDRINUSE, EAFNOSUPPORT
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from recouvra.chassis.batch import Reading
from recouvra.chassis.callers import Callers
from recouvra.chassis.catching_up import AsTold, JournalBroken
from recouvra.chassis.clock import DatabaseBehind
from recouvra.chassis.migrate import CHASSIS as CHASSIS_MIGRATIONS
from recouvra.chassis.migrate import MigrationError, files_of, migrate
from recouvra.chassis.outcome import Begins, Opens, Plain
from recouvra.chassis.progress import ClientStuck, TopicReplaced
from recouvra.chassis.settings import Settings, SettingsError
from recouvra.chassis.sources import Sources
from recouvra.chassis.verification import Verifiable, say, tell_progress, verify
from recouvra.chassis.verifying import Invariants
from recouvra.chassis.verifying_beside import be_modest
from recouvra.chassis.watched import WatchedFileError
from recouvra.chassis.worker import WorkerFailure, run_worker
from recouvra.contracts.event import Event
from recouvra.contracts.reading import Quick


@dataclass(frozen=True, slots=True)
class Service:
    """A service as the chassis runs it.

    Attributes:
        name: its folder under `services`, its name in events and its relay's source.
        reads, writes: topics.
        migrations: the folder of its SQL files.
        opens: locks and loads what a batch can touch.
        api: builds its HTTP app from settings, the migrations that it needs, and how it takes records in.
        plain: by topic, who takes the records that are no events.
        acts: by their names in the journal, its own acts over HTTP, to do them again as it tells.
        invariants: what `verify` checks of its data, beside what holds of every service.
        begins: what its worker does before it reads; None: nothing.
        rebuild: makes its read models again from the topics, or only compares (`check`), and tells it as sentences or
            as JSON; an exit code. None: it has none.
        quickly: by event class, what reads its plain values faster than the contract does.
        lanes: how many of its transactions may be under way at once in one worker: one where they lock each other out.
    """

    name: str
    reads: Sequence[str]
    writes: Sequence[str]
    migrations: Path
    opens: Opens
    api: Callable[[Settings, Sequence[str], Reading], FastAPI]
    plain: Mapping[str, Plain] = field(default_factory=dict)
    acts: Mapping[str, AsTold] = field(default_factory=dict)
    invariants: Invariants = field(default_factory=Invariants)
    begins: Begins | None = None
    rebuild: Callable[[Settings, Reading, bool, bool], Coroutine[Any, Any, int]] | None = None
    quickly: Mapping[type[Event], Quick] = field(default_factory=dict)
    lanes: int = 2

    def reading(self, settings: Settings) -> Reading:
        """How it takes records in: the worker each batch, the API a dead letter that is replayed."""
        sources = Sources(settings.sources_file)
        tells = bool(self.writes)
        return Reading(self.name, self.opens, settings.clock, sources, tells, self.plain, self.quickly, self.lanes)

    def create_api(self, settings: Settings) -> FastAPI:
        """Its HTTP app; nothing opens before the first request."""
        return self.api(settings, self.migration_names(), self.reading(settings))

    @property
    def verifiable(self) -> Verifiable:
        """What `verify` looks at."""
        return Verifiable(self.name, self.reads, tuple(self.plain), self.invariants)

    def migration_names(self) -> list[str]:
        """Every migration that must have been applied before it is ready."""
        return [name for name, _ in files_of(CHASSIS_MIGRATIONS, self.migrations)]


def run(build: Callable[[Settings], Service]) -> None:
    """Runs one role of a service until it is told to stop; exit code 0 fine, 1 broken, 2 wrong use."""
    parser = argparse.ArgumentParser(description="Un rôle d'un service / one role of a service")
    role = parser.add_mutually_exclusive_group(required=True)
    role.add_argument("--api", action="store_true", help="HTTP")
    role.add_argument("--worker", action="store_true", help="lit et publie / reads and publishes")
    role.add_argument("--migrate", action="store_true", help="met la base à jour / brings the database up to date")
    role.add_argument("--verify", action="store_true", help="vérifie les invariants / checks every invariant")
    role.add_argument("--rebuild", action="store_true", help="refait ses tables de lecture / its read models again")
    parser.add_argument("--json", action="store_true", help="pour les machines / for machines (--verify, --rebuild)")
    parser.add_argument("--check", action="store_true", help="compare seulement / only compares (--rebuild)")
    parser.add_argument("--due", action="store_true", help="à l'arrière-plan / in the background (--verify)")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("aiokafka", "httpx"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        settings = Settings.from_environment()
        service = build(settings)
        if asked.migrate:
            for name in asyncio.run(migrate(settings.database_url, service.migrations)):
                print(name)
        elif asked.verify:
            if asked.due:
                be_modest()
            telling = tell_progress(service.name)
            report = asyncio.run(verify(service.verifiable, settings, telling, only_due=asked.due))
            say(report, asked.json)
            sys.exit(0 if report.holds else 1)
        elif asked.rebuild:
            sys.exit(_rebuilt(service, settings, asked.check, asked.json))
        elif asked.api:
            _answer(service, settings)
        else:
            gc.freeze()
            gc.set_threshold(100_000, 20, 100)  # a batch is short-lived: decoding runs up to half faster so
            reading = service.reading(settings)
            asyncio.run(run_worker(reading, service.reads, service.writes, service.acts, settings, service.begins))
    except (SettingsError, WatchedFileError) as error:
        sys.exit(_said(error, 2))
    except (MigrationError, TopicReplaced, JournalBroken, DatabaseBehind, ClientStuck, WorkerFailure, OSError) as error:
        sys.exit(_said(error, 1))


def _answer(service: Service, settings: Settings) -> None:
    """Answers over HTTP until it is told to stop."""
    # uvicorn raises the signal again once it has shut down in order: that is no failure.
    signal.signal(signal.SIGTERM, _ended_in_order)
    Callers(settings.tokens_file).check()
    Sources(settings.sources_file).refresh()
    config = uvicorn.Config(
        service.create_api(settings),
        log_level="warning",
        access_log=False,
        http="h11",  # it bounds a request's head, which httptools does not
        timeout_graceful_shutdown=5,
    )
    listening = _listening(settings.host, settings.port)
    gc.freeze()  # what was made until now stays: to look at all of it again would hold an answer up
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run(listening)
    if not server.started:
        sys.exit(1)


def _listening(host: str, port: int) -> list[socket.socket]:
    """What the API listens on: uvicorn, left to open it, would end the process by a code and a sentence of its own."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        opened = [_opened(family, address) for family, _, _, _, address in dict.fromkeys(found)]
        if not any(opened):
            raise OSError(EAFNOSUPPORT, os.strerror(EAFNOSUPPORT))
        return [one for one in opened if one is not None]
    except OSError as error:
        if error.errno == EADDRINUSE:
            raise OSError(
                f"RECOUVRA_PORT: le port {port} est déjà pris ; arrêtez ce qui l'occupe, ou choisissez-en un autre / "
                f"port {port} is already taken; stop what holds it, or choose another"
            ) from error
        raise OSError(
            f"RECOUVRA_HOST, RECOUVRA_PORT: impossible d'écouter sur {host}, port {port} ; donnez une adresse de cette "
            f"machine et un port permis / cannot listen on {host}, port {port}; give an address of this machine and a "
            f"port that is allowed: {error}"
        ) from error


def _opened(family: int, address: Any) -> socket.socket | None:
    """None where the kernel has nothing of this family: "localhost" may be an IPv6 address too, on one without IPv6."""
    try:
        return socket.create_server(address, family=family)
    except OSError as error:
        if error.errno != EAFNOSUPPORT:
            raise
        return None


def _rebuilt(service: Service, settings: Settings, check: bool, as_json: bool) -> int:
    if service.rebuild is None:
        sentence = (
            f"{service.name} n'a pas de tables de lecture à refaire ; reporting en a / "
            f"{service.name} has no read models to make again; reporting has"
        )
        return _said(ValueError(sentence), 2)
    return asyncio.run(service.rebuild(settings, service.reading(settings), check, as_json))


def _ended_in_order(*_: object) -> None:
    sys.exit(0)


def _said(error: Exception, code: int) -> int:
    print(f"recouvra: {error}", file=sys.stderr)
    return code
