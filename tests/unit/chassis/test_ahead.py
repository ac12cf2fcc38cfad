"""What a slice is taken in with ends with it."""

from __future__ import annotations

from contextvars import ContextVar

from recouvra.chassis.ahead import Ahead
from recouvra.chassis.decoding import NOTHING, Decoded
from recouvra.contracts.record import Record

_DELIVERY: ContextVar[str] = ContextVar("delivery")


async def test_a_slice_is_taken_in_without_the_delivery_that_handed_it_over() -> None:
    found: list[str | None] = []

    async def read(_: list[Record]) -> Decoded:
        return NOTHING

    async def take(_: list[Record], __: Decoded) -> None:
        found.append(_DELIVERY.get(None))

    ahead = Ahead(read, take)
    _DELIVERY.set("kept by whatever is set to run later")
    for _ in range(2):
        await ahead.hand([])
    await ahead.settled()
    assert found == [None, None]
