"""Which worker's process a session on the database belongs to: who is elected, who takes records in."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults.own import Own

_ELECTED = (
    "application_name = 'recouvra-relay' and pid in (select pid from pg_locks where locktype = 'advisory' and granted)"
)
# Others of its name (the pulse, the look whether all goes on) are as short as a statement.
_WRITING = (
    "application_name = 'recouvra-worker' and state_change > clock_timestamp() - interval '3 seconds' "
    "and backend_start < clock_timestamp() - interval '3 seconds'"
)


async def relay_pid(stack: Own, service: str) -> int:
    """The process whose relay holds the election of a service; AssertionError while there is none."""
    found = await _owners(stack, service, _ELECTED)
    assert found, "no relay is elected, or the elected one is just gone"
    return found.pop()


async def writing(stack: Own, service: str) -> set[int]:
    """The processes of a service that took records in just now, or tried to."""
    return await _owners(stack, service, _WRITING)


async def _owners(stack: Own, service: str, which: str) -> set[int]:
    """The workers whose sessions these are; one whose session or process is just gone is left out."""
    seen = f"select client_port from pg_stat_activity where datname = current_database() and {which}"  # noqa: S608
    owners = set()
    for row in await stack.sql(service, seen):
        try:
            port = stack.proxy.client_of(row["client_port"])
        except KeyError:
            continue
        owners |= {pid for pid in stack.worker_pids(service) if _holds_port(pid, port)}
    return owners


def _holds_port(pid: int, port: int) -> bool:
    """Whether a process has a TCP connection from this local port."""
    local = f":{port:04X}"
    try:
        lines = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
        inodes = {f"socket:[{line[9]}]" for line in lines if line[1].endswith(local)}
        return any(_target(handle) in inodes for handle in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def _target(handle: Path) -> str:
    try:
        return os.readlink(handle)
    except OSError:
        return ""
