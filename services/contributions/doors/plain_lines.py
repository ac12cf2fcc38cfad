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

_NAMES = [  # what stands before each integer of a line
    np.frombuffer(name, np.uint8) for name in (b'},{"line_no":', b',"insured_number":"', b'","base_xof":')
]
_LENGTHS = np.array([name.size for name in _NAMES])
_MOST_DIGITS = 13  # of a base; each name is as long, so that so many bytes up to an integer's end hold no other digit
_WEIGHTS = 10 ** np.arange(_MOST_DIGITS - 1, -1, -1, dtype=np.int64)
_MOST_LINES = 1000


def columns_of(arrays: Sequence[Array]) -> list[PlainLines | None]:
    """The lines of each array, read as one, or alone where not each is written as the content's hash has it.

    None where one is not, byte for byte.

    That is `[{"line_no":1,"insured_number":"100000000063","base_xof":40000},…]`: without blanks, the fields in this
    order, each number 12 digits, no integer with a 0 in front, and none that the contract refuses.
    """
    within = [_within(array) for array in arrays]
    lines = [text for text in within if text]
    read = _columns(b",".join([b"}", *lines])) if lines else (np.empty(0, np.intp), np.empty((3, 0), np.int64))
    if read is None or None in within:
        return [None] if len(arrays) == 1 else [one for array in arrays for one in columns_of([array])]
    # Each text ends with a brace, which stands nowhere but at the end of a line: so each has whole lines.
    ends, integers = read
    stops = accumulate((len(text) + bool(text) for text in within if text is not None), initial=2)
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
    begins = np.concatenate(([0], last[:-1] + 1)).reshape(-1, 3)  # of the names
    firsts = begins + _LENGTHS
    lengths = last.reshape(-1, 3) - firsts + 1
    if lengths.min() < 1 or lengths.max() > _MOST_DIGITS or (lengths[:, 1] != 12).any() or not is_digit[firsts].all():
        return None
    if not all((_at(at, characters, name.size) == name).all() for at, name in zip(begins.T, _NAMES, strict=True)):
        return None
    if ((digits[firsts] == 0) & (lengths > 1)).any():
        return None
    digits *= is_digit
    integers = _at(last - _MOST_DIGITS + 1, digits, _MOST_DIGITS) @ _WEIGHTS
    columns: Integers = np.ascontiguousarray(integers.reshape(-1, 3).T)
    line_nos, _, bases = columns
    if line_nos.min() < 1 or line_nos.max() >= 2**31 or bases.max() > 10**12:
        return None
    return last[2::3], columns


def _at(begins: NDArray[np.intp], among: NDArray[np.uint8], length: int) -> NDArray[np.uint8]:
    """So many bytes from each place on, a row each."""
    windows = np.ndarray((among.size - length + 1,), f"V{length}", among, strides=(1,))
    return windows[begins].view(np.uint8).reshape(-1, length)
