"""`recouvra send` to a broker that asks for TLS and a password: what passes, what is refused, and what is said then."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from recouvra.cli.kafka import PASSWORD as PASSWORD_VARIABLE
from recouvra.local.topics import create_topics
from tests.servers.guarded_broker import PASSWORD, USER, Guarded, guarded_broker

DECLARED = {
    "declaration_id": "D-1",
    "payer_id": "ETS",
    "period": "2026-02",
    "part": 1,
    "parts": 1,
    "totals": {"lines": 1, "base_xof": 125_000},
    "lines": [{"line_no": 1, "insured_number": "N1", "base_xof": 125_000}],
}
ANSWER = {
    "declaration_id": "D-1",
    "payer_id": "ETS",
    "period": "2026-02",
    "outcome": "accepted",
    "lines_received": 1,
    "lines_accepted": 1,
    "lines_rejected": 0,
    "assessed_xof": 8_200,
    "due_on": "2026-03-15",
    "anomalies": [],
}


@pytest_asyncio.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """The broker with every topic; no service reads them."""
    async with guarded_broker(tmp_path_factory.mktemp("guarded")) as running:
        await create_topics(running.inside, partitions=2)
        yield running


async def send(
    guarded: Guarded, folder: Path, *words: str, password: str = PASSWORD, settings: str = ""
) -> tuple[int, str, str]:
    """Sends the declaration as a vendor would; exit code, output and what was said beside it."""
    (folder / "declaration.json").write_text(json.dumps(DECLARED))
    (folder / "fund.properties").write_text(
        settings
        or f"bootstrap.servers={guarded.outside}\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\n"
        f"sasl.username={USER}\nssl.ca.location={guarded.authority}\n"
    )
    child = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("recouvra"), "send", "declaration.json", "--as", "payroll-declared",
        "--kafka-config", "fund.properties", *words, cwd=folder,
        env=os.environ | {PASSWORD_VARIABLE: password, "LANG": "en"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, said = await child.communicate()
    return child.returncode or 0, output.decode(), said.decode()


async def answered(guarded: Guarded) -> Any:
    """Answers the next declaration as contributions would, from inside; the record that it answered."""
    reader = AIOKafkaConsumer("payroll-declared", bootstrap_servers=guarded.inside, auto_offset_reset="earliest")
    async with reader, AIOKafkaProducer(bootstrap_servers=guarded.inside) as writer:
        async with asyncio.timeout(60):
            record = await reader.getone()
        await writer.send_and_wait("declaration-answered", json.dumps(ANSWER).encode(), key=b"ETS")
        return record


async def test_a_declaration_goes_over_tls_with_a_password_and_its_answer_comes_back(
    guarded: Guarded, tmp_path: Path
) -> None:
    record, (code, output, said) = await asyncio.gather(answered(guarded), send(guarded, tmp_path))
    assert (code, "D-1 · ETS · accepted · 2026-02" in output) == (0, True), output + said
    assert json.loads(record.value) == DECLARED | {"replaces": None}
    # Sent once more nobody answers: what was answered before is found.
    code, output, said = await send(guarded, tmp_path, "--json")
    (answer,) = json.loads(output)["answers"]
    assert (code, answer) == (0, ANSWER | {"earlier": True}), said


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"password": "wrong"}, PASSWORD_VARIABLE),
        ({"settings": "bootstrap.servers={outside}\nsecurity.protocol=SSL\n"}, "does not answer"),
        ({"settings": "bootstrap.servers={outside}\n"}, "does not answer"),
    ],
)
async def test_who_is_not_let_in_is_told_what_to_check(
    guarded: Guarded, tmp_path: Path, given: dict[str, str], expected: str
) -> None:
    given = {name: text.format(outside=guarded.outside) for name, text in given.items()}
    code, output, said = await send(guarded, tmp_path, **given)
    assert (code, output) == (1, "")
    assert expected in said
    assert "Traceback" not in said


async def test_without_an_answer_in_time_it_fails_and_says_that_it_may_be_run_again(
    guarded: Guarded, tmp_path: Path
) -> None:
    (tmp_path / "new.json").write_text(json.dumps(DECLARED | {"declaration_id": "D-2"}))
    child = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("recouvra"), "send", "new.json", "--as", "payroll-declared",
        "--bootstrap", guarded.inside, "--wait", "1", "--json", cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said = json.loads((await child.communicate())[0])
    assert (child.returncode, said["sent"]) == (1, 1)
    assert said["unanswered"] == [{"payer_id": "ETS", "declaration_id": "D-2"}]
