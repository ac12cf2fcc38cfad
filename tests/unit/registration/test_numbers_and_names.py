"""The insured number's key, and what makes names alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recouvra.law.insured_number import END_OF_DIGITS, FIRST_DIGITS, insured_number
from services.registration.domain.likeness import first_name, folded

DIGITS = st.integers(FIRST_DIGITS, END_OF_DIGITS - 1)


@given(DIGITS)
def test_a_number_is_twelve_digits_that_97_divides_once_the_key_is_added(digits: int) -> None:
    number = insured_number(digits)
    assert len(number) == 12
    assert number[0] != "0"
    assert (int(number[:10]) + int(number[10:])) % 97 == 0
    assert 1 <= int(number[10:]) <= 97


@given(DIGITS, st.integers(0, 11), st.integers(1, 9))
def test_one_digit_copied_wrong_shows(digits: int, place: int, off_by: int) -> None:
    number = insured_number(digits)
    wrong = number[:place] + str((int(number[place]) + off_by) % 10) + number[place + 1 :]
    # Two keys apart by 97 cannot be: 01 to 97 has no two of one remainder.
    keys = {97 - int(wrong[:10]) % 97}
    assert int(wrong[10:]) not in keys


@pytest.mark.parametrize("digits", [0, FIRST_DIGITS - 1, END_OF_DIGITS])
def test_other_than_ten_digits_make_no_number(digits: int) -> None:
    with pytest.raises(ValueError, match="ten digits"):
        insured_number(digits)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Traoré", "TRAORE"), ("N'Diaye", "N’diaye"), ("Coulibaly-Keïta", "coulibaly keita"), ("Straße", "STRASSE")],
)
def test_accents_case_and_punctuation_do_not_tell_names_apart(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_letters_without_a_latin_base_do_tell_names_apart() -> None:
    assert folded("Kɔnɛ") != folded("Kone")


@pytest.mark.parametrize(
    ("given_names", "first"),
    [("Aïssata Fanta", "aissata"), ("  - Awa", "awa"), ("Jean-Paul Marie", "jeanpaul"), ("", ""), ("—", "")],
)
def test_the_first_given_name_is_the_first_word_with_a_letter(given_names: str, first: str) -> None:
    assert first_name(given_names) == first
