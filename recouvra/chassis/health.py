"""Can this service work: is its database there and migrated, does the broker answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from aiokafka.admin import AIOKafkaAdminClient

from recouvra.chassis import migrate
from recouvra.chassis.database import Connection, Database

Ready = Callable[[Connection], Awaitable[str]]
"""One more check of a service's own: ``ok`` or what it still waits for."""

log = logging.getLogger(__name__)
_PATIENCE_SECONDS = 2.0


class Health:
    """Asks the database and the broker, each within two seconds, at each call.

    By a session that no answer can take, nor the counting for `/metrics`: slow ones, however many, are no outage.
    """

    def __init__(self, database: Database, bootstrap: str, migrations: Sequence[str], own: Ready | None) -> None:
        self._database, self._bootstrap, self._migrations, self._own = database, bootstrap, migrations, own

    async def checks(self) -> dict[str, str]:
        """``ok`` or what is wrong, by `database`, `migrations`, `broker`, and the service's `own` if it has a check."""
        database, broker = await asyncio.gather(self._ask_database(), self._ask_broker())
        return {**database, "broker": broker}

    async def _ask_database(self) -> dict[str, str]:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                pool = await self._database.pool()
                # Its own limit bounds the giving back too, which would else wait for a frozen server for ever.
                async with pool.acquire(timeout=1) as connection:
                    lacking = await migrate.missing(connection, self._migrations)
                    behind = not lacking and await connection.fetchval("select is_behind from clock")
                    own = {} if lacking or self._own is None else {"own": await self._own(connection)}
        except Exception as error:
            log.info("database: %r", error)
            return {"database": "unreachable", "migrations": "unknown"}
        if behind:  # it was restored: what it shows is not yet what was published
            return {"database": "catches up with what was published", "migrations": "ok", **own}
        return {"database": "ok", "migrations": "missing" if lacking else "ok", **own}

    async def _ask_broker(self) -> str:
        """A request of its own connection: a broker that is frozen still accepts connections."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, request_timeout_ms=int(_PATIENCE_SECONDS * 1000))
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await admin.start()
                await admin.describe_cluster()
        except Exception as error:
            log.info("broker: %r", error)
            return "unreachable"
        finally:
            await asyncio.wait({asyncio.ensure_future(admin.close())}, timeout=1)
        return "ok"
