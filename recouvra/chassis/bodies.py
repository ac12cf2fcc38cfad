"""A request's body is bounded before anybody reads it into memory."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 16 << 20
"""Room for a dry run of 100,000 lines."""


class BoundedBody:
    """ASGI middleware: a body beyond `MOST_BYTES`, announced or not, ends as 413 where it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, counting what comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        size = int(announced) if announced.isdigit() else 0
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if max(size, taken) > MOST_BYTES:
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)
