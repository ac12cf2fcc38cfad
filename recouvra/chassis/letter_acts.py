"""The acts on a dead letter, for the one who asks and for the journal that tells them again (DEF-036)."""

from __future__ import annotations

from recouvra.chassis import audit, dead_letters
from recouvra.chassis.batch import Reading
from recouvra.chassis.callers import Caller
from recouvra.chassis.database import Connection
from recouvra.chassis.journal import Cause
from recouvra.contracts.record import Record

REPLAY, DISCARD = "replay", "discard"


async def replay_letter(
    connection: Connection, reading: Reading, caller: Caller, letter_id: int, record: Record
) -> None:
    """Reads a letter's record now; it stays, with the reason of now, where it is refused still.

    The letter is locked, and waits. Only a replay that ended well changes anything, and stands in the journal. Raises
    Retry: nothing was done.
    """
    cause = Cause.new(REPLAY, _said(caller, record))
    refused = await reading.take_again(connection, cause, record)
    await dead_letters.settle(connection, letter_id, "waiting" if refused else "replayed", refused)
    reason = refused.reason.value if refused else None
    subject = dead_letters.subject(letter_id)
    await audit.keep(connection, caller, REPLAY, subject, reason, None if refused else cause)


async def discard_letter(
    connection: Connection, reading: Reading, caller: Caller, letter_id: int, record: Record, reason: str
) -> None:
    """Gives a letter up, for this reason. The letter is locked, and waits."""
    cause = Cause.new(DISCARD, _said(caller, record) | {"reason": reason})
    await _discard(connection, reading, cause, caller, letter_id)


async def replay_as_told(connection: Connection, reading: Reading, cause: Cause, caller: Caller) -> None:
    """Replays a letter again, which ended well; LookupError where it does not wait, ValueError if it is refused."""
    letter_id, record = await _letter(connection, cause)
    refused = await reading.take_again(connection, cause, record, as_told=True)
    if refused is not None:
        raise ValueError(f"{dead_letters.place_of(record)}: {refused.reason}")
    await dead_letters.settle(connection, letter_id, "replayed")
    await audit.keep(connection, caller, REPLAY, dead_letters.subject(letter_id), None, cause)


async def discard_as_told(connection: Connection, reading: Reading, cause: Cause, caller: Caller) -> None:
    """Gives a letter up again; raises LookupError where it does not wait."""
    letter_id, _ = await _letter(connection, cause)
    await _discard(connection, reading, cause, caller, letter_id)


async def _discard(connection: Connection, reading: Reading, cause: Cause, caller: Caller, letter_id: int) -> None:
    await cause.clock(connection, "system")
    await dead_letters.settle(connection, letter_id, "discarded")
    subject = dead_letters.subject(letter_id)
    await audit.keep(connection, caller, DISCARD, subject, cause.said["reason"], cause)
    if reading.tells:
        await cause.keep(connection)


def _said(caller: Caller, record: Record) -> dict[str, object]:
    """Which letter, by its record's place: its number is this database's own."""
    return {"who": caller.name, "topic": record.topic, "partition": record.partition, "offset": record.offset}


async def _letter(connection: Connection, cause: Cause) -> tuple[int, Record]:
    said = cause.said
    letter_id = await dead_letters.of_place(connection, said["topic"], said["partition"], said["offset"])
    letter = await dead_letters.take_up(connection, letter_id)
    assert letter is not None, "it was just found, and nobody deletes one"
    return letter_id, letter.record
