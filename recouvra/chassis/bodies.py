"""A request's body is bounded, in size and in time, before anybody reads it into memory."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 16 << 20
"""Room for a dry run of 100,000 lines."""
_BYTES_A_SECOND = 8 << 10
"""What a slow line carries: nobody who sends as fast as this is cut off, however long the body."""


class BoundedBody:
    """ASGI middleware: a body beyond `MOST_BYTES`, announced or not, ends as 413 where it is read; a slow one as 408.

    It has `patience` seconds, and one more for each 8 KiB that have come: what waits for it, such as the room before
    the door of declarations, is free again after that.
    """

    def __init__(self, app: ASGIApp, patience: float) -> None:
        self._app, self._patience = app, patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, counting what comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        size = int(announced) if announced.isdigit() else 0
        # Behind the body stands only that the caller went away, which may be waited for as long as it takes: while a
        # file is made and sent, say.
        taken, is_whole, due = 0, not size and b"transfer-encoding" not in headers, None

        async def counted() -> Message:
            nonlocal taken, is_whole, due
            # It is due from when somebody asks for it: until then it is we who keep the caller waiting.
            due = asyncio.get_running_loop().time() + self._patience if due is None else due
            try:
                async with asyncio.timeout_at(None if is_whole else due + taken / _BYTES_A_SECOND):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(408, headers={"Connection": "close"}) from error
            taken += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if max(size, taken) > MOST_BYTES:
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)
