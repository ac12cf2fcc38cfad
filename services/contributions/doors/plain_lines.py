"""The lines of declarations from the text of their arrays straight to columns, those of many at once.

numpy looks at every byte, where a JSON parser makes objects one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from services.contributions.domain.columns import Integers, PlainLines

Array = bytes | memoryview
"""The text of a JSON array."""

_NAMES = b'},{"line_no":', b',"insured_number":"', b'","base_xof":'  # what stands before each integer of a line
_LENGTHS = np.array(list(map(len, _NAMES)))
_BEFORE = b"\0\0}"  # what stands before the first line: a brace, as before any other, and room for its first window
_MOST_DIGITS = 13  # of a base; each name is as long, so that so many bytes up to an integer's end hold no other digit
_WINDOW = 16  # bytes, the last of which are those of an integer
_OF_THE_INTEGER = np.frombuffer(bytes(_WINDOW - _MOST_DIGITS) + b"\xff" * (8 + _MOST_DIGITS - _WINDOW), "<u8")
_MOST_LINES = 1000


def columns_of(arrays: Sequence[Array]) -> list[PlainLines | None]:
    """The lines of each array, read as one, or alone where not each is written as the content's hash has it.

    None where one is not, byte for byte.

    That is `[{"line_no":1,"insured_number":"100000000063","base_xof":40000},…]`: without blanks, the fields in this
    order, each number 12 digits, no integer with a 0 in front, and none that the contract refuses.
    """
    within = [_within(array) for array in arrays]
    lines = [text for text in within if text]
    read = _columns(b",".join([_BEFORE, *lines])) if lines else (np.empty(0, np.intp), np.empty((3, 0), np.int64))
    if read is None or None in within:
        return [None] if len(arrays) == 1 else [one for array in arrays for one in columns_of([array])]
    # Each text ends with a brace, which stands nowhere but at the end of a line: so each has whole lines.
    ends, integers = read
    stops = accumulate((len(text) + bool(text) for text in within if text is not None), initial=len(_BEFORE) + 1)
    cuts = np.searchsorted(ends, list(stops)).tolist()
    return [
        PlainLines(*integers[:, start:stop]) if stop - start <= _MOST_LINES else None for start, stop in pairwise(cuts)
    ]


def _within(array: Array) -> Array | None:
    """What stands between the brackets, be it nothing; None for what is no array of objects."""
    if array == b"[]":
        return b""
    return array[1:-1] if array[:1] == b"[" and array[-2:] == b"}]" else None


def _columns(text: bytes) -> tuple[Integers, Integers] | None:
    """Where the last integer of each line ends, and three rows of integers, a line a column.

    Wherever digits end, the name of the next integer has to stand, and right behind that name digits until the next
    end: then there is no other byte.
    """
    characters = np.frombuffer(text, np.uint8)
    digits = characters - np.uint8(ord("0"))  # whatever is no digit comes to 10 or more
    is_digit = digits < 10
    last = np.flatnonzero(is_digit[:-1] > is_digit[1:])
    if not last.size or last.size % 3 or text[last[-1] + 1 :] != b"}":
        return None
    begins = np.concatenate(([len(_BEFORE) - 1], last[:-1] + 1)).reshape(-1, 3)  # of the names
    lengths = last.reshape(-1, 3) - begins - _LENGTHS + 1
    if lengths.min() < 1 or lengths.max() > _MOST_DIGITS or (lengths[:, 1] != 12).any():
        return None
    for at, name in zip(begins.T, _NAMES, strict=True):
        if _at(at, characters, len(name)).tobytes() != name * at.size:
            return None
    first = digits[begins + _LENGTHS]
    if first.max() > 9 or ((first == 0) & (lengths > 1)).any():
        return None
    digits *= is_digit.view(np.uint8)
    columns = np.ascontiguousarray(_integers(_at(last - _WINDOW + 1, digits, _WINDOW)).reshape(-1, 3).T)
    line_nos, _, bases = columns
    if line_nos.min() < 1 or line_nos.max() >= 2**31 or bases.max() > 10**12:
        return None
    return last[2::3], columns


def _integers(windows: NDArray[np.void]) -> Integers:
    """The integer of each window of digits, where bytes that are no digits are 0. It changes them.

    Thrice all neighbours are joined at once: digits, pairs, fours. What holds two has the first, the more significant,
    in its lower half; multiplied, it has the first by its weight and the second in its upper half, added.
    """
    windows.view("<u8")[::2] &= _OF_THE_INTEGER
    for joined, weight in (("<u2", 10), ("<u4", 100), ("<u8", 10_000)):
        both = windows.view(joined)
        half = 4 * both.itemsize
        both *= both.dtype.type((weight << half) + 1)
        both >>= both.dtype.type(half)
    eights = windows.view("<i8").reshape(-1, 2)
    integers: Integers = eights[:, 0] * 10**8 + eights[:, 1]
    return integers


def _at(begins: NDArray[np.intp], among: NDArray[np.uint8], length: int) -> NDArray[np.void]:
    """So many bytes from each place on."""
    windows = np.ndarray((among.size - length + 1,), f"V{length}", among, strides=(1,))
    return windows[begins]
