"""The topics of the published language, made once; a topic that is there already is left alone, and looked at."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code

from recouvra.contracts.topics import EVENTS, JOURNALS, MARKS
from recouvra.local.children import Deadline
from recouvra.local.errors import LocalError

PARTITIONS = 6
MAX_MESSAGE_BYTES = 4_194_304
"""Above what is accepted (events.md: `oversized`), so that a larger value can be read and kept."""

_ONE_DAY_MS = 86_400_000
# Never compacted, never expiring: reports are rebuilt from facts, and facts are explained by what came in.
_KEPT = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
}
# A mark says nothing once a later one is there.
_PASSING = _KEPT | {"retention.ms": str(_ONE_DAY_MS)}


@dataclass(frozen=True)
class Topic:
    """What a topic should be like."""

    name: str
    partitions: int
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Topics:
    """What was found and done: names that were made, and of those that differ the setting, as it is and as wanted."""

    created: tuple[str, ...]
    present: tuple[str, ...]
    differing: Mapping[str, Mapping[str, tuple[str, str]]]


def wanted_topics(partitions: int | None = None) -> tuple[Topic, ...]:
    """Every event's topic, the journals, the marks; `partitions` by RECOUVRA_PARTITIONS where none are given."""
    count = _partitions_setting() if partitions is None else partitions
    events = (Topic(name, count, _KEPT) for name in EVENTS)
    return (*events, *(Topic(name, 1, _KEPT) for name in JOURNALS), Topic(MARKS, 1, _PASSING))


def _partitions_setting() -> int:
    text = os.environ.get("RECOUVRA_PARTITIONS", str(PARTITIONS))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000):
        raise LocalError(
            f"RECOUVRA_PARTITIONS doit être un nombre de 1 à 1000, pas « {text} ».",
            f"RECOUVRA_PARTITIONS must be a number from 1 to 1000, not “{text}”.",
            exit_code=2,
        )
    return int(text)


async def create_topics(bootstrap: str, partitions: int | None = None, within: float = 30.0) -> Topics:
    """Make the topics that are missing and wait until the broker serves them all; repeating it changes nothing.

    Raises LocalError when the broker cannot be reached, refuses, or takes longer than `within` seconds.
    """
    wanted = wanted_topics(partitions)
    deadline = Deadline(within)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(within * 1000))
    created: set[str] = set()
    try:
        await admin.start()
        while True:
            try:
                created |= await _create_missing(admin, wanted)
                differing = await _differences(admin, wanted, await _until_served(admin, wanted, deadline))
                break
            except KafkaError as error:
                # A connection lost in between, as to a broker that is busy starting: all of it can be asked again.
                if not error.retriable or deadline.is_past:
                    raise
            await asyncio.sleep(0.2)
    except (KafkaConnectionError, OSError) as error:
        raise LocalError(f"Kafka ne répond pas sur {bootstrap}.", f"Kafka does not answer at {bootstrap}.") from error
    except KafkaError as error:
        raise LocalError(
            f"Kafka ({bootstrap}) refuse les sujets : {error}", f"Kafka ({bootstrap}) refuses the topics: {error}"
        ) from error
    finally:
        await admin.close()
    made = tuple(topic.name for topic in wanted if topic.name in created)
    return Topics(made, tuple(topic.name for topic in wanted if topic.name not in created), differing)


async def _create_missing(admin: AIOKafkaAdminClient, wanted: tuple[Topic, ...]) -> set[str]:
    """Makes those that are not there, and tells their names."""
    present = set(await admin.list_topics())
    missing = [topic for topic in wanted if topic.name not in present]
    if missing:
        await _create(admin, missing)
    return {topic.name for topic in missing}


async def _create(admin: AIOKafkaAdminClient, topics: list[Topic]) -> None:
    asked = [NewTopic(topic.name, topic.partitions, 1, topic_configs=dict(topic.settings)) for topic in topics]
    response = await admin.create_topics(asked)
    for name, code, *message in response.topic_errors:
        # Another may have made it since we looked.
        if code not in (0, TopicAlreadyExistsError.errno):
            raise for_code(code)(f"{name}: {message[0] if message else ''}")


async def _until_served(admin: AIOKafkaAdminClient, wanted: tuple[Topic, ...], deadline: Deadline) -> dict[str, int]:
    """The number of partitions of each topic, once every partition has a leader."""
    while True:
        described = await admin.describe_topics([topic.name for topic in wanted])
        led = {
            topic["topic"]: len(topic["partitions"])
            for topic in described
            if topic["partitions"] and all(partition["leader"] >= 0 for partition in topic["partitions"])
        }
        if len(led) == len(wanted):
            return led
        if deadline.is_past:
            names = ", ".join(topic.name for topic in wanted if topic.name not in led)
            raise LocalError(f"Kafka ne sert pas les sujets {names}.", f"Kafka does not serve the topics {names}.")
        await asyncio.sleep(0.05)


async def _differences(
    admin: AIOKafkaAdminClient, wanted: tuple[Topic, ...], served: Mapping[str, int]
) -> dict[str, dict[str, tuple[str, str]]]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in wanted]
    actual: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(asked):
        for code, message, _, name, settings in response.resources:
            if code:
                raise for_code(code)(f"{name}: {message}")
            actual[name] = {setting[0]: setting[1] for setting in settings}
    differing: dict[str, dict[str, tuple[str, str]]] = {}
    for topic in wanted:
        has = actual[topic.name] | {"partitions": str(served[topic.name])}
        should = dict(topic.settings) | {"partitions": str(topic.partitions)}
        if other := {name: (has.get(name, ""), value) for name, value in should.items() if has.get(name) != value}:
            differing[topic.name] = other
    return differing
