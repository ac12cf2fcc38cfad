"""Every code has a sentence in both languages that tells its reader what to do."""

import json
import re

import pytest

from recouvra.contracts.codes import (
    AnomalyCode,
    FormCode,
    Message,
    Reason,
    RegistrationCode,
    anomaly_message,
    reason_message,
)
from recouvra.contracts.declaration_answered import Anomaly
from recouvra.contracts.sentences import ANOMALIES, REASONS

CODES = [*AnomalyCode, *RegistrationCode, *FormCode]
WHOLE_AND_REJECTED = [
    AnomalyCode.TOTALS_DISAGREE,
    AnomalyCode.PERIOD_BEFORE_SCHEME,
    AnomalyCode.PERIOD_IN_FUTURE,
    AnomalyCode.REPLACES_UNKNOWN,
    AnomalyCode.ALREADY_REPLACED,
]


def sound(message: Message) -> None:
    """Insist on two whole, different sentences without a blank left, in the spacing of each language."""
    assert message.fr != message.en
    for text in (message.fr, message.en):
        assert text[0].isupper() or text[0].isdigit()
        assert text.endswith(".")
        assert not re.search(r"[{}]|  |\.\.", text), text
    assert not re.search(" [:;]", message.fr), message.fr
    assert not re.search(r"[\u00a0\u202f]", message.en), message.en


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_both_sentences(reason: Reason) -> None:
    sound(reason_message(reason))
    sound(reason_message(reason, place="/lines/0/base_xof", expected=Message(fr="un entier", en="an integer")))
    sound(reason_message(reason, expected=Message(fr="un objet JSON", en="a JSON object")))


@pytest.mark.parametrize("code", CODES)
def test_every_anomaly_code_has_both_sentences(code: AnomalyCode | RegistrationCode | FormCode) -> None:
    sound(anomaly_message(code, "2026-01", None))
    sound(anomaly_message(code, -12_345, 40_000))


def test_no_sentence_is_of_a_code_that_does_not_exist() -> None:
    assert set(REASONS) == {reason.value for reason in Reason}
    assert set(ANOMALIES) == {code.value for code in CODES}


@pytest.mark.parametrize("code", WHOLE_AND_REJECTED)
def test_a_rejected_declaration_is_told_to_take_a_new_identity(code: AnomalyCode) -> None:
    message = anomaly_message(code, "2030-01", "2026-02")
    assert "nouveau declaration_id" in message.fr
    assert "new declaration_id" in message.en


def test_amounts_are_grouped_as_each_language_does() -> None:
    message = anomaly_message(AnomalyCode.BELOW_FLOOR, 12_000, 40_000)
    assert "12\u202f000 F" in message.fr
    assert "40,000 F" in message.en


@pytest.mark.parametrize("code", [RegistrationCode.POSSIBLE_DUPLICATE, RegistrationCode.HIRED_BEFORE_BIRTH])
def test_a_sentence_about_a_person_repeats_nothing_of_them(code: RegistrationCode) -> None:
    message = anomaly_message(code, "1990-02-28", "Traoré")
    assert "1990" not in message.fr + message.en
    assert "Traoré" not in message.fr + message.en


def test_a_thousand_anomalies_of_the_longest_kind_fit_in_an_answer() -> None:
    longest = max(
        len(
            Anomaly(
                line_no=2**31 - 1,
                code=code,
                field="/lines/insured_number",
                received="x" * 64,
                expected="y" * 64,
                message=anomaly_message(code, "x" * 64, "y" * 64),
            )
            .model_dump_json()
            .encode()
        )
        for code in AnomalyCode
        if code not in WHOLE_AND_REJECTED
    )
    assert 1000 * (longest + 1) + 1000 < 900_000
    assert json.dumps(longest)
