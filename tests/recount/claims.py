"""Identities (DEF-027): who named what first, within one service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence

from tests.recount.reading import SERVICE, Reading
from tests.recount.state import Place

Name = tuple[Hashable, ...]


def names_of(reading: Reading) -> Iterator[Name]:
    """Yield the names that a reading claims: its event and its subject; a care form's serial is no claim (DEF-031)."""
    topic, body, source = reading.record.topic, reading.body, reading.envelope.source
    yield "event", source, reading.envelope.event_id
    if topic.endswith("-requested"):
        yield topic, body["payer_id"], body["request_id"]
    elif topic == "payroll-declared":
        yield "part", body["payer_id"], body["declaration_id"], body["part"]
    elif topic == "payment-reported":
        yield "payment", source, body["payment_id"]


class Claims:
    """What one service remembers of events and of their subjects; a dead letter claims nothing."""

    def __init__(self, meanwhile: Collection[Place] = ()) -> None:
        self._contents: dict[Name, str] = {}
        self._meanwhile = meanwhile

    def meet(self, reading: Reading) -> str:
        """Return `new`, `repeated` (same content) or `conflicting` (other content under a known name)."""
        if reading.record[:3] in self._meanwhile and not reading.again:
            return "conflicting"
        known = [self._contents.get(name) for name in names_of(reading)]
        if any(content is not None and content != reading.content for content in known):
            return "conflicting"
        return "repeated" if any(known) else "new"

    def claim(self, reading: Reading) -> None:
        """Keep the names of a reading that took effect, waits or was answered."""
        for name in names_of(reading):
            self._contents[name] = reading.content

    def release(self, reading: Reading) -> None:
        """Forget the names of a reading that became a dead letter after it had waited."""
        for name in names_of(reading):
            self._contents.pop(name, None)


def as_claimed(readings: Sequence[Reading], refused: Collection[Place]) -> list[Reading]:
    """Return readings with those last that lost a name to another partition, as the dead letters `refused` tell.

    Who was first is for the order to decide where a name is used on several partitions for several contents; that
    exactly one content stands is not. Where it does not, the order stays, and the difference will show.
    """
    repeats = _said_before(readings)
    later, last = set[Place](), set[Place]()
    for contenders in _by_name(readings):
        standing = [reading for reading in contenders if reading.record[:3] not in refused]
        if len({reading.content for reading in standing}) == 1:
            home = {reading.record[:2] for reading in standing}
            last |= {reading.record[:3] for reading in contenders if reading.record[:2] not in home}
        elif len({reading.record[:2] for reading in contenders}) > 1 and (
            holder := _holder(contenders, refused, repeats)
        ):
            later |= {reading.record[:3] for reading in contenders if reading.content == holder}
            last |= {reading.record[:3] for reading in contenders if _lost(reading, contenders, refused)}
    return sorted(readings, key=lambda reading: (reading.record[:3] in last, reading.record[:3] in later))


def held_meanwhile(readings: Sequence[Reading], refused: Collection[Place]) -> set[Place]:
    """Return the refused records whose name a wrong reversal on another partition held while it waited.

    It gave the name back when it was set aside itself: all who said anything under the name until then are refused.
    """
    found = set[Place]()
    for contenders in _by_name(readings):
        lost = [reading for reading in contenders if reading.record[:3] in refused]
        waited = [reading for reading in lost if reading.body.get("reverses") is not None]
        found |= {
            reading.record[:3]
            for reading in lost
            if len(lost) == len(contenders) or _came_again(reading, contenders, refused)
            if any(w.content != reading.content and w.record[:2] != reading.record[:2] for w in waited)
        }
    return found


def _by_name(readings: Sequence[Reading]) -> Collection[list[Reading]]:
    """Return for each name of each service all who say something under it."""
    named: dict[Name, list[Reading]] = defaultdict(list)
    for reading in readings:
        for name in names_of(reading):
            named[(SERVICE[reading.record.topic], *name)].append(reading)
    return named.values()


def _said_before(readings: Sequence[Reading]) -> set[Place]:
    """Return the records that some order reads behind another of the same content and another event id."""
    alike: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        alike[reading.content].append(reading)
    return {
        reading.record[:3]
        for those in alike.values()
        for reading in those
        for other in those
        if next(names_of(other)) != next(names_of(reading))
        if other.record[:2] != reading.record[:2] or other.record[2] < reading.record[2]
    }


def _holder(contenders: Sequence[Reading], refused: Collection[Place], repeats: Collection[Place]) -> str | None:
    """The content that came to hold a name after records of another had been read under it, and claimed nothing.

    Those repeated what stands under another event id. Some of their kind that came after it were refused; where none
    did, it is the one content that was not said before under another event id.
    """
    contents = {reading.content for reading in contenders}
    lost = {reading.content for reading in contenders if reading.record[:3] in refused}
    held = contents - lost
    if len(held) > 1:
        held = {reading.content for reading in contenders if reading.record[:3] not in repeats} - lost
    return held.pop() if len(contents) > 1 and len(held) == 1 else None


def _lost(reading: Reading, contenders: Sequence[Reading], refused: Collection[Place]) -> bool:
    """Whether a record was refused because the name was another's.

    One that came again, and was not refused then, had waited itself, and was set aside later.
    """
    return reading.record[:3] in refused and not _came_again(reading, contenders, refused)


def _came_again(reading: Reading, contenders: Sequence[Reading], refused: Collection[Place]) -> bool:
    """Whether the same was read behind it, and not refused."""
    place = reading.record[:3]
    return any(
        other.content == reading.content and other.record[:2] == place[:2] and other.record[2] > place[2]
        for other in contenders
        if other.record[:3] not in refused
    )
