"""Seconds, CPU-seconds and peak memory of other programs, by process id, their children included. Linux's /proc."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLE_SECONDS = 0.5
_MIB = 1024


@dataclass(frozen=True, slots=True)
class Spent:
    """What a stretch of work took.

    Attributes:
        seconds: by the wall.
        cpu: CPU-seconds by the name of who spent them.
        peak_mib: by the same names, the most memory seen (PSS: what is shared counts once), sampled twice a second.
    """

    seconds: float
    cpu: Mapping[str, float]
    peak_mib: Mapping[str, float]

    def told(self, units: int) -> dict[str, Any]:
        """As JSON: a rate, and CPU-seconds per million of these units."""
        return {
            "units": units,
            "seconds": round(self.seconds, 3),
            "per_second": round(units / self.seconds, 1),
            "cpu_seconds_per_million": {name: round(cpu * 1e6 / units, 2) for name, cpu in self.cpu.items()},
            "peak_mib": {name: round(mib) for name, mib in self.peak_mib.items()},
        }


@dataclass(slots=True)
class Meter:
    """Watches processes from `start` to `stop`; `pids` are the heads of families by a name."""

    pids: Mapping[str, Sequence[int]]
    _started_at: float = 0.0
    _before: dict[str, float] = field(default_factory=dict)
    _peak: dict[str, float] = field(default_factory=dict)
    _sampling: asyncio.Task[None] | None = None

    def start(self) -> None:
        """From here on it counts."""
        self._before = self._cpu()
        self._peak = {}
        self._sampling = asyncio.get_running_loop().create_task(self._sample())
        self._started_at = time.monotonic()

    def stop(self) -> Spent:
        """Up to here it counted."""
        seconds = time.monotonic() - self._started_at
        after = self._cpu()
        self._look()
        if self._sampling is not None:
            self._sampling.cancel()
        return Spent(seconds, {name: cpu - self._before[name] for name, cpu in after.items()}, dict(self._peak))

    def _cpu(self) -> dict[str, float]:
        return {name: sum(cpu_seconds(pid) for pid in pids) for name, pids in self.pids.items()}

    def _look(self) -> None:
        for name, pids in self.pids.items():
            self._peak[name] = max(self._peak.get(name, 0.0), sum(memory_mib(pid) for pid in pids))

    async def _sample(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(_SAMPLE_SECONDS)


def family(pid: int) -> list[int]:
    """A process and all that descend from it and live."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a family, with that of children that have ended and were waited for."""
    ticks = 0
    for one in family(pid):
        with suppress(OSError):
            # The second field, the name, may hold blanks and brackets.
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / _TICKS


def memory_mib(pid: int) -> float:
    """The proportional set size of a family, in MiB."""
    kib = 0
    for one in family(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    kib += int(line.split()[1])
    return kib / _MIB
