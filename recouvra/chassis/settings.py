"""What a service is told by its environment; read once, passed on, never looked up again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path


class SettingsError(ValueError):
    """A variable is missing or means nothing; the sentence says which and what it takes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One service's settings.

    Attributes:
        kafka: bootstrap servers, ``host:port[,host:port…]``.
        database_url: of this service's own database.
        clock: ``system``, or ``event`` for loaded history: the causing record's ``ce_time`` (DEF-015).
        host, port: where the API listens.
        replica: a name that stays with this worker over restarts: Kafka then hands it its partitions back at
            once instead of waiting for the dead one's session. Empty: a member like any other.
        sources_file: who may publish for whom; absent: everyone.
        tokens_file: who may ask over HTTP; absent: this machine only, and all of it.
        peers: the other services' base URLs by name, for reports that ask them.
        verify_seconds: how long after a background run of `verify` the next one begins; 0: there are none.
        body_seconds: how long a request's body may take to come, beside the time that its size takes on a slow line.
    """

    kafka: str
    database_url: str
    clock: str = "system"
    host: str = "127.0.0.1"
    port: int = 8080
    replica: str = ""
    sources_file: Path | None = None
    peers: Mapping[str, str] | None = None
    tokens_file: Path | None = None
    verify_seconds: int = 300
    body_seconds: int = 20

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Reads the ``RECOUVRA_…`` variables.

        Raises:
            SettingsError: a variable is missing or means nothing.
        """

        def required(name: str, meaning: str) -> str:
            if not (value := environment.get(name, "")):
                raise SettingsError(f"{name} manque / is missing: {meaning}")
            return value

        def seconds(name: str, default: str, zero: str = "") -> int:
            said = environment.get(name) or default
            if not (said.isascii() and said.isdigit() and (zero or int(said))):
                raise SettingsError(f"{name}: un nombre de secondes / a number of seconds{zero}")
            return int(said)

        clock = environment.get("RECOUVRA_CLOCK", "system")
        if clock not in ("system", "event"):
            raise SettingsError("RECOUVRA_CLOCK: 'system' ou / or 'event'")
        port = environment.get("RECOUVRA_PORT", "8080")
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise SettingsError("RECOUVRA_PORT: un port / a port, 1–65535")
        host = environment.get("RECOUVRA_HOST", "127.0.0.1")
        sources, tokens = environment.get("RECOUVRA_SOURCES_FILE"), environment.get("RECOUVRA_TOKENS_FILE")
        if not tokens and not _is_this_machine(host):
            raise SettingsError(
                "RECOUVRA_HOST: sans RECOUVRA_TOKENS_FILE, un service n'écoute que sa propre machine (127.0.0.1) / "
                "without RECOUVRA_TOKENS_FILE a service listens to its own machine only (127.0.0.1)"
            )
        return cls(
            kafka=required("RECOUVRA_KAFKA", "host:port du courtier / of the broker"),
            database_url=required("RECOUVRA_DATABASE_URL", "postgresql://user:password@host:port/database"),
            clock=clock,
            host=host,
            port=int(port),
            replica=environment.get("RECOUVRA_REPLICA", ""),
            sources_file=Path(sources) if sources else None,
            tokens_file=Path(tokens) if tokens else None,
            verify_seconds=seconds("RECOUVRA_VERIFY_SECONDS", "300", "; 0: jamais / never"),
            body_seconds=seconds("RECOUVRA_BODY_SECONDS", "20"),
            peers={
                name.removeprefix("RECOUVRA_").removesuffix("_URL").lower(): url.rstrip("/")
                for name, url in environment.items()
                if name.startswith("RECOUVRA_") and name.endswith("_URL") and name != "RECOUVRA_DATABASE_URL" and url
            },
        )


def _is_this_machine(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
