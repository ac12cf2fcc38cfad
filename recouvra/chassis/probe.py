"""`python -m recouvra.chassis.probe`: is the role that runs in this container well? Its health check; exit code 0: yes.

Where RECOUVRA_PORT is set it is an API, and its `/readyz` says; else a worker, and well means that it spoke lately: its
pulse comes from the loop that reads, and only through a broker and a database that answered at least once.
"""

import asyncio
import os
import socket
import sys
import urllib.error
import urllib.request

_PATIENCE_SECONDS = 8
_SILENT_SECONDS = 30  # six pulses


def _api(port: str) -> str:
    """What keeps the API from being ready; empty where nothing does."""
    # No proxy: whatever the environment says of one, this is our own container.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f"http://127.0.0.1:{port}/readyz", timeout=_PATIENCE_SECONDS)
    except urllib.error.HTTPError as answer:
        return answer.read().decode("utf-8", "replace")
    except OSError as error:
        return str(error)
    return ""


async def _worker(url: str) -> str:
    """What is wrong with the worker of this name, its replica's or its host's; empty where nothing is."""
    import asyncpg

    # A pulse is named "service-replica", or "service-host-process".
    sql = (
        "select extract(epoch from clock_timestamp() - max(at))::float8 from pulse "
        "where strpos(worker || '-', '-' || $1 || '-') > 0"
    )
    try:
        connection = await asyncpg.connect(url, timeout=_PATIENCE_SECONDS, command_timeout=_PATIENCE_SECONDS)
        try:
            silent = await connection.fetchval(sql, os.environ.get("RECOUVRA_REPLICA") or socket.gethostname())
        finally:
            await connection.close(timeout=_PATIENCE_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return repr(error)
    if silent is None:
        return "no pulse yet"
    return f"silent for {silent:.0f} s" if silent > _SILENT_SECONDS else ""


def main() -> int:
    """0 well, 1 not, which is told in one line."""
    port = os.environ.get("RECOUVRA_PORT", "")
    wrong = _api(port) if port else asyncio.run(_worker(os.environ["RECOUVRA_DATABASE_URL"]))
    if wrong:
        print(wrong)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
