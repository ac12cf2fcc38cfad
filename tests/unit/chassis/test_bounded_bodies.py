"""A body is due from when it is asked for, and a request without one is never given up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from recouvra.chassis.bodies import BoundedBody
from tests.standing.polling import turn


async def asked(headers: list[tuple[bytes, bytes]], messages: list[Message]) -> list[Message]:
    """What an app receives that listens only after a while, where nobody has patience; the last message comes late."""
    received: list[Message] = []
    listening, late = asyncio.Event(), asyncio.Event()

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        await turn()  # a file is made
        for _ in messages:
            received.append(await receive())

    async def receive() -> Message:
        if len(messages) == len(received) + 1:
            listening.set()
            await late.wait()
        return messages[len(received)]

    async def send(_: Message) -> None:
        """Nothing is answered."""

    scope: dict[str, Any] = {"type": "http", "headers": headers}
    task = asyncio.create_task(BoundedBody(app, patience=0.0)(scope, receive, send))
    await asyncio.wait({task, asyncio.ensure_future(listening.wait())}, return_when=asyncio.FIRST_COMPLETED)
    await turn()
    late.set()
    await task
    return received


async def test_whoever_sends_no_body_may_listen_for_as_long_as_a_file_takes() -> None:
    gone = {"type": "http.disconnect"}
    assert await asked([], [gone]) == [gone]


async def test_a_body_that_is_there_is_read_however_late_and_its_caller_may_then_listen() -> None:
    body, gone = {"type": "http.request", "body": b"x", "more_body": False}, {"type": "http.disconnect"}
    assert await asked([(b"content-length", b"1")], [body, gone]) == [body, gone]


async def test_a_body_that_does_not_come_is_given_up() -> None:
    with pytest.raises(HTTPException) as raised:
        await asked([(b"transfer-encoding", b"chunked")], [{"type": "http.request"}])
    assert raised.value.status_code == 408
