"""Whatever is asked of any service over HTTP is answered as its OpenAPI document says, and never by a 5xx."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from recouvra.chassis.problems import ShownProblem
from recouvra.contracts.topics import INBOUND, MARKS
from services.openapi import documents
from services.reporting.app import AWAITED
from tests.fuzz.fund import Fund
from tests.fuzz.records import SOURCES, Made, made
from tests.fuzz.values import World, fitting
from tests.servers.conftest import CreateDatabase
from tests.servers.reporting_at_work import mark

EXAMPLES = int(os.environ.get("RECOUVRA_FUZZ_HTTP_EXAMPLES", "5"))
RECORDS = 600
_CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
load_all_checks()
CHECKED: Any = CHECKS.get_by_names(_CHECKS)
WITHOUT_A_BROKER: Any = CHECKS.get_by_names(_CHECKS[1:])
Case = schemathesis.Case[Any]


DOCUMENTS = {name.removesuffix(".json"): text for name, text in documents().items()}
VOCABULARY = "".join(DOCUMENTS.values())
SCHEMAS = {name: schemathesis.openapi.from_dict(json.loads(text)) for name, text in DOCUMENTS.items()}
SEEDED = settings(
    derandomize=True,
    database=None,
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
# The common face is the same code everywhere: one service's will do, but a replay, which each does in its own way.
ADDRESSES = [
    (name, path, method)
    for name, schema in SCHEMAS.items()
    for path in schema
    if path.startswith("/v1/")
    and (name == "registration" or path.endswith("/replay") or not path.startswith(("/v1/dead-letters", "/v1/audit")))
    for method in schema[path]
]


@dataclass
class Faces:
    """The four faces over databases that random records filled."""

    clients: dict[str, httpx.AsyncClient]

    async def ask(self, name: str, case: Case) -> httpx.Response:
        """Sends a case as it is."""
        prepared: Any = requests.Request(**case.as_transport_kwargs(base_url=f"http://{name}")).prepare()
        return await self.clients[name].request(
            prepared.method, prepared.url, headers=dict(prepared.headers), content=prepared.body or b""
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def faces(postgres: CreateDatabase) -> AsyncIterator[Faces]:
    """Filled once; what a test posts stays."""
    fund, chance = await Fund.opened(postgres, f"faces_{uuid4().hex[:8]}"), Random(1)
    for _ in range(3):
        fund.publish(*(made(chance.choice([*INBOUND]), fund.world, chance) for _ in range(RECORDS // 3)))
        await fund.settle()
    marks = [mark(service, "2099-01-01T00:00:00Z") for service in AWAITED]
    fund.publish(*(Made(MARKS, one.key, one.value, one.headers) for one in marks))
    await fund.settle()
    assert await fund.faults() == []
    async with AsyncExitStack() as stack:
        clients = {}
        for desk in fund.desks:
            app = desk.service.create_api(desk.settings)
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url=f"http://{desk.service.name}")
            clients[desk.service.name] = await stack.enter_async_context(client)
        yield Faces(clients)
    await fund.close()


@st.composite
def cases(draw: st.DrawFn, name: str, path: str, method: str) -> Case:
    """What fits the document, or does not; half of the time about what is there."""
    operation = SCHEMAS[name][path][method]
    mode = draw(st.sampled_from(GenerationMode))
    case: Case = draw(operation.as_strategy(generation_mode=mode))
    chance = draw(st.randoms(use_true_random=False))
    for where in (case.path_parameters, case.query, case.body):
        if isinstance(where, dict) and draw(st.booleans()):
            where |= {field: _known(field, chance) for field in where if field in _KNOWN}
    return case


_KNOWN = {"payer_id", "declaration_id", "payment_id", "request_id", "form_serial", "insured_number", "letter_id"}


def _known(name: str, chance: Random) -> Any:
    return chance.randint(1, RECORDS // 2) if name == "letter_id" else World().identifier(name, chance)


def _texts(sent: Any) -> list[str]:
    """Every text of some length in what was sent."""
    if isinstance(sent, str):
        return [sent] if len(sent) > 5 else []
    if isinstance(sent, Mapping):
        return [text for one in sent.values() for text in _texts(one)]
    return [text for one in sent for text in _texts(one)] if isinstance(sent, list | tuple) else []


@pytest.mark.parametrize(("name", "path", "method"), ADDRESSES)
@given(data=st.data())
@SEEDED
async def test_it_answers_as_its_document_says(
    faces: Faces, name: str, path: str, method: str, data: st.DataObject
) -> None:
    case = data.draw(cases(name, path, method))
    answer = await faces.ask(name, case)
    note(f"{answer.status_code} {answer.text[:2_000]}")
    # Nobody is at the broker's address here; what a declaration that is posted comes to is tested beside.
    no_broker = answer.status_code == 503 and answer.json()["type"].endswith(":broker-away")
    case.validate_response(answer, checks=WITHOUT_A_BROKER if no_broker else CHECKED)
    if not answer.is_success:
        sent = _texts([case.path_parameters, case.query, case.body])
        assert [text for text in sent if text in answer.text and text not in VOCABULARY] == []
    assert "Traceback" not in answer.text


def _an_act(chance: Random) -> tuple[str, str, str, Any]:
    """Something that an operator does: service, method, path, body."""
    name, letter = chance.choice(sorted(DOCUMENTS)), chance.randint(1, RECORDS // 4)
    payer_id, payment_id = _known("payer_id", chance), _known("payment_id", chance)
    suspense = f"/v1/suspense/{payment_id}/assignment"
    payment = {"source": chance.choice(SOURCES[:3]), "payer_id": payer_id}
    acts = [
        (name, "POST", f"/v1/dead-letters/{letter}/replay", None),
        (name, "POST", f"/v1/dead-letters/{letter}/discard", {"reason": "essai"}),
        ("registration", "POST", "/v1/payers", fitting("affiliation-requested", World(), chance)),
        ("contributions", "POST", "/v1/declarations/dry-run", fitting("payroll-declared", World(), chance)),
        ("contributions", "POST", suspense, payment),
        ("contributions", "DELETE", suspense, {"source": payment["source"], "reason": "essai"}),
    ]
    return chance.choice(acts)


@given(st.lists(st.randoms(use_true_random=False), min_size=1, max_size=5))
@SEEDED
async def test_an_act_pressed_twice_is_done_once(faces: Faces, chances: list[Random]) -> None:
    for chance in chances:
        name, method, path, body = _an_act(chance)
        note(f"{name} {method} {path} {body}")
        key = {"Idempotency-Key": str(uuid4())}
        first = await faces.clients[name].request(method, path, json=body, headers=key)
        assert first.status_code in (200, 201, 404, 409, 422), first.text
        if first.is_success:
            again = await faces.clients[name].request(method, path, json=body, headers=key)
            assert (again.status_code, again.content) == (first.status_code, first.content)
            other = await faces.clients[name].request(method, path, json={"other": body}, headers=key)
            assert other.status_code == 422
        else:
            assert ShownProblem.model_validate(first.json()).status == first.status_code
