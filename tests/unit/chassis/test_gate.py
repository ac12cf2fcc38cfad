"""The gate counts every answer that a caller gets, once: its own refusals, and what nobody foresaw."""

from __future__ import annotations

import re
from collections.abc import Sequence

import httpx

from recouvra.chassis.batch import Reading
from recouvra.chassis.database import Connection
from recouvra.chassis.http import create_app
from recouvra.chassis.outcome import Work
from recouvra.chassis.settings import Settings
from recouvra.chassis.sources import Sources
from recouvra.contracts.reading import Received


async def _opens_nothing(connection: Connection, events: Sequence[Received]) -> Work:
    raise AssertionError("nothing is read here")


async def test_an_answer_is_counted_once_by_its_route_and_status_though_nobody_foresaw_it() -> None:
    settings = Settings(kafka="127.0.0.1:9", database_url="postgresql://a:b@127.0.0.1:9/c")
    app, _ = create_app("till", "A till", settings, [], Reading("till", _opens_nothing, "system", Sources(None)))

    @app.get("/v1/slips/{slip}")
    async def slips(slip: str) -> str:
        return {"7": "paid"}[slip]

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://till") as client:
        found = [(await client.get(path)).status_code for path in ("/v1/slips/7", "/v1/slips/8", "/v1/nothing")]
        asked = await client.head("/v1/slips/7")
        rebound = await client.get("/v1/slips/7", headers={"Host": "evil.example", "Authorization": "Bearer any"})
        foreign = await client.post("/v1/slips/7", headers={"Origin": "http://evil.example"})
        told = (await client.get("/metrics")).text
    assert (found, foreign.status_code, rebound.status_code) == ([200, 500, 404], 403, 403)
    assert (asked.status_code, asked.headers["content-length"]) == (200, str(len('"paid"')))
    counted = dict(re.findall(r"recouvra_http_requests_total\{(.*)\} (\S+)", told))
    assert counted == {
        'method="GET",route="/v1/slips/{slip}",status="200"': "1.0",
        'method="GET",route="/v1/slips/{slip}",status="500"': "1.0",
        'method="GET",route="none",status="404"': "1.0",
        'method="GET",route="none",status="403"': "1.0",
        'method="HEAD",route="/v1/slips/{slip}",status="200"': "1.0",
        'method="POST",route="none",status="403"': "1.0",
    }
