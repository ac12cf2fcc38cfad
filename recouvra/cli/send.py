"""`recouvra send FILE --as TOPIC`: publish events from a file, checked whole first, and hear what became of them.

What a file becomes: `send_records.py`, a payroll's file `send_filed.py`; Kafka: `send_publishing.py`; what is awaited:
`send_answers.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recouvra.cli import kafka
from recouvra.cli.addresses import DEFAULT_FOLDER, BootstrapOption, DataOption
from recouvra.cli.given import time_of
from recouvra.cli.send_answers import ANSWERED_ON, Awaited
from recouvra.cli.send_filed import filed
from recouvra.cli.send_publishing import publish
from recouvra.cli.send_records import Mode, Ready, Sending, records
from recouvra.cli.send_shown import show
from recouvra.cli.terminal import tell, wrong_use
from recouvra.local.errors import LocalError

if TYPE_CHECKING:
    from recouvra.vendor.headings import Said

_PATIENCE_SECONDS = 60.0
_FILED = "payroll-declared"
_BESIDE = "D'un CSV ou XLSX, à défaut de colonne / of a CSV or XLSX, where it has no column"

_option = typer.Option
_WAIT = _option(
    min=0,
    metavar="SECONDS",
    help="Attendre si longtemps une réponse / wait so long for an answer",
    show_default=f"{_PATIENCE_SECONDS:g} pour / for {', '.join(ANSWERED_ON)}",
)
_File = Annotated[
    Path, typer.Argument(metavar="FILE", help="Une valeur JSON par ligne, CSV, XLSX / a JSON value a line")
]
_Topic = Annotated[str, _option("--as", metavar="TOPIC", help="payroll-declared, payment-reported, …")]
_Time = Annotated[str | None, _option(help="ce_time de tous / of all (RFC 3339)", show_default="maintenant / now")]
_Anyway = Annotated[
    bool, _option("--anyway", help="Même ce qui serait rejeté / even what would be rejected as a whole")
]
_Beside = Annotated[str | None, _option(help=_BESIDE, show_default=False)]
_Total = Annotated[int | None, _option(help=_BESIDE, show_default=False)]
_Sheet = Annotated[str | None, _option(help="La feuille / the worksheet", show_default="première / first")]


def send(
    file: _File,
    topic: _Topic,
    source: Annotated[str, _option(help="Qui publie / who publishes")] = "/recouvra/send",
    time: _Time = None,
    mode: Annotated[Mode, _option(help="Mode de contenu CloudEvents / content mode")] = Mode.BINARY,
    wait: Annotated[float | None, _WAIT] = None,
    no_wait: Annotated[bool, _option("--no-wait", help="Ne rien attendre / wait for nothing")] = False,
    anyway: _Anyway = False,
    declaration_id: _Beside = None,
    payer_id: _Beside = None,
    period: _Beside = None,
    replaces: _Beside = None,
    total_lines: _Total = None,
    total_base_xof: _Total = None,
    sheet: _Sheet = None,
    bootstrap: BootstrapOption = None,
    config: kafka.ConfigOption = None,
    security: kafka.SecurityOption = None,
    mechanism: kafka.MechanismOption = None,
    user: kafka.UserOption = None,
    ca_file: kafka.CaOption = None,
    certificate: kafka.CertificateOption = None,
    key: kafka.KeyOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: Annotated[bool, _option("--json", help="Pour les machines / for machines")] = False,
) -> int:
    """Publie et attend la réponse / Publish and await the answer. Deux fois : aucun effet / twice: no effect.

    Code 1 si l'un est rejeté, refusé ou sans réponse / exit code 1 where one is rejected, refused or not answered.
    """
    from recouvra.vendor.headings import Said

    sending = Sending(_inbound(topic), source, time_of(time), mode)
    said = Said(declaration_id, payer_id, period, replaces, total_lines, total_base_xof)
    patience = _patience(topic, wait, no_wait)
    count, awaited, ready = _checked(file, sending, said, sheet, anyway, as_json)
    reach = kafka.reach(
        bootstrap, data, config,
        protocol=security, mechanism=mechanism, user=user, ca=ca_file, certificate=certificate, key=key,
    )  # fmt: skip
    sent = asyncio.run(publish(reach, ready(), count, awaited, patience))
    if sent != count:
        raise LocalError(
            f"{sent} événements publiés sur {count} : {file} n'a pas dit deux fois la même chose (un tube, ou un "
            "fichier qui change) ; donnez un fichier, et relancez sans crainte.",
            f"{sent} of {count} events published: {file} did not say the same twice (a pipe, or a file that changes); "
            "give a file, and send again without fear.",
        )
    if as_json:
        told = {"file": str(file), "topic": topic, "sent": sent} | ({} if patience is None else awaited.as_json())
        print(json.dumps(told, ensure_ascii=False))
    else:
        tell(f"{sent} événements publiés sur {topic}.", f"{sent} events published to {topic}.")
        if patience is not None:
            show(awaited, patience)
    return 0 if patience is None or awaited.is_well else 1


def _checked(
    file: Path, sending: Sending, said: Said, sheet: str | None, anyway: bool, as_json: bool
) -> tuple[int, Awaited, Callable[[], Iterator[Ready]]]:
    """The whole file, read once: how many records it makes, what is awaited of them, and the records again.

    Declarations are kept, for they are judged together; of anything else no more than a line is in memory.
    """
    if sending.topic == _FILED:
        kept = filed(file, sending, said, sheet, anyway=anyway, as_json=as_json)
        return len(kept), Awaited.of(sending.topic, (one.event for one in kept)), lambda: iter(kept)
    if said.given() or sheet:
        raise wrong_use(f"Un CSV ou XLSX ne va que sur {_FILED}.", f"A CSV or XLSX goes to {_FILED} only.")
    awaited, count = Awaited(sending.topic), 0
    for one in records(file, sending):
        awaited.expect(one.event)
        count += 1
    return count, awaited, lambda: records(file, sending)


def _inbound(topic: str) -> str:
    from recouvra.contracts.topics import INBOUND

    if topic not in INBOUND:
        raise wrong_use(
            f"On ne publie pas sur « {topic} » : choisissez parmi {', '.join(INBOUND)}.",
            f"“{topic}” cannot be published to: choose one of {', '.join(INBOUND)}.",
        )
    return topic


def _patience(topic: str, wait: float | None, no_wait: bool) -> float | None:
    """How many seconds to listen; None: not at all, as for what gets no answer, unless it is asked for."""
    if wait is not None and no_wait:
        raise wrong_use("Choisissez --wait ou --no-wait, pas les deux.", "Choose --wait or --no-wait, not both.")
    if no_wait:
        return None
    return wait if wait is not None else _PATIENCE_SECONDS if topic in ANSWERED_ON else None
