"""What a bench ran on, as far as its figures depend on it."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from recouvra.local.jars import KAFKA_VERSION
from recouvra.local.postgres import binaries


def machine() -> dict[str, object]:
    """Processor, memory, system, versions, the load when it was asked, and the commit that was measured."""
    return {
        "processor": _of("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "kafka": KAFKA_VERSION,
        "postgres": _said(str(binaries() / "postgres"), "--version").rpartition(" ")[2],
        "load_average": round(os.getloadavg()[0], 2),
        "commit": _said("git", "rev-parse", "--short", "HEAD") or "unknown",
        "changed_since": bool(_said("git", "status", "--porcelain", "--untracked-files=no")),
    }


def _of(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout.strip()
    except OSError:
        return ""
