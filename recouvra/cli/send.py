"""`recouvra send FILE --as TOPIC`: publish events from a file of JSON lines, checked whole before the first is sent."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID, uuid5

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, BootstrapOption, DataOption, broker
from recouvra.cli.terminal import notes, tell, wrong_use
from recouvra.local.errors import LocalError

if TYPE_CHECKING:
    from recouvra.contracts.record import Record

_IDENTITIES = UUID("5f0c3e0e-7a52-5d5b-9a0c-9d2f5a0f6a11")
_IN_FLIGHT = 2000


def send(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Une valeur JSON par ligne / one JSON value a line")],
    topic: Annotated[str, typer.Option("--as", metavar="TOPIC", help="payroll-declared, payment-reported, …")],
    source: Annotated[str, typer.Option(help="Qui publie / who publishes")] = "/recouvra/send",
    time: Annotated[
        str | None, typer.Option(help="ce_time de tous / of all (RFC 3339)", show_default="maintenant / now")
    ] = None,
    bootstrap: BootstrapOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Pour les machines / for machines")] = False,
) -> None:
    """Publie des événements / Publish events. Deux fois le même fichier : aucun effet / twice: no effect."""
    from recouvra.contracts.topics import INBOUND

    if topic not in INBOUND:
        raise wrong_use(
            f"On ne publie pas sur « {topic} » : choisissez parmi {', '.join(INBOUND)}.",
            f"“{topic}” cannot be published to: choose one of {', '.join(INBOUND)}.",
        )
    at = _instant(time)
    checked = sum(1 for _ in records(file, topic, source, at))
    sent = asyncio.run(_publish(broker(bootstrap, data), records(file, topic, source, at), checked))
    if as_json:
        print(json.dumps({"file": str(file), "topic": topic, "sent": sent}))
    else:
        tell(f"{sent} événements publiés sur {topic}.", f"{sent} events published to {topic}.")


def records(file: Path, topic: str, source: str, at: datetime) -> Iterator["Record"]:
    """The records of a file, in its order, blank lines left out; LocalError names the first line that a reader refuses.

    An event's id follows from its source and content: the same line is the same event for ever (DEF-027).
    """
    from pydantic import ValidationError

    from recouvra.contracts.envelope import Envelope, binary_headers
    from recouvra.contracts.reading import Refusal, read
    from recouvra.contracts.record import Record
    from recouvra.contracts.topics import INBOUND

    event_class = INBOUND[topic]
    kind = event_class.event_type()
    for number, line in _lines(file):
        try:
            event = event_class.model_validate_json(line)
            name, key = f"{source}\n{kind}\n{event.content().hex()}", event.key.encode()
        except (ValidationError, LookupError):
            name, key = f"{source}\n{number}", None  # `read` says what is wrong with it
        envelope = Envelope(str(uuid5(_IDENTITIES, name)), source, kind, at)
        record = Record(topic, 0, number, key, line, tuple(binary_headers(envelope)))
        try:
            read(record)
        except Refusal as refusal:
            raise LocalError(
                f"{file}, ligne {number} : {refusal.message.fr} Rien n'a été publié.",
                f"{file}, line {number}: {refusal.message.en} Nothing was published.",
            ) from refusal
        yield record


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with file.open("rb") as opened:
            for number, line in enumerate(opened, 1):
                if value := line.strip():
                    yield number, value
    except OSError as error:
        raise wrong_use(
            f"{file} ne peut pas être lu ({error.strerror}).", f"{file} cannot be read ({error.strerror})."
        ) from error


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = datetime.min
    if instant.tzinfo is None:
        raise wrong_use(
            f"--time {text} : il faut un instant avec fuseau, comme 2026-03-31T12:00:00Z.",
            f"--time {text}: an instant with its zone is needed, as 2026-03-31T12:00:00Z.",
        )
    return instant.astimezone(UTC)


async def _publish(bootstrap: str, sending: Iterator["Record"], count: int) -> int:
    """Publish in order, each key to the partition that Kafka's murmur2 gives it; the number acknowledged."""
    from aiokafka import AIOKafkaProducer
    from aiokafka.errors import KafkaConnectionError, KafkaError
    from rich.progress import Progress

    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", linger_ms=5, max_request_size=4 * 1024 * 1024
    )
    sent = 0
    try:
        await producer.start()
        with Progress(console=notes, disable=not notes.is_terminal, transient=True) as progress:
            task = progress.add_task("", total=count)
            waiting = []
            for record in sending:
                waiting.append(
                    await producer.send(record.topic, record.value, record.key, headers=list(record.headers))
                )
                if len(waiting) == _IN_FLIGHT:
                    await asyncio.gather(*waiting)
                    sent += len(waiting)
                    progress.update(task, completed=sent)
                    waiting = []
            await asyncio.gather(*waiting)
            return sent + len(waiting)
    except KafkaConnectionError as error:
        raise LocalError(
            f"Kafka ne répond pas sur {bootstrap} ; {sent} événements sur {count} publiés, relancez sans crainte.",
            f"Kafka does not answer at {bootstrap}; {sent} of {count} events published, send again without fear.",
        ) from error
    except (KafkaError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise LocalError(
            f"Kafka ({bootstrap}) : {reason} ; {sent} événements sur {count} publiés, relancez sans crainte.",
            f"Kafka ({bootstrap}): {reason}; {sent} of {count} events published, send again without fear.",
        ) from error
    finally:
        await producer.stop()
