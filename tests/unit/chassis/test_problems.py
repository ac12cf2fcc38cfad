"""What is told of a request that cannot be answered: in which language, where the fault is, what should stand there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from pydantic.dataclasses import dataclass

from recouvra.chassis.problems import add_problem_handlers


class Tag(BaseModel):
    """A thing within a thing."""

    name: str


@dataclass
class Label:
    """Another, of which pydantic says otherwise what it is."""

    name: str


class Slip(BaseModel):
    """A body."""

    model_config = ConfigDict(extra="forbid")

    amount_xof: int = Field(gt=0, lt=10)
    state: Literal["paid", "due"] = "due"
    tags: list[Tag] = Field(default=[], max_length=2)
    label: Label | None = None


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    add_problem_handlers(app)

    @app.post("/slips")
    async def post(slip: Slip) -> int:
        return slip.amount_xof

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://till") as made:
        yield made


@pytest.mark.parametrize(
    ("preferred", "language"),
    [
        ([], "fr"),
        ([""], "fr"),
        (["*"], "fr"),
        (["?;;q=,"], "fr"),
        (["de, bm"], "fr"),
        (["fr-ML,en;q=0.5"], "fr"),
        (["en, fr"], "fr"),
        (["en;q=0"], "fr"),
        (["en;q=0, *"], "fr"),
        (["enm"], "fr"),
        (["en-GB"], "en"),
        (["EN"], "en"),
        (["de, en"], "en"),
        (["de", "en;q=0.1"], "en"),
        (["fr;q=0.1, en;q=0.8"], "en"),
        (["fr;q=0.1 , en-GB ; q=.8"], "en"),
        (["fr-FR;q=0.4, en;q=0.2, en-US;q=0.5"], "en"),
        (["fr;q=0.5, *"], "en"),
        (["fr;q=0, *;q=0.1"], "en"),
    ],
)
async def test_of_french_and_english_the_one_that_is_liked_more_is_spoken_and_else_french(
    client: httpx.AsyncClient, preferred: list[str], language: str
) -> None:
    answer = await client.get("/nothing", headers=[("accept-language", one) for one in preferred])
    assert answer.headers["content-language"] == language
    asked = await client.get("/nothing?lang=en", headers=[("accept-language", one) for one in preferred])
    assert asked.headers["content-language"] == "en"


@pytest.mark.parametrize(
    ("sent", "faults"),
    [
        ('{"a": ]', [("/body", "le corps n'est pas du JSON")]),
        ("3", [("/body", "un objet JSON est attendu")]),
        ('{"amount_xof": 3, "tags": [7]}', [("/body/tags/0", "un objet JSON est attendu")]),
        ('{"amount_xof": 3, "label": 7}', [("/body/label", "un objet JSON est attendu")]),
        ('{"amount_xof": 3, "tags": {}}', [("/body/tags", "une liste JSON est attendue")]),
        ('{"amount_xof": 3, "tags": [{}]}', [("/body/tags/0/name", "valeur absente")]),
        ('{"amount_xof": 0}', [("/body/amount_xof", "valeur à corriger (> 0)")]),
        ('{"amount_xof": 3, "state": "x"}', [("/body/state", "valeur hors de la liste admise ('paid' ou 'due')")]),
        ('{"amount_xof": 3, "a/b~c": 1}', [("/body/a~1b~0c", "champ inconnu")]),
        (
            '{"amount_xof": 3, "tags": [{"name": ""}, {"name": ""}, {"name": ""}]}',
            [("/body/tags", "valeur à corriger (2 au plus)")],
        ),
    ],
)
async def test_a_fault_is_told_by_a_pointer_into_the_request_and_without_the_names_of_our_classes(
    client: httpx.AsyncClient, sent: str, faults: list[tuple[str, str]]
) -> None:
    answers: list[Any] = []
    for language in ("fr", "en"):
        headers = {"accept-language": language, "content-type": "application/json"}
        answer = await client.post("/slips", content=sent, headers=headers)
        assert answer.status_code == 422
        answers.append([(one["pointer"], one["detail"]) for one in answer.json()["errors"]])
    assert answers[0] == faults
    assert [pointer for pointer, _ in answers[1]] == [pointer for pointer, _ in faults]
    assert not any(name in detail for told in answers for _, detail in told for name in ("Slip", "Tag", "Label"))
