"""How a vendor's commands reach Kafka: its address, who they are there, and whom they believe.

The settings are those of `kcat -F` (librdkafka's names), so that one file serves both; options stand above the file,
and passwords come from the environment or from the file, never from the command line, where any process can read them.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from recouvra.cli.addresses import broker
from recouvra.cli.terminal import wrong_use

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
PASSWORD = "RECOUVRA_KAFKA_PASSWORD"
KEY_PASSWORD = "RECOUVRA_KAFKA_KEY_PASSWORD"

_OTHER_NAMES = {"metadata.broker.list": "bootstrap.servers", "sasl.mechanisms": "sasl.mechanism"}
_NAMES = (
    "bootstrap.servers",
    "security.protocol",
    "sasl.mechanism",
    "sasl.username",
    "sasl.password",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
)
# A setting of these that we do not know could change who is believed: it must not be passed over.
_OF_CONSEQUENCE = ("bootstrap.", "security.", "sasl.", "ssl.", "enable.ssl", "enable.sasl", "https.")

_option = typer.Option
ConfigOption = Annotated[
    Path | None,
    _option(
        "--kafka-config",
        envvar="RECOUVRA_KAFKA_CONFIG",
        help="Réglages de Kafka, comme kcat -F / settings of Kafka, as kcat -F takes them",
        show_default=False,
    ),
]
SecurityOption = Annotated[str | None, _option("--security", help=" | ".join(PROTOCOLS), show_default=False)]
MechanismOption = Annotated[str | None, _option("--mechanism", help=" | ".join(MECHANISMS), show_default=False)]
UserOption = Annotated[
    str | None,
    _option("--user", help=f"Nom SASL ; mot de passe / SASL name; password: {PASSWORD}", show_default=False),
]
CaOption = Annotated[
    Path | None, _option("--ca-file", help="Autorité à croire, PEM / authority to believe", show_default=False)
]
CertificateOption = Annotated[
    Path | None, _option("--certificate", help="Certificat du client, PEM / the client's", show_default=False)
]
KeyOption = Annotated[Path | None, _option("--key", help="Sa clé, PEM / its key", show_default=False)]


@dataclass(frozen=True, slots=True)
class Reach:
    """Where Kafka is, and what aiokafka is told beside that: `security_protocol`, `ssl_context`, `sasl_…`."""

    bootstrap: str
    security: Mapping[str, Any]


def reach(
    bootstrap: str | None,
    folder: Path,
    config: Path | None = None,
    *,
    protocol: str | None = None,
    mechanism: str | None = None,
    user: str | None = None,
    ca: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Reach:
    """Put options, file and environment together; LocalError (wrong use) where they do not fit each other."""
    said = {
        "bootstrap.servers": bootstrap,
        "security.protocol": protocol,
        "sasl.mechanism": mechanism,
        "sasl.username": user,
        "sasl.password": environment.get(PASSWORD),
        "ssl.ca.location": ca,
        "ssl.certificate.location": certificate,
        "ssl.key.location": key,
        "ssl.key.password": environment.get(KEY_PASSWORD),
    }
    settings = _settings(config) | {name: str(value) for name, value in said.items() if value is not None}
    return Reach(broker(settings.get("bootstrap.servers"), folder), _security(settings))


def _settings(file: Path | None) -> dict[str, str]:
    """The settings of a file of lines `name=value`; blank lines and those that begin with `#` say nothing."""
    if file is None:
        return {}
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from error
    settings = dict[str, str]()
    for number, line in enumerate(lines, 1):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not name or name.startswith("#"):
            continue
        name = _OTHER_NAMES.get(name, name)
        is_name = re.fullmatch(r"[a-z0-9._-]+", name) is not None  # anything else may be a password: it is not shown
        if not equals or not is_name or (name not in _NAMES and name.startswith(_OF_CONSEQUENCE)):
            known, told = ", ".join(_NAMES), f" (« {name} »)" if equals and is_name else ""
            raise wrong_use(
                f"{file}, ligne {number}{told} : ce n'est pas « nom=valeur » avec un nom connu ici ; il y a {known}.",
                f"{file}, line {number}{told}: this is no “name=value” with a name known here; there are {known}.",
            )
        if name in _NAMES:
            settings[name] = value
    if "sasl.password" in settings:  # who gives one there means SASL
        settings.setdefault("sasl.mechanism", "PLAIN")
    return settings


def _security(settings: Mapping[str, str]) -> dict[str, Any]:
    sasl = "sasl.username" in settings or "sasl.mechanism" in settings
    tls = any(name in settings for name in ("ssl.ca.location", "ssl.certificate.location"))
    # Without a word a password goes over TLS only.
    protocol = settings.get("security.protocol", "SASL_SSL" if sasl else "SSL" if tls else "PLAINTEXT").upper()
    if protocol not in PROTOCOLS:
        raise _not_one_of("security.protocol", protocol, PROTOCOLS)
    if (sasl and not protocol.startswith("SASL")) or (tls and not protocol.endswith("SSL")):
        raise wrong_use(
            f"Le protocole {protocol} ne sert pas ce qui est donné avec lui (nom SASL, certificats) : corrigez l'un ou "
            "l'autre.",
            f"Protocol {protocol} has no use for what is given with it (SASL name, certificates): mend one or the "
            "other.",
        )
    told: dict[str, Any] = {"security_protocol": protocol}
    if protocol.startswith("SASL"):
        told |= _sasl(settings)
    if protocol.endswith("SSL"):
        told["ssl_context"] = _tls(settings)
    return told


def _sasl(settings: Mapping[str, str]) -> dict[str, str]:
    mechanism = settings.get("sasl.mechanism", "PLAIN").upper()
    if mechanism not in MECHANISMS:
        raise _not_one_of("sasl.mechanism", mechanism, MECHANISMS)
    if not settings.get("sasl.username") or not settings.get("sasl.password"):
        raise wrong_use(
            f"SASL demande un nom (--user) et un mot de passe, dans la variable {PASSWORD}.",
            f"SASL needs a name (--user) and a password, in the variable {PASSWORD}.",
        )
    return {
        "sasl_mechanism": mechanism,
        "sasl_plain_username": settings["sasl.username"],
        "sasl_plain_password": settings["sasl.password"],
    }


def _tls(settings: Mapping[str, str]) -> ssl.SSLContext:
    """What TLS believes: the authority given, else those of the machine; the broker's name is always checked."""
    ca, certificate = settings.get("ssl.ca.location"), settings.get("ssl.certificate.location")
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise _unreadable(Path(ca or ""), error) from error
    if certificate:
        try:
            context.load_cert_chain(certificate, settings.get("ssl.key.location"), settings.get("ssl.key.password", ""))
        except (OSError, ssl.SSLError) as error:
            raise _unreadable(Path(certificate), error) from error
    return context


def _unreadable(file: Path, error: Exception) -> Exception:
    reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or type(error).__name__
    return wrong_use(f"{file} ne peut pas être lu ({reason}).", f"{file} cannot be read ({reason}).")


def _not_one_of(name: str, value: str, known: tuple[str, ...]) -> Exception:
    return wrong_use(
        f"{name} : « {value} » n'est pas de ceux-ci : {', '.join(known)}.",
        f"{name}: “{value}” is none of {', '.join(known)}.",
    )
