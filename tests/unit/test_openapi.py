"""Every service's OpenAPI document tells who may ask and how each address refuses; the committed ones are those."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from recouvra.chassis.problems import ShownProblem
from recouvra.chassis.settings import Settings
from services.openapi import BUILT, documents, drifted, main, write

NOWHERE = Settings("127.0.0.1:9", "postgresql://nobody@127.0.0.1:9/nothing")
DOCUMENTS = {name: json.loads(text) for name, text in documents().items()}
ASKED = [
    (name, path, method, operation)
    for name, document in DOCUMENTS.items()
    for path, operations in document["paths"].items()
    if path.startswith("/v1/")
    for method, operation in operations.items()
]


@pytest.mark.parametrize(("name", "path", "method", "operation"), ASKED)
def test_an_operation_tells_its_refusals_as_problems(name: str, path: str, method: str, operation: Any) -> None:
    assert operation["security"] == [{"bearer": []}]
    refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
    assert {"401", "403", "422", "503"} <= refusals.keys()
    assert method == "get" or {"400", "408", "409", "413"} <= refusals.keys()
    assert "{" not in path or "404" in refusals
    for answer in refusals.values():
        assert list(answer["content"]) == ["application/problem+json"]
        assert answer["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}


def _declares(name: str, method: str, path: str) -> bool:
    declarations = "/v1/declarations"
    asked = {("post", declarations), ("post", f"{declarations}/dry-run"), ("get", declarations + "/{declaration_id}")}
    return name == "contributions.json" and (method, path) in asked


@pytest.mark.parametrize("build", BUILT)
async def test_who_only_declares_may_do_that_and_nothing_else_at_any_service(build: Any, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    tokens.write_text('{"d-secret": {"name": "acme", "role": "declarer"}}')
    settings = replace(NOWHERE, tokens_file=tokens)
    service = build(settings)
    transport = httpx.ASGITransport(service.create_api(settings), raise_app_exceptions=False)
    headers = {"Authorization": "Bearer d-secret"}
    asked = [one[1:3] for one in ASKED if one[0] == f"{service.name}.json"]
    async with httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers) as client:
        for path, method in asked:
            answer = await client.request(method.upper(), path.replace("{", "").replace("}", ""))
            assert (answer.status_code != 403) is _declares(f"{service.name}.json", method, path), (method, path)
        for path in ("/v1/declarations", "/v1/declarations/", "/v1/declarations/D/1"):
            assert (await client.get(path)).status_code == 403


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_holds_no_schema_that_is_the_frameworks_own(name: str) -> None:
    components = DOCUMENTS[name]["components"]
    assert "HTTPValidationError" not in components["schemas"]
    assert components["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_a_document_written_anew_drifts_no_more(tmp_path: Path) -> None:
    assert write(tmp_path) == sorted(DOCUMENTS)
    assert drifted(tmp_path) == []
    assert main(["--check"], tmp_path) == 0


def test_a_document_changed_missing_or_of_no_service_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "registration.json").write_text("{}")
    (tmp_path / "reporting.json").unlink()
    (tmp_path / "nobody.json").write_text("{}")
    assert drifted(tmp_path) == ["nobody.json", "registration.json", "reporting.json"]
    assert main(["--check"], tmp_path) == 1
    assert write(tmp_path) == ["nobody.json", "registration.json", "reporting.json"]
    assert drifted(tmp_path) == []


@pytest.mark.parametrize("build", BUILT)
async def test_another_method_is_a_problem_that_says_what_is_allowed(build: Any) -> None:
    app = build(NOWHERE).create_api(NOWHERE)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        answer = await http.put("/v1/dead-letters", content=b"secret")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.headers["content-type"] == "application/problem+json"
    assert ShownProblem.model_validate(answer.json()).status == 405
