"""What people do beside the topics: an operator's acts over HTTP, and who may publish for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from tests.recount.reading import Envelope, Reading, Refused, read
from tests.recount.state import Key, Place, PublishedRecord, State

Rules = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Replay:
    """A dead letter that was replayed when the record at `before` was the next of its partition; None: after all."""

    place: Place
    before: int | None = None


@dataclass(frozen=True)
class Acts:
    """Everything that was done beside the topics, each in its order.

    `assignments`: those that stand, payer by (source, payment). `posted`: bodies of `POST /v1/payers` that were taken,
    each with an instant near its own. `sources`: who may publish for whom while records are read (None: everyone for
    everyone), `mended`: while they are replayed.
    """

    assignments: Mapping[Key, str] = field(default_factory=dict)
    posted: Sequence[tuple[Mapping[str, Any], datetime]] = ()
    replays: Sequence[Replay] = ()
    sources: Rules | None = None
    mended: Rules | None = None


def read_everything(inbound: Sequence[PublishedRecord], acts: Acts, state: State) -> list[Reading]:
    """Return what can be read, in the order of the topics, replays where they were made; the rest is set aside."""
    found: list[tuple[tuple[str, int, float], Reading]] = []
    by_place = {record[:3]: record for record in inbound}
    for record in sorted(inbound, key=lambda r: r[:3]):
        try:
            found.append((record[:3], allowed(read(record), acts.sources)))
        except Refused as refused:
            state.dead_letters[record[:3]] = refused.letter(record.topic)
    for replay in acts.replays:
        if state.letters_now.get(replay.place) == "replayed":
            continue
        topic, partition, _ = replay.place
        moment = (topic, partition, float("inf") if replay.before is None else replay.before - 0.5)
        try:
            reading = allowed(read(by_place[replay.place]), acts.mended)
            found.append((moment, Reading(reading.record, reading.envelope, reading.body, again=True)))
            state.letters_now[replay.place] = "replayed"
        except Refused as refused:
            state.letters_now[replay.place] = refused.reason
    for number, (body, at) in enumerate(acts.posted):
        said = PublishedRecord("affiliation-requested", -1, number, None, None, ())
        named = Envelope("/registration", f"posted-{number}", "ml.recouvra.affiliation-requested.v1", at)
        found.append((("affiliation-requested", 10**6, number), Reading(said, named, dict(body))))
    return [reading for _, reading in sorted(found, key=lambda one: one[0])]


def allowed(reading: Reading, rules: Rules | None) -> Reading:
    """Return a reading whose source may publish for its payer, or raise `Refused("unauthorised-source")`.

    The longest prefix that fits decides. Where no payer is named, whoever may publish for anybody may.
    """
    if rules is None:
        return reading
    source, payer_id = reading.envelope.source, reading.body.get("payer_id")
    globs = rules[max(fit, key=len)] if (fit := [prefix for prefix in rules if source.startswith(prefix)]) else ()
    if bool(globs) if payer_id is None else any(fnmatchcase(payer_id, glob) for glob in globs):
        return reading
    raise Refused("unauthorised-source", source, reading.envelope.event_id)


def set_aside(reading: Reading, state: State) -> None:
    """Expect a conflicting duplicate: a dead letter, or one that stays when it was replayed."""
    if reading.again:
        state.letters_now[reading.record[:3]] = "conflicting-duplicate"
    else:
        state.dead_letters[reading.record[:3]] = reading.refused("conflicting-duplicate")
