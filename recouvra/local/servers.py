"""A broker or a database of one's own for as long as a block lasts: for tests, benches and trials."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from recouvra.local.folder import DataFolder
from recouvra.local.jars import kafka_jars_aside
from recouvra.local.kafka import Kafka
from recouvra.local.ports import Ports, free_ports
from recouvra.local.postgres import Postgres


@asynccontextmanager
async def broker(path: Path, ports: Ports | None = None) -> AsyncIterator[Kafka]:
    """A broker with its records in a folder that nobody else uses, on free ports unless some are given."""
    folder = DataFolder(path)
    folder.hold()
    chosen = ports or free_ports()
    try:
        kafka = Kafka(
            folder.path / "kafka",
            await kafka_jars_aside(folder.path / "cache"),
            port=chosen.of("kafka"),
            controller_port=chosen.of("kafka controller"),
            log=folder.logs / "kafka.log",
            keep_open=(folder.lock,),
        )
        try:
            await kafka.start()
            yield kafka
        finally:
            await kafka.stop()
    finally:
        folder.release()


@asynccontextmanager
async def database(path: Path, ports: Ports | None = None) -> AsyncIterator[Postgres]:
    """A database server with its files in a folder that nobody else uses, on a free port unless some are given."""
    folder = DataFolder(path)
    folder.hold()
    try:
        postgres = Postgres(
            folder.path / "postgres",
            port=(ports or free_ports()).of("postgres"),
            password=folder.secret("superuser"),
            log=folder.logs / "postgres.log",
            keep_open=(folder.lock,),
        )
        try:
            await postgres.start()
            yield postgres
        finally:
            await postgres.stop()
    finally:
        folder.release()
