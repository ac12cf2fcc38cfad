"""Who may ask what: tokens with four roles, anonymous callers, and files that are not what they must be."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import Depends

from recouvra.chassis.batch import Reading
from recouvra.chassis.callers import Callers, Role, needs
from recouvra.chassis.database import Connection
from recouvra.chassis.http import create_app
from recouvra.chassis.outcome import Work
from recouvra.chassis.settings import Settings, SettingsError
from recouvra.chassis.sources import Sources
from recouvra.chassis.watched import WatchedFileError
from recouvra.contracts.reading import Received

TOKENS = {
    "d-secret": {"name": "djibril", "role": "declarer"},
    "r-secret": {"name": "awa", "role": "reader"},
    "o-secret": {"name": "binta", "role": "operator"},
    "sha256:" + hashlib.sha256(b"a-secret").hexdigest(): {"name": "cheick", "role": "administrator"},
}


async def _opens_nothing(connection: Connection, events: Sequence[Received]) -> Work:
    raise AssertionError("nothing is read here")


def _written(folder: Path, tokens: object) -> Path:
    path = folder / "tokens.json"
    made = folder / "tokens.new"
    made.write_text(tokens if isinstance(tokens, str) else json.dumps(tokens))
    made.rename(path)
    return path


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        kafka="127.0.0.1:9", database_url="postgresql://a:b@127.0.0.1:9/c", tokens_file=_written(tmp_path, TOKENS)
    )
    reading = Reading("till", _opens_nothing, "system", Sources(None))
    app, _ = create_app("till", "A till", settings, [], reading, declares=re.compile("POST /v1/slips"))

    @app.get("/v1/slips")
    @app.post("/v1/slips")
    async def slips() -> str:
        return "7"

    @app.get("/v1/figures")
    @app.post("/v1/figures")
    async def figures() -> str:
        return "7"

    @app.post("/v1/figures/dry-run")
    async def dry_run() -> str:
        return "7"

    @app.get("/v1/names", dependencies=[Depends(needs(Role.OPERATOR))])
    async def names() -> str:
        return "Awa"

    @app.get("/v1/lines", dependencies=[Depends(needs(Role.ADMINISTRATOR))])
    async def lines() -> str:
        return "read-names"

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://till") as made:
        yield made


def _bearing(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


MATRIX = [
    (None, 401, 401, 401, 401),
    ("wrong", 401, 401, 401, 401),
    ("sha256:" + hashlib.sha256(b"a-secret").hexdigest(), 401, 401, 401, 401),
    ("d-secret", 403, 403, 403, 403),
    ("r-secret", 200, 403, 403, 403),
    ("o-secret", 200, 200, 200, 403),
    ("a-secret", 200, 200, 200, 200),
]


@pytest.mark.parametrize(("token", "read", "act", "names", "lines"), MATRIX, ids=lambda value: str(value)[:9])
async def test_a_role_may_what_it_may_and_no_more(
    client: httpx.AsyncClient, token: str | None, read: int, act: int, names: int, lines: int
) -> None:
    headers = _bearing(token)
    found = (
        (await client.get("/v1/figures", headers=headers)).status_code,
        (await client.post("/v1/figures", headers=headers)).status_code,
        (await client.get("/v1/names", headers=headers)).status_code,
        (await client.get("/v1/lines", headers=headers)).status_code,
    )
    assert found == (read, act, names, lines)


@pytest.mark.parametrize(
    ("token", "post", "get"), [("d-secret", 200, 403), ("r-secret", 403, 200), ("o-secret", 200, 200)]
)
async def test_a_declarer_declares_where_the_service_says_so_and_a_reader_does_not(
    client: httpx.AsyncClient, token: str, post: int, get: int
) -> None:
    headers = _bearing(token)
    assert (await client.post("/v1/slips", headers=headers)).status_code == post
    assert (await client.get("/v1/slips", headers=headers)).status_code == get
    assert (await client.post("/v1/slips/1", headers=headers)).status_code in (403, 404)


async def test_a_dry_run_is_a_question_although_it_is_a_post(client: httpx.AsyncClient) -> None:
    for token, status in ((None, 401), ("r-secret", 200)):
        assert (await client.post("/v1/figures/dry-run", headers=_bearing(token))).status_code == status


async def test_a_page_of_another_site_acts_for_nobody_and_a_token_acts_from_anywhere(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    _written(tmp_path, TOKENS | {"anonymous": {"role": "administrator"}})
    foreign, own = {"Origin": "http://evil.example"}, {"Origin": "http://till"}
    assert (await client.post("/v1/figures", headers=own)).status_code == 200
    refused = await client.post("/v1/figures", headers=foreign)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:recouvra:problem:foreign-origin")
    assert (await client.post("/v1/figures", headers={"Origin": "null"})).status_code == 403
    assert (await client.post("/v1/figures", headers=foreign | _bearing("o-secret"))).status_code == 200
    assert (await client.get("/v1/figures", headers=foreign)).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8082", 200),
        ("[::1]:8082", 200),
        ("localhost:8082", 200),
        ("contributions:8000", 200),
        ("host.docker.internal:8082", 200),
        ("rebound.example:8082", 403),
        ("rebound.example.", 403),
        ("127.0.0.1.rebound.example", 403),
        ("re_bound.example", 403),
        ("[::1", 403),
    ],
)
async def test_who_has_no_token_and_may_act_is_served_under_no_name_that_somebody_may_own(
    client: httpx.AsyncClient, tmp_path: Path, host: str, status: int
) -> None:
    _written(tmp_path, TOKENS | {"anonymous": {"role": "administrator"}})
    named = {"Host": host}
    assert (await client.get("/v1/figures", headers=named)).status_code == status
    refused = await client.post("/v1/figures", headers=named | {"Origin": f"http://{host}"})
    assert refused.status_code == status
    assert status == 200 or refused.json()["type"] == "urn:recouvra:problem:foreign-host"
    assert (await client.post("/v1/figures", headers=named | _bearing("o-secret"))).status_code == 200
    _written(tmp_path, TOKENS | {"anonymous": {"role": "declarer"}})
    assert (await client.post("/v1/slips", headers=named)).status_code == status
    _written(tmp_path, TOKENS | {"anonymous": {"role": "reader"}})
    assert (await client.get("/v1/figures", headers=named)).status_code == 200


async def test_methods_that_nobody_knows_make_no_series_of_their_own(client: httpx.AsyncClient) -> None:
    for number in range(20):
        await client.request(f"ZZ{number}", "/v1/figures")
    text = (await client.get("/metrics")).text
    assert "ZZ" not in text
    assert 'method="other"' in text


async def test_every_path_of_the_common_face_asks_for_a_token_but_those_that_tell_of_health(
    client: httpx.AsyncClient,
) -> None:
    for path in ("/v1/dead-letters", "/v1/dead-letters/1", "/v1/audit", "/v1/nothing", "/"):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers.get("www-authenticate")) == (401, "Bearer"), path
        assert answer.headers["content-type"] == "application/problem+json"
    for path in ("/livez", "/metrics", "/openapi.json", "/docs"):
        assert (await client.get(path)).status_code == 200
    for path in ("/v1/dead-letters/1/replay", "/v1/dead-letters/1/discard"):
        assert (await client.post(path, headers=_bearing("r-secret"))).status_code == 403
        assert (await client.post(path, content=b"{", headers=_bearing(None))).status_code == 401
    for path in ("/v1/dead-letters", "/v1/dead-letters/1"):
        assert (await client.get(path, headers=_bearing("r-secret"))).status_code == 403
    assert (await client.get("/v1/audit", headers=_bearing("o-secret"))).status_code == 403


async def test_a_token_that_is_taken_away_ends_at_once_and_a_broken_edit_changes_nothing(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    assert (await client.get("/v1/figures", headers=_bearing("r-secret"))).status_code == 200
    _written(tmp_path, "{")
    assert (await client.get("/v1/figures", headers=_bearing("r-secret"))).status_code == 200
    _written(tmp_path, {"other": {"name": "d", "role": "reader"}, "anonymous": {"role": "reader"}})
    assert (await client.get("/v1/figures", headers=_bearing("r-secret"))).status_code == 401
    assert (await client.get("/v1/figures")).status_code == 200
    assert (await client.post("/v1/figures")).status_code == 403


BROKEN = [
    "",
    "[]",
    '{"t": "reader"}',
    '{"t": {"name": "a", "role": "king"}}',
    '{"t": {"role": "reader"}}',
    '{"t": {"name": " ", "role": "reader"}}',
    '{"": {"name": "a", "role": "reader"}}',
    '{"clé": {"name": "a", "role": "reader"}}',
    '{"a b": {"name": "a", "role": "reader"}}',
    '{"t": {"name": "a", "role": ["reader"]}}',
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_file_that_is_not_what_it_must_be_lets_nobody_in_and_names_no_token(tmp_path: Path, text: str) -> None:
    callers = Callers(_written(tmp_path, text))
    with pytest.raises(WatchedFileError, match="RECOUVRA_TOKENS_FILE") as told:
        callers.check()
    assert '"t"' not in str(told.value)


def test_without_tokens_a_service_listens_to_its_own_machine_only() -> None:
    environment = {"RECOUVRA_KAFKA": "k:9092", "RECOUVRA_DATABASE_URL": "postgresql://h/d"}
    for host in ("127.0.0.1", "127.0.0.2", "::1", "localhost"):
        assert Settings.from_environment({**environment, "RECOUVRA_HOST": host}).host == host
    for host in ("0.0.0.0", "::", "192.168.1.5", "recouvra.ml"):
        with pytest.raises(SettingsError, match="RECOUVRA_TOKENS_FILE"):
            Settings.from_environment({**environment, "RECOUVRA_HOST": host})
        tokens = {"RECOUVRA_TOKENS_FILE": "tokens.json", "RECOUVRA_HOST": host}
        assert Settings.from_environment({**environment, **tokens}).host == host
