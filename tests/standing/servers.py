"""What tests ask of a broker, a database server and a whole stack, whatever they run on."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any, Protocol


class Broker(Protocol):
    """A broker that runs."""

    @property
    def bootstrap(self) -> str:
        """Its address."""
        ...

    def frozen(self) -> AbstractContextManager[None]:
        """It lives and does nothing for as long as the block lasts, as on a machine that hangs."""
        ...


class DatabaseServer(Protocol):
    """A database server that runs, unless it was stopped."""

    @property
    def url(self) -> str:
        """The superuser's address."""
        ...

    async def create_database(self, name: str, password: str) -> str:
        """Makes an empty database with an owner of its name, who can connect to no other; the owner's address."""
        ...

    def frozen(self) -> AbstractContextManager[None]:
        """It lives and does nothing for as long as the block lasts, as on a machine that hangs."""
        ...

    async def stop(self) -> None:
        """Ends it in order; what was committed stays."""
        ...

    async def start(self) -> None:
        """Starts it again, and waits until it takes connections."""
        ...


class Up(Protocol):
    """One stack with all its data, started or not."""

    async def start(self, deadline_seconds: float = ...) -> None:
        """Starts it, with the data it has, and waits until it says that it is ready."""
        ...

    def allow(self, rules: Mapping[str, Sequence[str]]) -> None:
        """Says who may publish for whom from now on: before it is first started, and whenever that changes."""
        ...

    def told(self) -> dict[str, Any] | None:
        """What runs where, in the shape of `stack.json`; None while the stack is not ready."""
        ...

    async def ready(self, deadline_seconds: float = ...) -> dict[str, Any]:
        """What is told once it is ready."""
        ...

    def pids(self) -> list[int]:
        """Every process that it tells of."""
        ...

    async def kill_one(self, name: str, role: str) -> None:
        """SIGKILL to whoever plays the role now; it is started again, as after every death."""
        ...

    def frozen(self, name: str, role: str) -> AbstractContextManager[None]:
        """One that lives and does nothing for as long as the block lasts."""
        ...

    async def command(self, *words: str) -> tuple[int, str]:
        """Runs `recouvra` with these words, as an administrator of reporting would; exit code and output."""
        ...

    async def end(self, number: int = signal.SIGTERM, deadline_seconds: float = ...) -> int:
        """Ends all of it by this signal, the data stays; exit code 0: in order. Nothing runs any more then."""
        ...

    async def clear(self) -> None:
        """Ends it, if it runs, and removes what no later run could use."""
        ...


class Standing(Protocol):
    """Makes them; each has a folder, ports and data of its own."""

    def broker(self, folder: Path) -> AbstractAsyncContextManager[Broker]:
        """A broker without topics, for as long as the block lasts."""
        ...

    def database(self, folder: Path) -> AbstractAsyncContextManager[DatabaseServer]:
        """A database server, for as long as the block lasts."""
        ...

    def up(self, folder: Path, clock: str) -> Up:
        """A stack, not yet started."""
        ...
