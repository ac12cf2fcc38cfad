"""The codes that answer a publisher, and what makes a sentence of them.

A reason says why a record was set aside unread (a dead letter); an anomaly code, what is wrong with what was read and
answered. The sentences themselves stand in `sentences.py`.
"""

from enum import StrEnum

from pydantic import Field

from recouvra.contracts.event import Contract, Text
from recouvra.contracts.sentences import ANOMALIES, REASONS, at, shown, typeset


class Reason(StrEnum):
    """Why a record was set aside, in the order in which it is checked."""

    OVERSIZED = "oversized"
    MISSING_ENVELOPE = "missing-envelope"
    UNSUPPORTED_TYPE = "unsupported-type"
    INVALID_JSON = "invalid-json"
    SCHEMA_MISMATCH = "schema-mismatch"
    UNAUTHORISED_SOURCE = "unauthorised-source"
    CONFLICTING_DUPLICATE = "conflicting-duplicate"
    INTERNAL = "internal"


class AnomalyCode(StrEnum):
    """What is wrong with a declaration (the first six: with the whole of it) or with one of its lines."""

    UNKNOWN_PAYER = "unknown-payer"
    TOTALS_DISAGREE = "totals-disagree"
    PERIOD_BEFORE_SCHEME = "period-before-scheme"
    PERIOD_IN_FUTURE = "period-in-future"
    REPLACES_UNKNOWN = "replaces-unknown"
    ALREADY_REPLACED = "already-replaced"
    NEGATIVE_BASE = "negative-base"
    DUPLICATE_LINE = "duplicate-line"
    BELOW_FLOOR = "below-floor"
    UNKNOWN_INSURED = "unknown-insured"
    NOT_EMPLOYED_HERE = "not-employed-here"
    ALREADY_DECLARED = "already-declared"


class RegistrationCode(StrEnum):
    """What is wrong with a hire."""

    UNKNOWN_PAYER = "unknown-payer"
    POSSIBLE_DUPLICATE = "possible-duplicate"
    HIRED_BEFORE_BIRTH = "hired-before-birth"
    HIRE_IN_FUTURE = "hire-in-future"


class FormCode(StrEnum):
    """Why a care form, or one of its lines, is refused (DEF-031)."""

    DUPLICATE_FORM = "duplicate-form"
    CARE_AFTER_SUBMISSION = "care-after-submission"
    NOT_POSITIVE = "not-positive"


class Message(Contract):
    """A few sentences for a person, in both languages."""

    fr: Text = Field(description="In French.")
    en: Text = Field(description="In English.")


def reason_message(reason: Reason, *, place: str = "", expected: Message | None = None) -> Message:
    """Tell a publisher why a record was set aside and what to do.

    `place` is where the fault is (an attribute of the envelope, a JSON Pointer into the value), `expected` what should
    stand there; without `expected` the sentence is the general one. What was sent is never repeated: it may be
    personal data.
    """
    general, precise = REASONS[reason.value]
    if expected is None or precise is None:
        return Message(fr=typeset(general.fr), en=general.en)
    where = at(place)
    return Message(
        fr=typeset(precise.fr.format(at=where.fr, expected=expected.fr)),
        en=precise.en.format(at=where.en, expected=expected.en),
    )


def anomaly_message(
    code: AnomalyCode | RegistrationCode | FormCode,
    received: str | int | None = None,
    expected: str | int | None = None,
) -> Message:
    """Tell a publisher what is wrong with what they sent, what was made of it, and what to do.

    `received` and `expected` are the anomaly's own; a sentence about a person repeats neither.
    """
    sentence = ANOMALIES[code.value]
    came, wanted = shown(received), shown(expected)
    return Message(
        fr=typeset(sentence.fr.format(received=came.fr, expected=wanted.fr)),
        en=sentence.en.format(received=came.en, expected=wanted.en),
    )
