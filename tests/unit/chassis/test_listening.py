"""Where an API cannot listen: told as every other error of a start, in both languages, by exit code 1."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from recouvra.local.roles import command


def _started(host: str, port: int, **more: str) -> tuple[int, str]:
    """Starts an API, which opens nothing else before its first request; its exit code and what it says."""
    said = {
        "RECOUVRA_KAFKA": "127.0.0.1:9",
        "RECOUVRA_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
        "RECOUVRA_HOST": host,
        "RECOUVRA_PORT": str(port),
        **more,
    }
    ended = subprocess.run(
        command("liquidation", "--api"), env=os.environ | said, capture_output=True, text=True, check=False, timeout=60
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_that_is_taken_is_said_to_be_and_what_to_do(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, told = _started(host, port)
    assert (code, len(told.splitlines())) == (1, 1), told
    assert told.startswith("recouvra: RECOUVRA_PORT: ")
    assert f"le port {port} est déjà pris ; arrêtez" in told
    assert f"port {port} is already taken; stop" in told


def test_an_address_that_is_not_this_machines_is_named(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    tokens.write_text('{"r-secret": {"name": "awa", "role": "reader"}}')
    code, told = _started("192.0.2.1", 8080, RECOUVRA_TOKENS_FILE=str(tokens))
    assert (code, len(told.splitlines())) == (1, 1), told
    assert told.startswith("recouvra: RECOUVRA_HOST, RECOUVRA_PORT: ")
    assert "impossible d'écouter sur 192.0.2.1" in told
    assert "cannot listen on 192.0.2.1" in told
