"""Deaths at exact points, where something is done and not yet known to be done: in workers, relays and acts."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.builders import affiliation
from tests.faults.dying import ACT_POINTS, COPYING, GROUP, STATEMENTS, WORKER_POINTS
from tests.faults.fault import fault
from tests.faults.own import Own
from tests.faults.trial import SERVICES, Trial
from tests.stack.countries import rows
from tests.standing.polling import eventually

PUBLISHES_NOTHING = "reporting"
_PATIENCE_SECONDS = 60


def mortal(folder: Path, clock: str = "system", disk_bytes: int = 0) -> Own:
    """A stack whose roles can be told where to die."""
    environment = {"RECOUVRA_DIES_IN": str(folder / "fates")}
    return Own(folder, clock, disk_bytes=disk_bytes, program="tests.faults.dying", environment=environment)


class Fate:
    """Where a role of a mortal stack is to die next."""

    def __init__(self, stack: Own, service: str, role: str) -> None:
        self._file = stack.folder / "fates" / f"{service}-{role}"

    def seal(self, point: str, passage: int = 1) -> None:
        """It dies at its so many-eth passage of a point."""
        self._file.parent.mkdir(exist_ok=True)
        written = self._file.with_suffix(".new")
        written.write_text(f"{point} {passage}")
        written.replace(self._file)

    def lift(self) -> None:
        """It goes on living."""
        self._file.unlink(missing_ok=True)

    async def met(self, deadline_seconds: float = 60) -> None:
        """Waits until it did."""

        async def gone() -> None:
            assert not self._file.exists(), f"{self._file.name} has not come to {self._file.read_text()}"

        await eventually(gone, deadline_seconds)


async def workers_die(point: str, trial: Trial) -> None:
    """The worker of every service that comes to a point dies there, its first or second time."""
    relayed = point not in STATEMENTS or STATEMENTS[point].application == "recouvra-relay"
    those = [name for name in SERVICES if point == GROUP or not (relayed and name == PUBLISHES_NOTHING)]
    fates = [Fate(trial.stack, name, "worker") for name in those]
    for fate in fates:
        fate.seal(point, trial.dice.choice((1, 2)))
    await asyncio.gather(*(fate.met() for fate in fates))


async def apis_die(point: str, trial: Trial) -> None:
    """An operator affiliates a payer and gives money in suspense to another, by APIs that die there meanwhile."""
    body = dict(affiliation(f"POSTED-{uuid4().hex[:12]}", request_id="POSTED").body)
    assert (await _acts(trial, "registration", point, "/v1/payers", body)).status_code == 201
    trial.acts = replace(trial.acts, posted=[*trial.acts.posted, (body, datetime.now(UTC))])
    async with asyncio.timeout(_PATIENCE_SECONDS):  # at a moment of the load none may wait
        while not await _one_is_given(point, trial):
            pass


async def _one_is_given(point: str, trial: Trial) -> bool:
    given = dict(trial.acts.assignments)
    held = await rows(trial.stack, "contributions", "/v1/suspense")
    free = [one for one in held if (one["source"], one["payment_id"]) not in given]
    for row in trial.dice.sample(free, len(free)):
        path = f"/v1/suspense/{row['payment_id']}/assignment"
        answer = await _acts(trial, "contributions", point, path, {"source": row["source"], "payer_id": "P0000"})
        if answer.status_code == 201:  # else it was reversed, or its payer affiliated, meanwhile
            given[row["source"], row["payment_id"]] = "P0000"
            trial.acts = replace(trial.acts, assignments=given)
            return True
    return False


@fault("worker frozen in the midst of a copy", times=1)
async def frozen_in_a_copy(trial: Trial) -> None:
    """The server would wait for ever for the rest of what a worker sends: another worker ends its session."""
    service = "contributions"
    async with trial.stack.another(service):
        fate = Fate(trial.stack, service, "worker")
        fate.seal(COPYING)
        await fate.met()
        frozen = await eventually(partial(_frozen, trial.stack, service))
        try:
            session = await eventually(partial(_who_sends, trial.stack, service))
            await eventually(partial(_is_ended, trial.stack, service, session), _PATIENCE_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.kill(frozen, signal.SIGCONT)


_SENDING = """
select pid from pg_stat_activity where datname = current_database() and application_name = 'recouvra-worker'
    and (state, wait_event) = ('active', 'ClientRead') and query_start < clock_timestamp() - interval '2 seconds'
"""  # who is not frozen has sent all of its COPY long before


async def _frozen(stack: Own, service: str) -> int:
    """The process of the worker that is stopped."""
    found = [pid for pid in stack.worker_pids(service) if _is_stopped(pid)]
    assert found, f"no worker of {service} is stopped"
    return found[0]


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def _who_sends(stack: Own, service: str) -> int:
    """The session in the database that waits for the rest of a COPY."""
    found = await stack.sql(service, _SENDING)
    assert found, "nobody is sending: it was frozen elsewhere"
    return int(found[0]["pid"])


async def _is_ended(stack: Own, service: str, session: int) -> None:
    alive = await stack.sql(service, "select from pg_stat_activity where pid = $1", session)
    assert not alive, "the session of a frozen worker lives on"


for _point in WORKER_POINTS:
    fault(f"worker {_point}", times=2)(partial(workers_die, _point))
for _point in ACT_POINTS:
    fault(f"api {_point}", times=2)(partial(apis_die, _point))


async def _acts(trial: Trial, service: str, point: str, path: str, body: Any) -> httpx.Response:
    """Asks, is left without an answer, and asks again under the same key until answered; then once more.

    Both answers are the same: the second request does nothing. A refusal is returned at once.
    """
    url = (await trial.stack.ready())["services"][service] + path
    fate, key = Fate(trial.stack, service, "api"), str(uuid4())
    fate.seal(point)
    unanswered = await _once(url, body, key)
    if unanswered is not None and 400 <= unanswered.status_code < 500:
        fate.lift()  # nothing is committed of what is refused: it came to no point
        return unanswered
    await fate.met()
    assert unanswered is None or unanswered.status_code >= 500, unanswered.text

    async def answered() -> httpx.Response:
        answer = await _once(url, body, key)
        assert answer is not None
        assert answer.status_code < 500, answer.text
        return answer

    first = await eventually(answered)
    again = await _once(url, body, key)
    if first.status_code < 300:  # a refusal is not kept, it may be mended meanwhile
        assert again is not None
        assert (again.status_code, again.content) == (first.status_code, first.content)
    return first


async def _once(url: str, body: Any, key: str) -> httpx.Response | None:
    """An answer; None where the connection broke."""
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        try:
            return await http.post(url, json=body, headers={"Idempotency-Key": key})
        except httpx.HTTPError:
            return None
